from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "simplane.api"
    label = "api"
