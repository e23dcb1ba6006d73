from django.apps import AppConfig


class LinesConfig(AppConfig):
    name = "simplane.lines"
    label = "lines"
