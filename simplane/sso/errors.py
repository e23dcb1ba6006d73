"""Why a sign-in through a company's provider ends at a page of words. Nothing was changed."""

from __future__ import annotations

from simplane.core.errors import Refusal


class NotBegun(Refusal):
    """This sign-in was not begun in this browser, took too long, or was finished already."""

    code = "sign_in_not_begun"
    status = 400


class BadAnswer(Refusal):
    """What the identity provider sent proves nobody's identity."""

    code = "sign_in_bad_answer"
    status = 400


class ProviderDown(Refusal):
    """The identity provider could not be asked."""

    code = "sign_in_provider_down"
    status = 502


class NotLetIn(Refusal):
    """The provider knows this person; this company's settings do not let them in."""

    code = "sign_in_not_let_in"
    status = 403


class NotReady(Refusal):
    """The connection can not be switched so, as it stands."""

    code = "connection_not_ready"
    status = 409


class TooManyTries(Refusal):
    """Too many sign-ins from one address."""

    code = "too_many"
    status = 429
