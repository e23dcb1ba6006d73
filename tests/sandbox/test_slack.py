"""The stand-in of Slack refuses what Slack refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from sandbox.slack.vendor import HOOK
from tests.specs import load_spec
from tests.standins import Standin, start


@pytest.fixture(scope="module")
def slack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standin]:
    with start("slack", tmp_path_factory.mktemp("slack")) as standin:
        yield standin


@pytest.fixture(autouse=True)
def _fresh(slack: Standin) -> None:
    slack.control("reset", settings=True)
    slack.settings(posts_per_second=0)


def post(slack: Standin, payload: Any, hook: str = HOOK) -> tuple[int, str]:
    answer = httpx2.post(f"{slack.url}/services/{hook}", json=payload, trust_env=False)
    return answer.status_code, answer.text


def posts(slack: Standin) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = slack.control("posts")["posts"]
    return found


def section(**fields: Any) -> dict[str, Any]:
    return {"blocks": [{"type": "section", **fields}]}


def words(count: int, kind: str = "mrkdwn") -> dict[str, str]:
    return {"type": kind, "text": "x" * count}


def test_shows_a_message_and_answers_ok(slack: Standin) -> None:
    assert post(slack, {"text": "hello"}) == (200, "ok")
    assert [one["text"] for one in posts(slack)] == ["hello"]


def test_takes_the_published_example(slack: Standin) -> None:
    assert post(slack, load_spec("channels", "slack", "alert_example.json")) == (200, "ok")


@pytest.mark.parametrize(
    ("payload", "refusal"),
    [
        ([], "invalid_payload"),
        ({"text": 1}, "invalid_payload"),
        ({}, "no_text"),
        ({"text": "", "blocks": []}, "no_text"),
        (section(), "invalid_blocks"),
        (section(text=words(3001)), "invalid_blocks"),
        (section(text=words(0)), "invalid_blocks"),
        (section(fields=[words(1)] * 11), "invalid_blocks"),
        (section(fields=[words(2001)]), "invalid_blocks"),
        ({"blocks": [{"type": "header", "text": words(151, "plain_text")}]}, "invalid_blocks"),
        ({"blocks": [{"type": "header", "text": words(1)}]}, "invalid_blocks"),
        ({"blocks": [{"type": "context", "elements": [words(1)] * 11}]}, "invalid_blocks"),
        ({"blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
        ({"blocks": [{"type": "made_up"}]}, "invalid_blocks"),
    ],
)
def test_refuses_the_whole_of_what_is_wrong_in_part(slack: Standin, payload: Any, refusal: str) -> None:
    assert post(slack, payload) == (400, refusal)
    assert posts(slack) == []


def test_takes_what_is_just_within_the_limits(slack: Standin) -> None:
    assert post(slack, section(text=words(3000), fields=[words(2000)] * 10)) == (200, "ok")
    assert post(slack, {"blocks": [{"type": "divider"}] * 50}) == (200, "ok")


def test_its_statuses_are_those_of_the_published_table(slack: Standin) -> None:
    published = load_spec("channels", "slack", "limits_and_errors.json")["incoming_webhook_errors"]
    for state in ("channel_is_archived", "channel_not_found", "action_prohibited", "invalid_token", "rollup_error"):
        slack.settings(state=state)
        assert post(slack, {"text": "x"}) == (published[state], state)
    slack.settings(state="ok")
    assert post(slack, {"text": "x"}, hook="T0/B0/other") == (published["no_service"], "no_service")


def test_slows_down_who_talks_too_fast(slack: Standin) -> None:
    slack.settings(posts_per_second=1, burst=2, retry_after=7)
    answers = [httpx2.post(f"{slack.url}/services/{HOOK}", json={"text": "x"}, trust_env=False) for _ in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 429]
    assert (answers[2].text, answers[2].headers["Retry-After"]) == ("rate_limited", "7")
    slack.control("clock", advance_seconds=1)
    assert post(slack, {"text": "x"}) == (200, "ok")
