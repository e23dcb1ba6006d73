"""The webhook of one channel: takes posts, refuses what Slack refuses, and slows down who talks too fast."""

import json
from collections.abc import Sequence

from starlette.requests import Request
from starlette.routing import BaseRoute

from sandbox.kit.books import JsonObject
from sandbox.kit.control import control_route
from sandbox.kit.desk import Desk, Operation, Vendor
from sandbox.kit.http import Call, Reply, text_reply
from sandbox.slack.blocks import acceptable

SCHEMA = """
create table if not exists slack_post (id integer primary key, at text not null, payload text not null);
"""
HOOK = "T0SANDBOX/B0SANDBOX/not-a-real-hook"
NOT_THERE = "no_service"
REFUSALS = {
    "channel_is_archived": 410,
    "channel_not_found": 404,
    "action_prohibited": 403,
    "invalid_token": 403,
    "team_disabled": 404,
    "rollup_error": 500,
}
MOST_TEXT = 40_000


class Slack(Vendor):
    """One incoming webhook. `state`: `ok`, or the refusal Slack answers everything with; the address is the key."""

    schema = SCHEMA
    settings = {"hook": HOOK, "state": "ok", "posts_per_second": 1.0, "burst": 4, "retry_after": 1}

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._tokens = desk.settings.number("burst")
        self._filled_at = desk.clock.timestamp()

    def operations(self) -> Sequence[Operation]:
        """Everything Slack offers here: posting."""
        return (Operation("post", "POST", "/services/{hook:path}", self.post),)

    def control_routes(self) -> Sequence[BaseRoute]:
        """What the channel shows."""
        return (control_route("/_control/posts", self.posts, ("GET",)),)

    def admit(self, call: Call) -> Reply | None:
        """The address is the key; then the channel's state, then its pace (a bucket that fills by one a second)."""
        settings = self.desk.settings
        if call.path_params["hook"] != settings.text("hook"):
            return text_reply(NOT_THERE, 404)
        state = settings.text("state")
        if state != "ok":
            return text_reply(state, REFUSALS.get(state, 400))
        return None if self._take() else self.throttled(call, int(settings.number("retry_after")))

    def _take(self) -> bool:
        pace = self.desk.settings.number("posts_per_second")
        if pace <= 0:
            return True
        now = self.desk.clock.timestamp()
        most = self.desk.settings.number("burst")
        self._tokens = min(most, self._tokens + (now - self._filled_at) * pace)
        self._filled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def throttled(self, call: Call, retry_after: int) -> Reply:
        """Slack names the wait in a header."""
        del call
        return text_reply("rate_limited", 429, {"Retry-After": str(retry_after)})

    def failed(self, call: Call, status: int) -> Reply:
        """An error of Slack's own."""
        del call
        return text_reply("rollup_error", status)

    def post(self, call: Call) -> Reply:
        """Show one message."""
        try:
            payload = call.json()
        except ValueError:
            return text_reply("invalid_payload", 400)
        if not isinstance(payload, dict):
            return text_reply("invalid_payload", 400)
        refusal = refused(payload)
        if refusal:
            return text_reply(refusal, 400)
        at = self.desk.clock.now().isoformat()
        self.desk.books.execute("insert into slack_post (at, payload) values (?, ?)", (at, json.dumps(payload)))
        return text_reply("ok", 200)

    async def posts(self, request: Request) -> JsonObject:
        """Every message shown, oldest first."""
        del request
        rows = self.desk.books.rows("select at, payload from slack_post order by id")
        return {"posts": [{"at": row["at"], **json.loads(row["payload"])} for row in rows]}

    def report(self, *, summary: bool) -> JsonObject:
        """How many messages were shown."""
        del summary
        return {**super().report(summary=True), "posts": self.desk.books.number("select count(*) from slack_post")}

    def settings_changed(self, names: object) -> None:
        """A changed pace begins with a full bucket."""
        del names
        self._tokens = self.desk.settings.number("burst")


def refused(payload: JsonObject) -> str:
    """Slack's word for what is wrong with a message; empty when nothing is."""
    text, blocks = payload.get("text"), payload.get("blocks")
    if text is not None and not isinstance(text, str):
        return "invalid_payload"
    if not text and not blocks:
        return "no_text"
    if text and len(text) > MOST_TEXT:
        return "msg_too_long"
    if blocks is not None and not acceptable(blocks):
        return "invalid_blocks"
    return ""
