from django.apps import AppConfig


class PoliciesConfig(AppConfig):
    name = "simplane.policies"
    label = "policies"
