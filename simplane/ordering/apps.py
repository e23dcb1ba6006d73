from django.apps import AppConfig


class OrderingConfig(AppConfig):
    name = "simplane.ordering"
    label = "ordering"
