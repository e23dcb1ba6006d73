from django.apps import AppConfig


class HubConfig(AppConfig):
    name = "simplane.hub"
    label = "hub"
