from django.apps import AppConfig


class SsoConfig(AppConfig):
    name = "simplane.sso"

    def ready(self) -> None:
        import simplane.sso.factors  # noqa: F401  asked before a second factor goes
