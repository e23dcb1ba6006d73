from django.apps import AppConfig


class DeliveryConfig(AppConfig):
    name = "simplane.delivery"
    label = "delivery"
