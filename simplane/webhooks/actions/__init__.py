"""Verbs of webhooks."""

from simplane.webhooks.actions.endpoints import (
    create_endpoint,
    delete_endpoint,
    disable_endpoint,
    enable_endpoint,
    rotate_secret,
    update_endpoint,
)
from simplane.webhooks.actions.replay import replay_delivery, replay_messages, replay_since, send_test
from simplane.webhooks.actions.tell import tell

__all__ = [
    "create_endpoint",
    "delete_endpoint",
    "disable_endpoint",
    "enable_endpoint",
    "replay_delivery",
    "replay_messages",
    "replay_since",
    "rotate_secret",
    "send_test",
    "tell",
    "update_endpoint",
]
