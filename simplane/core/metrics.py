"""What Prometheus may read of a process. Counters live where things happen; figures of the database in `api.gauges`.

Under `simplane web` and `simplane worker` these values stand in files that all processes of a machine share
(PROMETHEUS_MULTIPROC_DIR, set by `ops.figures` before this is imported).
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

WEBHOOKS = Counter("simplane_webhooks_total", "Webhook deliveries by channel and answer", ["channel", "status"])
WEBHOOK_CHANNELS = ("shopify", "suppliers", "stripe")
# A counter that begins with its first event shows no increase: the failures that page somebody begin at 0.
for _channel in WEBHOOK_CHANNELS:
    for _status in ("200", "401", "503"):
        WEBHOOKS.labels(_channel, _status)


def count_webhook(path: str, status: int) -> None:
    """Count one delivery to /webhooks/<channel>/...; addresses made up by strangers make no figures of their own."""
    channel = path.split("/")[2] if path.count("/") > 1 else ""
    WEBHOOKS.labels(channel if channel in WEBHOOK_CHANNELS else "other", str(status)).inc()


API_ORDERS = Counter("simplane_api_orders_total", "Orders asked for by API, by what became of them", ["code"])
STRIPE_CALLS = Counter("simplane_stripe_calls_total", "Calls to Stripe by outcome", ["outcome"])
DELIVERY_SECONDS = Histogram(
    "simplane_delivery_seconds",
    "From taking an order in to handing its eSIM over",
    buckets=(1, 2, 5, 10, 30, 60, 120, 300, 900, 3600),
)
JOBS = Counter(
    "simplane_jobs_total",
    "Runs of jobs by what came of them: done, later (asked for more time), failed",
    ["name", "outcome"],
)
JOB_SECONDS = Histogram(
    "simplane_job_seconds",
    "One run of a job",
    ["name"],
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120),
)
BREAKERS = Gauge(
    "simplane_supplier_breaker",
    "Circuit breaker by account and operation: 0 closed, 1 half open, 2 open (the worst of all processes)",
    ["supplier", "operation"],
    multiprocess_mode="livemax",
)
