"""News about accounts and their people. Field lists are what the wired jobs get as arguments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from simplane.core.events import News


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited(News):
    """Somebody is to get a link by mail that makes them a member."""

    job_fields: ClassVar[tuple[str, ...]] = ("invitation_id",)
    invitation_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ColleagueInvited(News):
    """As `Invited`, to a company."""

    job_fields: ClassVar[tuple[str, ...]] = ("invitation_id",)
    invitation_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationApproved(News):
    """We said yes to an applicant: live keys and live orders are possible from now on."""

    job_fields: ClassVar[tuple[str, ...]] = ("organization_id",)
    organization_id: int
