from django.apps import AppConfig


class CoreConfig(AppConfig):
    """Infrastructure without any business."""

    name = "simplane.core"
    label = "core"
