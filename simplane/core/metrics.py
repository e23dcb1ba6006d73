"""What Prometheus may read of a process. Counters live where things happen; figures of the database in `api.gauges`.

Under `simplane web` and `simplane worker` these values stand in files that all processes of a machine share
(PROMETHEUS_MULTIPROC_DIR, set by `ops.figures` before this is imported).
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

WEBHOOKS = Counter("simplane_webhooks_total", "Webhook deliveries by channel and answer", ["channel", "status"])
DELIVERY_SECONDS = Histogram(
    "simplane_delivery_seconds",
    "From taking an order in to handing its eSIM over",
    buckets=(1, 2, 5, 10, 30, 60, 120, 300, 900, 3600),
)
JOBS = Counter(
    "simplane_jobs_total",
    "Runs of jobs by what came of them: done, later (asked for more time), failed",
    ["job", "outcome"],
)
JOB_SECONDS = Histogram(
    "simplane_job_seconds",
    "One run of a job",
    ["job"],
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120),
)
BREAKERS = Gauge(
    "simplane_supplier_breaker",
    "Circuit breaker by account and operation: 0 closed, 1 half open, 2 open (the worst of all processes)",
    ["supplier", "operation"],
    multiprocess_mode="livemax",
)
