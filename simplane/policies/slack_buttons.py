"""Buttons pressed in Slack: the request is proved to be Slack's, and its bearer to be a member.

Slack signs `v0:<timestamp>:<body>` with the app's signing secret (HMAC-SHA256, header X-Slack-Signature) and asks for
requests older than five minutes to be refused (docs.slack.dev, verifying requests from Slack).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from urllib.parse import parse_qs

import msgspec

from simplane.core import clock
from simplane.core.errors import BadInput, Refusal
from simplane.core.late import Late
from simplane.policies import approvals
from simplane.policies.models import Approval
from simplane.policies.reading import settings_of

if TYPE_CHECKING:
    from slack_sdk import signature as slack
else:
    slack = Late("slack_sdk.signature")

GRANT, REFUSE = "approval.grant", "approval.refuse"
"""`action_id` of the two buttons; their `value` is the question's public id."""


class NotSlack(Refusal):
    """This request is not signed by Slack, or it is too old."""

    code = "not_slack"
    status = 401


@dataclass(frozen=True, slots=True)
class Pressed:
    """One press of a button."""

    slack_id: str
    approve: bool
    public_id: str


class _OurClock:
    def now(self) -> float:
        return clock.now().timestamp()


class _User(msgspec.Struct):
    id: str


class _Action(msgspec.Struct):
    action_id: str
    value: str


class _Payload(msgspec.Struct):
    type: str
    user: _User
    actions: list[_Action]


def decide(organization_id: int, headers: Mapping[str, str], body: bytes) -> Approval:
    """Answer a question by a press in Slack. Raises NotSlack, BadInput, NotYours, NotOpen and as `approvals.decide_as`."""
    verify(settings_of(organization_id).slack_signing_secret, headers, body)
    pressed = read(body)
    user_id = approvals.member_of_slack(organization_id, pressed.slack_id)
    return approvals.decide_as(organization_id, pressed.public_id, user_id, approve=pressed.approve, reason="in Slack")


def verify(secret: str, headers: Mapping[str, str], body: bytes) -> None:
    """Raises NotSlack unless Slack signed exactly these bytes within the last five minutes."""
    known = {name.lower(): value for name, value in headers.items()}
    stamp, signature = known.get("x-slack-request-timestamp", ""), known.get("x-slack-signature", "")
    if not secret or not stamp.isdigit() or not signature:
        raise NotSlack(fix="set the signing secret of the Slack app in Settings")
    if not slack.SignatureVerifier(secret, cast("slack.Clock", _OurClock())).is_valid(body, stamp, signature):
        raise NotSlack(fix="check the signing secret of the Slack app in Settings")


def read(body: bytes) -> Pressed:
    """The form that Slack posts: one field `payload` with JSON. Raises BadInput."""
    try:
        text = parse_qs(body.decode(), strict_parsing=True)["payload"][0]
        payload = msgspec.json.decode(text, type=_Payload)
        (action,) = payload.actions
    except (ValueError, KeyError, msgspec.DecodeError) as bad:
        raise BadInput("this is no press of a button", fix="point the app's interactivity URL here") from bad
    if payload.type != "block_actions" or action.action_id not in (GRANT, REFUSE):
        raise BadInput("this button is not ours", fix="use the buttons of a question")
    return Pressed(payload.user.id, action.action_id == GRANT, action.value)
