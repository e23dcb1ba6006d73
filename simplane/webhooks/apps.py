from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "simplane.webhooks"
    label = "webhooks"
