from django.apps import AppConfig


class UsageConfig(AppConfig):
    name = "simplane.usage"
    label = "usage"
