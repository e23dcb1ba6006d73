"""Whatever is altered behind the ledger's back is named."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection

from simplane.ledger.models import Period, Seal, Transaction
from simplane.ledger.seal import seal_all
from simplane.ledger.verify import verify
from simplane.ops import ledger as command
from tests.ledger.money import funded

pytestmark = pytest.mark.django_db(transaction=True)
TABLES = ("ledger_account", "ledger_transaction", "ledger_entry", "ledger_seal")


def behind_its_back(statement: str, *values: Any) -> None:
    """As somebody with every right on the database would."""
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        cursor.execute(statement, values)
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER ALL")
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER never_truncated")


def three() -> list[int]:
    for minor in (100, 200, 300):
        funded(minor)
    seal_all()
    return list(Transaction.objects.order_by("id").values_list("id", flat=True))


def test_a_ledger_nobody_touched_is_intact() -> None:
    three()

    verdict = verify()
    assert (verdict.transactions, verdict.problems) == (3, ())


def test_sealing_goes_on_where_it_stopped() -> None:
    three()
    funded(400)

    assert (seal_all(), seal_all()) == (1, 0)
    assert list(Seal.objects.order_by("number").values_list("number", flat=True)) == [1, 2, 3, 4]
    assert verify().problems == ()


def test_a_changed_amount_is_named() -> None:
    _, second, _ = three()
    behind_its_back("UPDATE ledger_entry SET amount_minor = amount_minor * 2 WHERE transaction_id = %s", second)

    problems = verify().problems
    assert problems[0] == f"live: transaction {second} (seal 2) was changed, or moved in the order"
    assert "says 200, its entries say 400" in problems[1]
    assert len(problems) == 2


@pytest.mark.parametrize(
    "change", ["reason = 'gift'", "actor = 'somebody else'", "at = at - interval '1 day'", "key = 'x'"]
)
def test_a_changed_fact_is_named(change: str) -> None:
    first, _, _ = three()
    behind_its_back(f"UPDATE ledger_transaction SET {change} WHERE id = %s", first)

    assert verify().problems[0] == f"live: transaction {first} (seal 1) was changed, or moved in the order"


def test_a_removed_transaction_is_named() -> None:
    _, second, _ = three()
    behind_its_back("DELETE FROM ledger_entry WHERE transaction_id = %s", second)
    behind_its_back("DELETE FROM ledger_transaction WHERE id = %s", second)

    assert verify().problems[0] == f"live: transaction {second} (seal 2) was removed"


def test_a_transaction_removed_together_with_its_seal_is_missed() -> None:
    _, second, third = three()
    for table, column in (("entry", "transaction_id"), ("seal", "transaction_id"), ("transaction", "id")):
        behind_its_back(f"DELETE FROM ledger_{table} WHERE {column} = %s", second)

    problems = verify().problems
    assert problems[0] == f"live: seal 2 is missing before transaction {third}"


def test_two_seals_that_changed_places_are_named() -> None:
    first, second, _ = three()
    behind_its_back("UPDATE ledger_seal SET number = 99 WHERE transaction_id = %s", first)
    behind_its_back("UPDATE ledger_seal SET number = 1 WHERE transaction_id = %s", second)
    behind_its_back("UPDATE ledger_seal SET number = 2 WHERE transaction_id = %s", first)

    problems = verify().problems
    assert problems[:2] == (
        f"live: transaction {second} (seal 1) was changed, or moved in the order",
        f"live: transaction {first} (seal 2) was changed, or moved in the order",
    )


def test_the_command_says_intact_or_names_the_row(capsys: pytest.CaptureFixture[str]) -> None:
    _, second, _ = three()
    assert command.main(["verify", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"state": "intact", "transactions": 3, "problems": []}

    behind_its_back("UPDATE ledger_transaction SET reason = 'gift' WHERE id = %s", second)
    assert command.main(["verify"]) == 1
    assert f"transaction {second} " in capsys.readouterr().out


def test_a_month_is_closed_by_command_when_it_is_over(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["close", "2026-01"]) == 0
    assert command.main(["close", "2999-01"]) == 1

    assert capsys.readouterr().out == ("2026-01 is closed\nledger close: 2999-01 is not over: close it next month\n")
    assert [str(one) for one in Period.objects.all()] == ["live 2026-01"]


@pytest.mark.parametrize("words", [[], ["close"], ["close", "2026-13"], ["open"]])
def test_a_wrong_word_is_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        command.main(words)
