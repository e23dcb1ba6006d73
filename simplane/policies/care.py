"""What time alone changes, for all companies: a new month, and lines that nobody uses."""

from __future__ import annotations

from simplane.core import clock, tenancy
from simplane.core.db import needs_transaction
from simplane.policies.alert_models import Alert
from simplane.policies.models import BudgetPeriod, CompanySettings, Policy, Stop
from simplane.policies.periods import period


def stopped_before_this_month() -> list[int]:
    """Companies with lines that a rule stopped in an earlier month of theirs."""
    now = clock.now()
    with tenancy.everywhere():
        rows = Stop.objects.filter(resumed_at__isnull=True).order_by("organization_id", "stopped_at")
        oldest = dict(rows.distinct("organization_id").values_list("organization_id", "stopped_at"))
        zones = dict(
            CompanySettings.objects.filter(organization__in=oldest).values_list("organization_id", "time_zone")
        )
    starts = {one: period("month", now, zones.get(one, "UTC")).since for one in oldest}
    return [one for one, at in oldest.items() if at < starts[one]]


def companies_with(kind: str) -> list[int]:
    """Companies that have such a rule."""
    with tenancy.everywhere():
        rows = Policy.objects.filter(kind=kind, active=True).order_by("organization_id")
        return list(rows.values_list("organization_id", flat=True).distinct())


@needs_transaction
def resolve_last_periods() -> int:
    """Alerts about caps and budgets end with their period. Returns how many."""
    now = clock.now()
    with tenancy.everywhere():
        open_now = Alert.objects.exclude(state=Alert.State.RESOLVED).filter(kind__in=("budget", "data_cap"))
        found = list(open_now.values_list("pk", "organization_id", "dedupe"))
        zones = dict(CompanySettings.objects.values_list("organization_id", "time_zone"))
        budgets = [int(name.partition(":")[2]) for _, _, name in found if name.startswith("budget:")]
        ended = set(BudgetPeriod.objects.filter(pk__in=budgets, ends_at__lte=now).values_list("pk", flat=True))
        over = []
        for pk, company, name in found:
            sort, _, rest = name.partition(":")
            label = period("month", now, zones.get(company, "UTC")).label
            if (sort == "budget" and int(rest) in ended) or (sort == "cap" and not rest.endswith(f":{label}")):
                over.append(pk)
        rows = Alert.objects.filter(pk__in=over)
        return int(rows.update(state=Alert.State.RESOLVED, resolved_at=now, due_at=None))
