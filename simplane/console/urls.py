"""The console's addresses. The gate in `organizations.staff` stands before all of them."""

from __future__ import annotations

from django.urls import URLPattern, path, re_path

from simplane.console import (
    customers,
    inbox,
    lines,
    order_list,
    orders,
    search,
    stuck,
    today,
)

app_name = "console"
urlpatterns: list[URLPattern] = [
    path("", today.today, name="today"),
    path("search/", search.search, name="search"),
    path("stuck/", stuck.stuck, name="stuck"),
    path("stuck/letter/<int:pk>/", stuck.letter, name="letter"),
    path("stuck/<str:cause>/", stuck.stuck_cause, name="stuck_cause"),
    path("stuck/<str:cause>/preview/", stuck.stuck_preview, name="stuck_preview"),
    path("stuck/<str:cause>/perform/", stuck.stuck_perform, name="stuck_perform"),
    path("orders/", order_list.orders, name="orders"),
    path("orders.csv", order_list.orders_csv, name="orders_csv"),
    path("orders/<str:public_id>/", orders.order, name="order"),
    re_path(r"^orders/(?P<public_id>\w+)/(?P<verb>hold|release)/$", orders.order_action, name="order_action"),
    re_path(r"^units/(?P<public_id>\w+)/(?P<verb>retry|cancel|send)/$", orders.unit_action, name="unit_action"),
    path("customers/", customers.customers, name="customers"),
    path("customers/<int:pk>/", customers.customer, name="customer"),
    path("customers/<int:pk>/redact/", customers.customer_redact, name="customer_redact"),
    path("esims/", lines.lines, name="lines"),
    path("esims/<int:pk>/", lines.line, name="line"),
    re_path(r"^links/(?P<pk>\d+)/(?P<verb>revoke|rotate)/$", lines.link_action, name="link_action"),
    path("webhooks/", inbox.inbox, name="inbox"),
    path("webhooks/<int:pk>/", inbox.message, name="message"),
    path("webhooks/replay/", inbox.replay, name="replay"),
]
