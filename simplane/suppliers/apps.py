from django.apps import AppConfig


class SuppliersConfig(AppConfig):
    name = "simplane.suppliers"
    label = "suppliers"
