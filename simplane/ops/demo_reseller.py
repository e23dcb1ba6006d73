"""The demo's reseller: approved, with money, a login to the portal and two keys. Only where play is allowed."""

from __future__ import annotations

NAME, SLUG, EMAIL = "Acme Travel", "acme-travel", "reseller@simplane.example"
FUNDS_MINOR = 500_00


def make(password: str) -> dict[str, str]:
    """Its keys, live and test, when it was made just now; empty when it is there already."""
    from simplane.core import clock, context
    from simplane.core.db import transaction
    from simplane.ledger.actions import post
    from simplane.ledger.actions.post import Fact
    from simplane.ledger.chart import Kind
    from simplane.ledger.values import AccountRef, Posting
    from simplane.ordering.resellers import onboard
    from simplane.organizations.models import Membership, Organization, Role, User

    if Organization.objects.filter(slug=SLUG).exists():
        return {}
    with context.acting("demo"):
        made = onboard(NAME, "EUR")
        owner = made.organization
        person = User.objects.create_user(EMAIL, password, name="Demo Reseller")
        Membership.objects.create(organization=owner, user=person, role=Role.OWNER, created_at=clock.now())
        fact = Fact(kind="top_up", key=f"demo-funds:{SLUG}", reason="demo money")
        with transaction():
            post(fact, [Posting(AccountRef(Kind.BANK, "EUR"), AccountRef(Kind.WALLET, "EUR", owner.pk), FUNDS_MINOR)])
    return {"live_key": made.live.secret, "test_key": made.test.secret}
