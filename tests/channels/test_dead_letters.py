"""Every cause of this package explains itself and offers actions that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simplane import channels
from simplane.channels import deadletters as ours
from simplane.channels.models import Shop
from simplane.core import deadletters
from simplane.core.db import transaction
from simplane.core.deadletters import ActionRefused
from simplane.core.models import DeadLetter
from tests import factories
from tests.channels.helpers import queued


def test_every_cause_in_the_code_is_registered_with_actions_that_exist() -> None:
    folder = Path(channels.__file__).parent
    code = "\n".join(path.read_text() for path in folder.rglob("*.py") if path.name != "deadletters.py")
    used = set(re.findall(r'cause="(\w+)"', code))
    used |= set(re.findall(r'Failed\(\s*"(\w+)"', code)) | set(re.findall(r'_letter\(task, "(\w+)"', code))
    used |= set(re.findall(r'rows\.failed, task, "(\w+)"', code))
    causes = {cause.code: cause for cause in ours.CAUSES}
    assert used == set(causes)
    known = {action.name for action in ours.ACTIONS}
    assert all(cause.actions and set(cause.actions) <= known for cause in causes.values())


@pytest.mark.usefixtures("shop")
class TestActions:
    def letter(self, cause: str, kind: str, subject: object) -> DeadLetter:
        with transaction():
            deadletters.open_letter(kind, subject, cause=cause, summary="x")
        return DeadLetter.objects.get(kind=kind, subject_id=str(subject))

    def test_a_paused_shop_is_resumed(self) -> None:
        Shop.objects.update(state="paused")
        deadletters.perform(self.letter("shop_blocked", "shop", "demo").pk, "shop_resume")
        assert Shop.objects.get().state == "active"

    def test_a_shop_is_compared_again(self) -> None:
        deadletters.perform(self.letter("reconciliation_failed", "reconciliation", "demo").pk, "shop_compare")
        assert queued("channels.reconcile") == [{"shop_id": Shop.objects.get().pk, "kind": "full"}]

    def test_subscriptions_are_checked_again(self) -> None:
        letter = self.letter("subscriptions_unchecked", "subscriptions", "demo")
        deadletters.perform(letter.pk, "shop_check_subscriptions")
        assert queued("channels.check_subscriptions") == [{"shop_id": Shop.objects.get().pk}]

    def test_a_disputed_order_is_released(self) -> None:
        order = factories.order(state="held", hold_reason="dispute")
        factories.unit(order=order)
        with transaction():
            deadletters.open_letter("dispute", "1:2", cause="payment_disputed", summary="x", order_id=order.pk)
        deadletters.perform(DeadLetter.objects.get().pk, "order_release")
        order.refresh_from_db()
        assert order.state == "open"

    def test_an_action_for_something_else_is_refused(self) -> None:
        letter = factories.letter(kind="unit", cause="writeback_refused", subject_id="1")
        with pytest.raises(ActionRefused):
            deadletters.perform(letter.pk, "writeback_done")
        letter.refresh_from_db()
        assert letter.resolved_at is None
