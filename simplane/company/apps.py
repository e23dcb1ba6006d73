from django.apps import AppConfig


class CompanyConfig(AppConfig):
    name = "simplane.company"
    label = "company"
