from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Last of all apps: everything is imported when its wiring runs."""

    name = "simplane.config"
    label = "config"
