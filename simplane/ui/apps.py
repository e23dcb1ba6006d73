from django.apps import AppConfig


class UiConfig(AppConfig):
    name = "simplane.ui"
    label = "ui"
