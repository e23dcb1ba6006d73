"""Counting, and who we are."""

from __future__ import annotations

from itertools import count
from typing import Any

from simplane.core import clock
from simplane.organizations.models import Organization, User
from simplane.organizations.queries import operator

_number = count(1)
PASSWORD = "correct horse battery staple"


def number() -> int:
    """The next number of this process."""
    return next(_number)


def organization(**given: Any) -> Organization:
    """The operator, or with `kind` another organization."""
    if not given:
        return operator()
    n = number()
    return Organization.objects.create(
        **{"slug": f"organization-{n}", "name": f"Organization {n}", "created_at": clock.now()} | given
    )


def staff(*, password: str | None = None, **given: Any) -> User:
    """A member of staff without a second factor and (hashing is slow) without a password unless one is given."""
    email = given.pop("email", f"staff{number()}@simplane.example")
    return User.objects.create_user(email, password, **{"is_staff": True, "name": "Sam Staff"} | given)


def iccid(n: int) -> str:
    """A 19-digit ICCID with a right check digit."""
    from stdnum import luhn

    head = f"89{n:016d}"
    return head + str(luhn.calc_check_digit(head))
