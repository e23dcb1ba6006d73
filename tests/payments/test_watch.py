"""Low wallets: told once, topped up once a crossing, never beyond the cap, whoever looks at the same time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from simplane.core.models import Event
from simplane.core.money import Money
from simplane.ledger.models import Wallet
from simplane.organizations.models import Organization
from simplane.payments import actions
from simplane.payments.models import AutoTopUp, SavedCard, TopUp
from simplane.payments.watch import watch_wallets
from tests.payments.desk import Desk
from tests.payments.test_money_back import spend
from tests.processes import ROOT, environment


def rule(desk: Desk, *, cap: int = 100_00, method: str = "pm_card_visa") -> AutoTopUp:
    card = desk.card(method)
    return actions.set_auto_top_up(
        desk.organization, "EUR", card=card.public_id, threshold_minor=20_00, amount_minor=40_00, cap_minor=cap
    )


def test_a_wallet_is_topped_up_once_a_crossing_and_again_at_the_next(desk: Desk) -> None:
    row = rule(desk)
    assert watch_wallets()["started"] == 1
    assert watch_wallets()["started"] == 0
    desk.work()
    first = desk.wallet()
    assert watch_wallets()["started"] == 0

    spend(desk, 30_00)
    watch_wallets()
    desk.work()
    spend(desk, 31_00)
    watch_wallets()
    watch_wallets()

    row.refresh_from_db()
    assert (first, desk.wallet(), TopUp.objects.count()) == (40_00, 19_00, 2)
    assert (row.armed, row.problem) == (True, "the monthly cap of 100.00 EUR is reached")
    assert Event.objects.filter(name="AutoTopUpHeld").count() == 1
    desk.add_up()


def test_a_declined_card_is_not_tried_at_once_and_another_card_is(desk: Desk) -> None:
    row = rule(desk, method="pm_card_chargeCustomerFail")
    watch_wallets()
    desk.work()
    watch_wallets()
    desk.work()

    row.refresh_from_db()
    assert (TopUp.objects.get().state, row.problem, desk.wallet()) == ("failed", "Your card was declined.", 0)
    actions.set_auto_top_up(
        desk.organization,
        "EUR",
        card=desk.card().public_id,
        threshold_minor=20_00,
        amount_minor=40_00,
        cap_minor=40_00,
    )
    watch_wallets()
    desk.work()
    assert desk.wallet() == 40_00


def test_two_processes_that_look_at_once_charge_once(desk: Desk, tmp_path: Path) -> None:
    rule(desk)
    code = (
        "import django; django.setup()\n"
        "import sys; from simplane.payments.watch import watch_wallets\n"
        "from simplane.payments.models import TopUp; from simplane.payments.step import step\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "watch_wallets()\n"
        "[step(pk) for pk in TopUp.objects.values_list('pk', flat=True)]\n"
    )
    variables = {**environment(tmp_path), "DJANGO_SETTINGS_MODULE": "simplane.config.settings"}
    pipe = subprocess.PIPE
    other = subprocess.Popen([sys.executable, "-c", code], env=variables, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
    assert other.stdout is not None
    assert other.stdout.readline() == "ready\n"

    assert other.stdin is not None
    other.stdin.write("go\n")
    other.stdin.flush()
    watch_wallets()
    desk.work()
    other.communicate(timeout=60)
    desk.work()

    assert (other.returncode, TopUp.objects.count(), desk.wallet()) == (0, 1, 40_00)
    assert desk.standin.books(summary=True)["objects"]["charge"] == 1


def test_an_alarm_tells_once_until_the_wallet_was_above_again(desk: Desk) -> None:
    actions.set_alarm(desk.organization, "EUR", 30_00)
    told = [watch_wallets()["told"], watch_wallets()["told"]]
    desk.paid(50_00)
    told.append(watch_wallets()["told"])
    spend(desk, 25_00)
    told.append(watch_wallets()["told"])

    assert told == [1, 0, 0, 1]
    news = Event.objects.filter(name="WalletLow").order_by("pk").last()
    assert news is not None
    assert news.data == {
        "organization_id": desk.organization.pk,
        "currency": "EUR",
        "balance_minor": 25_00,
        "below_minor": 30_00,
    }


def test_a_removed_card_stops_its_rule(desk: Desk) -> None:
    row = rule(desk)
    actions.remove_card(desk.organization.pk, row.card.public_id)
    row.refresh_from_db()

    assert (row.enabled, watch_wallets()["started"]) == (False, 0)
    assert str(Money(desk.wallet(), "EUR")) == "0.00 EUR"


def test_a_rule_set_again_while_its_payment_runs_waits_for_it_and_stops_nobody_behind_it(desk: Desk) -> None:
    first, desk.organization = desk.organization, desk.reseller()
    second, card = desk.organization, desk.card()
    desk.organization = first
    row = rule(desk, cap=200_00)
    watch_wallets()
    again(first, row.card, 20_00)
    again(second, card, 20_00)

    assert [watch_wallets()["started"], watch_wallets()["started"]] == [1, 0]
    assert list(TopUp.objects.order_by("pk").values_list("organization", flat=True)) == [first.pk, second.pk]
    desk.work()
    assert (desk.wallet(), watch_wallets()["started"]) == (40_00, 0)


def test_one_rule_that_can_not_be_looked_at_leaves_the_others_their_turn(desk: Desk) -> None:
    broken = rule(desk, cap=40_00)
    watch_wallets()
    desk.work()
    desk.tell()
    # No such money: the sentence about the cap can not even be written.
    for model in (TopUp, AutoTopUp, Wallet):
        model.objects.update(currency="QQQ")
    Wallet.objects.update(balance_minor=0)
    desk.organization = desk.reseller()
    healthy = rule(desk)

    assert (broken.pk < healthy.pk, watch_wallets()["started"]) == (True, 1)
    desk.work()
    assert desk.wallet() == 40_00


def test_a_top_up_that_does_not_reach_the_threshold_is_followed_by_the_next_up_to_the_cap(desk: Desk) -> None:
    row = rule(desk)
    again(desk.organization, row.card, 100_00, cap=130_00)
    for _ in range(4):
        watch_wallets()
        desk.work()

    row.refresh_from_db()
    assert (desk.wallet(), TopUp.objects.count()) == (120_00, 3)
    spend(desk, 30_00)
    watch_wallets()
    row.refresh_from_db()
    assert row.problem == "the monthly cap of 130.00 EUR is reached"


def again(organization: Organization, card: SavedCard, threshold: int, *, cap: int = 200_00) -> None:
    actions.set_auto_top_up(
        organization, "EUR", card=card.public_id, threshold_minor=threshold, amount_minor=40_00, cap_minor=cap
    )
