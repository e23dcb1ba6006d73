from django.apps import AppConfig


class AlertsConfig(AppConfig):
    name = "simplane.alerts"
    label = "alerts"
