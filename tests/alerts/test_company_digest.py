"""One mail a day to members who want it, in their company's morning: what goes on, what is over, which lines ended."""

from __future__ import annotations

from datetime import timedelta

from simplane.alerts import digest
from simplane.alerts.jobs import company_digests
from simplane.core import clock, tenancy
from simplane.core.db import transaction
from simplane.organizations.models import Membership, Organization, User
from simplane.policies import alerting, company_settings, digests
from simplane.policies.alert_models import Alert
from simplane.policies.digests import DueDigest
from tests.alerts.conftest import Channels
from tests.companies import company, employee, team
from tests.company.plans import line, plan
from tests.policies.conftest import member


def raised(of: Organization, title: str, **fields: object) -> None:
    given = {"kind": "line", "severity": "warning", "dedupe": title, "title": title, **fields}
    with transaction():
        alerting.raise_alert(alerting.Raised(organization_id=of.pk, **given))  # type: ignore[arg-type]


def taken(channels: Channels) -> list[DueDigest]:
    with transaction():
        return digests.take_due(clock.now())


def test_each_reader_gets_one_mail_in_the_morning_about_what_they_may_see(channels: Channels) -> None:
    acme = company("acme")
    company_settings.change(acme.pk, time_zone="America/New_York")
    mia, boss = member(acme, "mia", "owner"), member(acme, "boss", "manager")
    sales = team(acme, "Sales", lead=employee(acme, "Lea Lead", user=boss))
    for one in (mia, boss):
        digests.want(acme.pk, one.pk, True)
        digests.want(acme.pk, one.pk, True)
    raised(acme, "No usage comes")
    raised(acme, "Sales is over", level="team", subject_id=sales.pk)
    raised(acme, "Solved")
    with tenancy.scope(acme.pk):
        alerting.resolve(acme.pk, Alert.objects.get(title="Solved").public_id)
    line(acme, employee(acme, "Ana Lima"), plan(acme), state="ended", ended_at=clock.now())

    channels.after(hours=22.5)
    assert taken(channels) == []  # half past five in the morning, there
    channels.after(hours=2)
    assert company_digests() == {"mails": 2}
    assert taken(channels) == []
    since = clock.now() - timedelta(days=2)
    for one in (mia, boss):
        digest.mail(acme.pk, one.pk, since)

    first, second = sorted(channels.mails(), key=lambda mail: str(mail["To"]), reverse=True)
    assert (first["To"], first["Subject"]) == ("Mia <mia@acme.example>", "Acme: 2 alerts going on")
    told = first.get_content().replace("\r\n", "\n")
    for part in (
        "Going on: 2\n",
        "- No usage comes (warning)",
        "Over since the last mail: 1\n- Solved",
        "ended: 1\n- Ana",
    ):
        assert part in told, part
    assert "https://acme" in told
    assert (second["Subject"], "No usage" in second.get_content()) == ("Acme: 1 alert going on", False)
    assert "Ana Lima" not in second.get_content()

    channels.after(days=1)
    assert [one.since for one in taken(channels)] == [clock.now() - timedelta(days=1)] * 2


def test_who_left_lost_the_right_wants_none_or_would_read_nothing_gets_no_mail(channels: Channels) -> None:
    acme = company("acme")
    mia = member(acme, "mia", "owner")
    digests.want(acme.pk, mia.pk, True)
    since = clock.now()
    digest.mail(acme.pk, mia.pk, since)
    raised(acme, "Now there is something")
    Membership.objects.filter(user=mia).update(role="employee")
    digest.mail(acme.pk, mia.pk, since)
    Membership.objects.filter(user=mia).update(role="owner")
    person = employee(acme, "Mia Member", user=mia, state="left")
    digest.mail(acme.pk, mia.pk, since)
    with tenancy.scope(acme.pk):
        person.delete()
    digests.want(acme.pk, mia.pk, False)
    digest.mail(acme.pk, mia.pk, since)
    digest.mail(acme.pk, stranger().pk, since)
    channels.after(days=1)

    assert (channels.mails(), taken(channels)) == ([], [])
    Organization.objects.filter(pk=acme.pk).update(state="suspended")
    digests.want(acme.pk, mia.pk, True)
    channels.after(days=1)
    assert taken(channels) == []


def stranger() -> User:
    return User.objects.create_user("x@beta.example")
