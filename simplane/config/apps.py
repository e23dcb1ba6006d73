from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "simplane.config"
    label = "config"
