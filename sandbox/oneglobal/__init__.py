"""Stand-in for 1GLOBAL Connect, version 2026-02-05: tokens, catalogue, orders that take their time, lines, webhooks."""
