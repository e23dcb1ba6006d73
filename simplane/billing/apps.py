from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "simplane.billing"
    label = "billing"
