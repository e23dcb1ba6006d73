from django.apps import AppConfig


class FleetConfig(AppConfig):
    name = "simplane.fleet"
    label = "fleet"
