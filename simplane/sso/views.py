"""Sign-in through a company's provider: away, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.http import HttpRequest

from simplane.sso.models import Connection
from simplane.sso.values import Way

WAYS: Mapping[str, Callable[[HttpRequest, Connection], Way]] = {}
"""Of each protocol: the way to the provider."""
