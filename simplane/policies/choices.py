"""For whom rules are, and how much a thing matters."""

from __future__ import annotations

from django.db import models


class Levels(models.TextChoices):
    """For whom a rule or a budget is. Its `subject_id` is a key of workforce or fleet; 0 of the company."""

    COMPANY = "company"
    TEAM = "team"
    COST_CENTRE = "cost_centre", "cost centre"
    EMPLOYEE = "employee", "person"
    LINE = "line"


class Severity(models.TextChoices):
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"
