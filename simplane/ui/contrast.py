"""Colours that people chose, and text that can be read on them."""

from __future__ import annotations


def readable_on(color: str) -> str:
    """Black or white, whichever has the higher contrast on `#rrggbb` (WCAG 2.2, relative luminance): 4.5 at least."""
    light = [_linear(int(color[at : at + 2], 16) / 255) for at in (1, 3, 5)]
    luminance = 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2]
    return "#fff" if 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05 else "#000"


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
