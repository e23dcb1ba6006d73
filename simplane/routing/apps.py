from django.apps import AppConfig


class RoutingConfig(AppConfig):
    name = "simplane.routing"
    label = "routing"
