"""Who reacts to what: every event with the jobs it causes, and every dead-letter cause, in one readable place."""

from __future__ import annotations

from simplane.alerts import invoices  # noqa: F401  its jobs
from simplane.billing import events as billing
from simplane.channels import deadletters as channel_letters
from simplane.channels import refund_jobs  # noqa: F401  its timetable
from simplane.core import events
from simplane.delivery import deadletters as delivery_letters
from simplane.delivery import events as delivery
from simplane.fleet import billed as fleet_billed
from simplane.fleet import prices as fleet_prices
from simplane.ordering import billed as ordering_billed
from simplane.ordering import deadletters as ordering_letters
from simplane.ordering import events as ordering
from simplane.ordering import tiers  # noqa: F401  its timetable
from simplane.organizations import events as organizations
from simplane.payments import deadletters as payment_letters
from simplane.payments import events as payments
from simplane.policies import events as policies
from simplane.policies.ports import ports as policy_ports
from simplane.suppliers import catalog_events as catalogues
from simplane.suppliers import catalog_jobs
from simplane.suppliers import events as suppliers
from simplane.usage import events as usage
from simplane.usage import months as usage_months
from simplane.workforce import events as workforce

REACTIONS: dict[type[events.News], tuple[str, ...]] = {
    ordering.UnitDelivered: ("channels.write_back",),
    ordering.UnitDied: ("channels.write_back", "alerts.unit_died"),
    ordering.UnitEnded: ("channels.write_back",),
    ordering.OrderLate: ("ordering.tell_customer", "alerts.order_late", "channels.order_late"),
    suppliers.SupplierBlocked: ("alerts.supplier_blocked",),
    suppliers.SupplierRecovered: ("alerts.supplier_recovered",),
    suppliers.FloatLow: ("alerts.float_low",),
    suppliers.ForeignOrders: ("alerts.foreign_orders",),
    suppliers.OfferRefused: ("catalog.sync_supplier",),
    catalogues.CatalogChanged: ("routing.propose",),
    delivery.MessageSentLater: ("ordering.message_sent",),
    usage.PurchaseAnswered: ("ordering.advance",),
    organizations.Invited: ("hub.send_invitation",),
    organizations.ColleagueInvited: ("company.send_invitation",),
    organizations.OrganizationApproved: ("hub.tell_approved",),
    payments.AutoTopUpDeclined: ("hub.tell_auto_top_up",),
    payments.AutoTopUpHeld: ("hub.tell_auto_top_up",),
    usage.UsageStored: ("policies.on_usage",),
    policies.LineMustStop: ("fleet.stop",),
    policies.LineMustEnd: ("fleet.end",),
    policies.LineMustResume: ("fleet.resume",),
    policies.TopUpWanted: ("fleet.top_up",),
    policies.ApprovalGranted: ("fleet.approved",),
    policies.ApprovalRefused: ("fleet.refused",),
    workforce.EmployeeJoined: ("fleet.joiner",),
    workforce.EmployeeLeft: ("fleet.leaver",),
    workforce.EmployeeMoved: ("fleet.mover",),
    policies.AlertRaised: ("alerts.company_alert",),
    policies.ApprovalAsked: ("alerts.company_question",),
    billing.InvoiceIssued: ("alerts.invoice_issued",),
    billing.InvoiceOverdue: ("alerts.invoice_overdue",),
    billing.InvoicePaid: ("alerts.invoice_paid",),
}


def wire() -> None:
    """Called once when Django is ready."""
    events.wire(REACTIONS)
    for letters in (ordering_letters, delivery_letters, channel_letters, catalog_jobs, payment_letters):
        letters.register()
    policy_ports.month_to_date, policy_ports.used = usage_months.lines_since, usage_months.used_since
    policy_ports.price_now = fleet_prices.price_now
    # Later ones know better: what a company calls a plan goes before the product's name.
    for namer in (ordering_billed, fleet_billed):
        namer.register()
