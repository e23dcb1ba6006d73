"""The audit log of a company: nobody changes it, and what is changed behind its back is named."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from typing import Any

import pytest
from django.db import Error, connection, transaction

from simplane.core import audit, context, seals, tenancy
from simplane.core.models import AuditEntry, AuditSeal, Bookmark
from simplane.ops import audit as command
from simplane.organizations import hosts
from simplane.organizations.models import Organization
from tests.companies import company
from tests.company.members import browser_of, member


def noted(of: Organization | None, *reasons: str) -> list[int]:
    for reason in reasons:
        with context.belonging(f"req_{reason}"), transaction.atomic():
            audit.note(
                "line.suspended", "line", "fl_1", before={"a": 1.50, "ä": "=1"}, after={"b": None},
                reason=reason, organization_id=of.pk if of else None,
            )  # fmt: skip
    return list(AuditEntry.objects.order_by("pk").values_list("pk", flat=True))[-len(reasons) :]


def behind_its_back(statement: str, *values: Any) -> None:
    """As somebody with every right on the database would."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(statement, values)
        cursor.execute("SET session_replication_role = origin")


@pytest.mark.django_db(transaction=True)
def test_whatever_is_altered_behind_its_back_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    acme, beta = company("acme"), company("beta")
    first, second, third = noted(acme, "one", "two", "three")
    noted(None, "ours")
    (other,) = noted(beta, "theirs")
    assert seals.seal_new() == {"sealed": 4, "behind": 0}
    noted(acme, "four")
    assert (seals.seal_new()["sealed"], seals.seal_new()["sealed"]) == (1, 0)

    def told(*words: str) -> tuple[int, list[str]]:
        code = command.main(["verify", *words])
        return code, capsys.readouterr().out.splitlines()

    def problems() -> list[str]:
        return [f"{one.words}" for one in seals.verify().problems]

    code, lines = told()
    assert (code, lines[0]) == (0, "intact: 5 sealed entries of 2 organizations")
    head = lines[1].split()[1]
    assert told("--organization", "acme", "--known", head)[0] == 0
    assert told("--organization", "beta")[1][0] == "intact: 1 sealed entries of 1 organizations"
    assert told("--organization", "nobody") == (1, ["audit verify: there is no organization nobody"])

    for column, value in (("reason", "gift"), ("actor", "somebody"), ("request_id", "r"), ("organization_id", beta.pk)):
        old = AuditEntry.objects.values_list(column, flat=True).get(pk=second)
        behind_its_back(f"UPDATE core_auditentry SET {column} = %s WHERE id = %s", value, second)
        assert problems() == [f"entry {second} (seal 2) was changed, or moved in the order"], column
        behind_its_back(f"UPDATE core_auditentry SET {column} = %s WHERE id = %s", old, second)
    assert problems() == []

    behind_its_back("UPDATE core_auditseal SET number = -number WHERE organization_id = %s", acme.pk)
    behind_its_back("UPDATE core_auditseal SET number = -number WHERE number < -2")
    behind_its_back("UPDATE core_auditseal SET number = 3 + number WHERE number < 0")
    assert problems()[:2] == [
        f"entry {second} (seal 1) was changed, or moved in the order",
        f"entry {first} (seal 2) was changed, or moved in the order",
    ]
    behind_its_back("UPDATE core_auditseal SET number = number - 3 WHERE organization_id = %s AND number < 3", acme.pk)
    behind_its_back("UPDATE core_auditseal SET number = -number WHERE number < 0")

    behind_its_back("DELETE FROM core_auditentry WHERE id = %s", second)
    assert problems() == [f"entry {second} (seal 2) was removed"]
    behind_its_back("DELETE FROM core_auditseal WHERE entry_id = %s", second)
    assert problems()[0] == f"entry {third} (seal 3) comes after a gap: seal 2 is missing"
    behind_its_back("DELETE FROM core_auditseal WHERE entry_id = %s", other)
    code, lines = told("--json")
    found = json.loads(lines[0])
    assert (code, found["state"], found["problems"][-1]) == (
        1,
        "damaged",
        f"beta: entry {other} has no seal although later ones have: it was put in afterwards, or its seal was removed",
    )

    behind_its_back("DELETE FROM core_auditseal WHERE number > 2")
    behind_its_back("DELETE FROM core_auditentry WHERE id > %s", first)
    assert told("--organization", "acme")[0] == 0
    code, lines = told("--organization", "acme", "--known", head)
    assert (code, lines[1]) == (1, "acme: seal 4 is gone or not the one that was noted")


@pytest.mark.django_db(transaction=True)
def test_an_entry_put_in_between_sealed_ones_is_never_sealed_and_named_even_with_a_seal() -> None:
    acme = company("acme")
    noted(acme, "one", "two")
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('core_auditentry', 'id'))")
        gap = cursor.fetchone()[0]
    (newest,) = noted(acme, "three")
    assert seals.seal_new()["sealed"] == 3

    AuditEntry.objects.create(pk=gap, at=acme.created_at, actor="boss", action="forged", organization_id=acme.pk)
    named = f"entry {gap} has no seal although later ones have: it was put in afterwards, or its seal was removed"
    for bookmark in (newest, gap - 1, 0):
        Bookmark.objects.filter(reader=seals.READER).update(last_event=bookmark)
        assert [one.words for one in seals.verify().problems] == [named], bookmark
        assert seals.seal_new()["sealed"] == 0
        assert [one.words for one in seals.verify(acme.pk).problems] == [named], bookmark

    behind_its_back(
        "INSERT INTO core_auditseal (entry_id, organization_id, number, hash, sealed_at)"
        f" SELECT e.id, e.organization_id, 4, simplane_link(s.hash, s.hash, simplane_audit_text(4, {seals.ENTRY})), now()"
        " FROM core_auditentry AS e, core_auditseal AS s WHERE e.id = %s AND s.number = 3",
        gap,
    )
    assert [one.words for one in seals.verify().problems] == [
        f"entry {gap} (seal 4) was put in afterwards: the entry sealed before it is newer"
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("verb", ["UPDATE {} SET organization_id = 1", "DELETE FROM {}", "TRUNCATE {}"])
def test_no_statement_changes_or_removes_an_entry_or_a_seal(verb: str) -> None:
    acme = company()
    noted(acme, "one")
    seals.seal_new()
    for table in ("core_auditentry", "core_auditseal"):
        with pytest.raises(Error, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(verb.format(table))
    with tenancy.scope(acme.pk), pytest.raises(Error, match="permission denied"), transaction.atomic():
        AuditSeal.objects.create(entry_id=1, organization_id=acme.pk, number=2, hash=b"", sealed_at=acme.created_at)


@pytest.mark.django_db(transaction=True)
def test_an_entry_of_a_transaction_under_way_is_sealed_when_it_is_there() -> None:
    acme = company()
    noted(acme, "one")
    other = connection.copy("other")
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute(
                "INSERT INTO core_auditentry (at, actor, action, entity, entity_id, reason, request_id, organization_id)"
                " VALUES (now(), 'x', 'late', 'line', '1', '', '', %s)", [acme.pk]
            )  # fmt: skip
        noted(acme, "two")
        waiting = seals.seal_new(patience=0)
        assert (waiting["sealed"], waiting["behind"] > 2) == (0, True)
        other.commit()
    finally:
        other.close()
    seals.seal_new()

    assert list(AuditSeal.objects.order_by("number").values_list("entry__action", "entry__reason")) == [
        ("line.suspended", "one"), ("late", ""), ("line.suspended", "two"),
    ]  # fmt: skip
    assert seals.verify().problems == ()


@pytest.mark.django_db
def test_an_auditor_makes_the_seals_again_from_the_file() -> None:
    """The recipe of docs/audit.md."""
    hosts.forget()
    acme = company()
    noted(acme, "=one", "two", "dreißig\r\n")
    seals.seal_new()
    noted(acme, "new")
    browser = browser_of(member(acme), acme)
    page = browser.get("/audit/").content.decode()
    assert ("Sealed up to" in page, page.count("not sealed yet"), "req_two" in page) == (True, 1, True)
    assert [one.reason for one in browser.get("/audit/?q=req_two").context["page"].rows] == ["two"]

    text = b"".join([browser.get("/audit/?file=csv").content]).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))

    assert rows[0]["number"] == "not sealed yet"
    link = "00" * 32
    for row in sorted(rows[1:], key=lambda one: int(one["number"])):
        assert row["seal before"] == link
        link = hashlib.sha256(bytes.fromhex(row["seal before"]) + row["sealed text"].encode()).hexdigest()
        assert row["seal"] == link
        number, _, organization, _, _, action, thing, name, before, _, reason, request = parts(row["sealed text"])
        assert (number, organization) == (row["number"], str(acme.pk))
        assert (action, thing, name, request) == (row["action"], row["thing"], row["id"], row["request"])
        assert (before, reason) == (row["before"], row["reason"].removeprefix("'"))


def parts(text: str) -> list[str]:
    """`3:one,3:two,` -> ["one", "two"]."""
    rest, found = text.encode(), []
    while rest:
        length, _, rest = rest.partition(b":")
        found.append(rest[: int(length)].decode())
        rest = rest[int(length) + 1 :]
    return found
