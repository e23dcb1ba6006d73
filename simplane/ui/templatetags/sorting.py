"""Heads of columns that sort."""

from __future__ import annotations

from typing import Any

from django import template

from simplane.ui.sorting import Sorting

register = template.Library()


@register.inclusion_tag("ui/sort_head.html")
def sort_head(sort: Sorting, name: str, label: str, css: str = "") -> dict[str, Any]:
    """`<th>` with a link; the column that sorts now says which way, to screen readers too."""
    here = name == sort.name
    return {
        "label": label,
        "css": css,
        "link": sort.link(name),
        "way": ("ascending" if sort.ascending else "descending") if here else "",
    }
