"""What Prometheus may read of this process. Counters live where things happen; gauges of the database in `ops.metrics`."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

WEBHOOKS = Counter("simplane_webhooks_total", "Webhook deliveries by channel and answer", ["channel", "status"])
DELIVERY_SECONDS = Histogram(
    "simplane_delivery_seconds",
    "From taking an order in to handing its eSIM over",
    buckets=(1, 2, 5, 10, 30, 60, 120, 300, 900, 3600),
)
