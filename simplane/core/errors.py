"""Refusals. Each knows its stable code, its HTTP status and what the caller can do about it."""

from __future__ import annotations


class Refusal(Exception):
    """Something was asked that will not be done; nothing was changed."""

    code = "refused"
    status = 422

    def __init__(self, message: str = "", *, fix: str = "") -> None:
        self.message = message or (self.__doc__ or "").strip().splitlines()[0]
        self.fix = fix
        super().__init__(f"{self.message}: {fix}" if fix else self.message)


class BadMoney(Refusal):
    """An amount that is none."""

    code = "bad_money"


class BadTelecomId(Refusal):
    """An ICCID, EID or activation code that can not be one."""

    code = "bad_telecom_id"


class IllegalMove(Refusal):
    """A change of state that the table of allowed moves does not hold."""

    code = "illegal_move"
    status = 409


class NotFound(Refusal):
    """There is no such thing, or not for this caller."""

    code = "not_found"
    status = 404


class BadInput(Refusal):
    """The input can not be understood."""

    code = "bad_input"
