"""News of delivery."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from simplane.core.events import News


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSent(News):
    """The mail server took a message. `repeat`: this was the one repeat after an answer that never came."""

    message_id: int
    kind: str
    repeat: bool = False
    job_fields: ClassVar[tuple[str, ...]] = ("unit_id",)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSentLater(News):
    """A message went out by a retry or by a person's wish, so its writer does not know yet."""

    message_id: int
    job_fields: ClassVar[tuple[str, ...]] = ("unit_id",)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageUnknown(News):
    """The mail server's answer was lost: the buyer may get this mail twice. `final`: the repeat was lost as well."""

    message_id: int
    kind: str
    reason: str
    final: bool
    job_fields: ClassVar[tuple[str, ...]] = ("message_id",)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFailed(News):
    """A message will not be sent. `cause` is a dead letter's cause, or `withdrawn` when its link was revoked before."""

    message_id: int
    kind: str
    cause: str
    reason: str
    job_fields: ClassVar[tuple[str, ...]] = ("message_id",)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageBounced(News):
    """A message that was taken came back."""

    message_id: int
    kind: str
    reason: str
    permanent: bool
    job_fields: ClassVar[tuple[str, ...]] = ("message_id",)
