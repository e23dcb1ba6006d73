from django.apps import AppConfig


class StoreConfig(AppConfig):
    name = "simplane.store"
    label = "store"
