from django.apps import AppConfig


class ChannelsConfig(AppConfig):
    name = "simplane.channels"
    label = "channels"
