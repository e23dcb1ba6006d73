from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "simplane.catalog"
    label = "catalog"
