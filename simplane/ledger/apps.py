from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "simplane.ledger"
    label = "ledger"
