"""Addresses of a sign-in through a company's provider; only on companies' hosts (company/urls.py)."""

from __future__ import annotations

from django.urls import URLPattern

app_name = "sso"
urlpatterns: list[URLPattern] = []
