from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Last of all apps: everything is imported when its wiring runs."""

    name = "simplane.config"
    label = "config"

    def ready(self) -> None:
        import simplane.core.upkeep  # noqa: F401  registers housekeeping
        from simplane.config.wiring import wire

        wire()
