from django.apps import AppConfig


class OrganizationsConfig(AppConfig):
    name = "simplane.organizations"
    label = "organizations"
