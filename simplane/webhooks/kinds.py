"""What customers can be told, by the name they know it by. docs/webhooks.md says the same to their developers."""

from __future__ import annotations

from collections.abc import Mapping

API_VERSION = "2026-11-20"
READER = "webhooks"
"""Our name among the readers of the news."""
KINDS: Mapping[str, str] = {
    "order.created": "An order was placed and its price set aside.",
    "order.completed": "Nothing of an order is owed any more, and at least one eSIM was delivered.",
    "order.cancelled": "An order ended without an eSIM.",
    "unit.delivered": "An eSIM is ready: fetch its activation code.",
    "unit.failed": "An eSIM could not be delivered; its price is back in your wallet.",
    "unit.cancelled": "An eSIM was cancelled.",
    "unit.refunded": "An eSIM was refunded.",
    "unit.return_refused": "An eSIM that you wanted to give back stays yours.",
    "esim.changed": "An eSIM was installed, switched on, used up, suspended, ended and so on.",
    "esim.topped_up": "Data was added to an eSIM.",
    "usage.threshold_reached": "An eSIM used 75, 90 or 100 percent of its data.",
    "wallet.low": "A wallet fell below the amount you asked to be told about.",
    "topup.succeeded": "A top-up is in your wallet.",
    "topup.failed": "A top-up came to nothing.",
    "topup.reversed": "Money of a top-up left the wallet again, by a refund or a dispute.",
}
TEST = "webhook.test"
"""Only ever sent by the button; no endpoint chooses it."""
