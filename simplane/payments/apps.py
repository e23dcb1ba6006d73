from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "simplane.payments"
    label = "payments"
