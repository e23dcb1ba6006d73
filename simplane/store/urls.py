"""Addresses of travellers' pages. A token is its own key: these addresses never stand in logs."""

from __future__ import annotations

from django.urls import path, re_path

from simplane.store import views

app_name = "store"
urlpatterns = [
    path("e/<str:token>", views.unit, name="unit"),
    path("e/<str:token>/state", views.unit_state, name="unit-state"),
    path("e/<str:token>/qr.svg", views.qr_svg, name="qr-svg"),
    path("e/<str:token>/qr.png", views.qr_png, name="qr-png"),
    path("o/<str:token>", views.order, name="order"),
    path("o/<str:token>/state", views.order_state, name="order-state"),
    re_path(r"^(?P<kind>[eo])/(?P<token>[0-9a-z]+)/brand\.css$", views.brand_css, name="brand-css"),
    re_path(r"^(?P<kind>[eo])/(?P<token>[0-9a-z]+)/logo\.png$", views.brand_logo, name="brand-logo"),
]
