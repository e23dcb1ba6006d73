"""1GLOBAL Connect, version 2026-02-05."""
