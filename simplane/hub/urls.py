"""The hub's addresses. Each view stands behind `shell.page`, but for those of people who are not signed in yet."""

from __future__ import annotations

from django.urls import URLPattern, path, re_path

from simplane.hub import (
    branding,
    cart_pages,
    cart_upload,
    catalogue,
    checkout,
    invited,
    join,
    keys,
    modes,
    order_acts,
    order_page,
    orders,
    overview,
    profile,
    team,
)

app_name = "hub"
urlpatterns: list[URLPattern] = [
    path("", overview.overview, name="overview"),
    path("join/", join.join, name="join"),
    path("invited/<str:secret>/", invited.invited, name="invited"),
    path("catalogue/", catalogue.catalogue, name="catalogue"),
    path("cart/", cart_pages.cart_page, name="cart"),
    path("cart/add/", cart_pages.cart_add, name="cart_add"),
    path("cart/change/", cart_pages.cart_change, name="cart_change"),
    path("cart/upload/", cart_upload.upload, name="cart_upload"),
    path("cart/upload/confirm/", cart_upload.upload_confirm, name="cart_upload_confirm"),
    path("checkout/", checkout.checkout, name="checkout"),
    path("orders/", orders.orders, name="orders"),
    path("orders.csv", orders.orders_csv, name="orders_csv"),
    path("orders/<str:public_id>/", order_page.order, name="order"),
    path("orders/<str:public_id>/esims/", order_page.order_units, name="order_units"),
    path("orders/<str:public_id>/zip/", order_acts.order_zip, name="order_zip"),
    path("orders/<str:public_id>/send/", order_acts.order_send, name="order_send"),
    path("orders/<str:public_id>/cancel/", order_acts.order_cancel, name="order_cancel"),
    path("esims/<str:public_id>/qr.svg", order_acts.unit_qr, name="unit_qr"),
    path("esims/<str:public_id>/send/", order_acts.unit_send, name="unit_send"),
    path("esims/<str:public_id>/cancel/", order_acts.unit_cancel, name="unit_cancel"),
    path("keys/", keys.keys, name="keys"),
    path("keys/new/", keys.key_new, name="key_new"),
    path("keys/<str:public_id>/rotate/", keys.key_rotate, name="key_rotate"),
    path("keys/<str:public_id>/revoke/", keys.key_revoke, name="key_revoke"),
    path("team/", team.team, name="team"),
    path("team/invite/", team.team_invite, name="team_invite"),
    path("team/<int:pk>/role/", team.member_role, name="member_role"),
    path("team/<int:pk>/remove/", team.member_remove, name="member_remove"),
    re_path(
        r"^invitations/(?P<pk>[0-9]+)/(?P<verb>again|withdraw)/$", team.invitation_action, name="invitation_action"
    ),
    path("branding/", branding.branding, name="branding"),
    path("branding/logo.png", branding.logo, name="logo"),
    path("settings/", profile.profile, name="profile"),
    path("mode/", modes.mode, name="mode"),
    path("choose/", modes.choose, name="choose"),
    path("stop-acting/", modes.stop_acting, name="stop_acting"),
]
