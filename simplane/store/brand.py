"""Whose page it is: the look a reseller chose for the install pages of its eSIMs."""

from __future__ import annotations

from simplane.core.errors import NotFound
from simplane.delivery.models import InstallLink
from simplane.ordering.models import Order
from simplane.organizations import profile
from simplane.organizations.profile import Look, look_of
from simplane.ui.contrast import readable_on


def brand_of(order: Order) -> Look | None:
    """None on pages of our own retail orders, and where nothing was chosen."""
    return look_of(order.organization_id) if order.book == "wholesale" else None


def style_of(link: InstallLink) -> str:
    """The style sheet of a link's page: buttons in the reseller's colour, with text that can be read on it."""
    brand = brand_of(_order(link))
    if brand is None or not brand.color:
        raise NotFound("this page has no colour of its own")
    return f":root {{ --accent: {brand.color}; --on-accent: {readable_on(brand.color)}; }}\n"


def logo_of(link: InstallLink) -> bytes:
    """The PNG of a link's page. Raises NotFound."""
    order = _order(link)
    if brand_of(order) is None:
        raise NotFound("there is no logo")
    return profile.logo_of(order.organization_id)


def _order(link: InstallLink) -> Order:
    found = Order.objects.filter(pk=link.order_id).first()
    if found is None:
        raise NotFound("there is no such order")
    return found
