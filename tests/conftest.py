"""Fixtures for all tests. Factories live beside the package they serve (tests/<package>/factories.py)."""

from __future__ import annotations
