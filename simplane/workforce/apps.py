from django.apps import AppConfig


class WorkforceConfig(AppConfig):
    name = "simplane.workforce"
    label = "workforce"
