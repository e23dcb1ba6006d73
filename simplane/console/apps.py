from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "simplane.console"
    label = "console"
