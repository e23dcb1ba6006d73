"""Django's settings, made from `env` (the only place that reads the environment)."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from csp.constants import NONE, SELF

from simplane.config import database
from simplane.config.env import ROOT, env
from simplane.core.log import configure_logging

SIMPLANE = env
BASE_DIR = ROOT
DEBUG = env.debug
SECRET_KEY = env.secret_key
SECRET_KEY_FALLBACKS = env.previous_secret_keys
OWN_HOSTS = env.allowed_hosts or ["127.0.0.1", "localhost", "testserver"]
ALLOWED_HOSTS = ["*"]  # the gate of hosts refuses what is neither ours nor a company's (company/gate.py)
INSTALLED_APPS = [
    "simplane.ui",  # first: its templates go before those of the packages below
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "procrastinate.contrib.django",
    "simplane.core",
    "simplane.organizations",
    "simplane.catalog",
    "simplane.suppliers",
    "simplane.ledger",
    "simplane.workforce",
    "simplane.lines",
    "simplane.payments",
    "simplane.billing",
    "simplane.policies",
    "simplane.routing",
    "simplane.delivery",
    "simplane.usage",
    "simplane.ordering",
    "simplane.channels",
    "simplane.webhooks",
    "simplane.fleet",
    "simplane.sso",
    "simplane.alerts",
    "simplane.console",
    "simplane.hub",
    "simplane.company",
    "simplane.store",
    "simplane.api",
    "simplane.config",
]
MIDDLEWARE = [
    "simplane.api.health.Probes",  # first: a probe knows no host name and speaks plain HTTP
    "simplane.company.gate.HostGate",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "csp.middleware.CSPMiddleware",
    "simplane.api.v1.edge.ApiEdge",
    "simplane.api.unreadable.RefuseNul",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "simplane.organizations.staff.StaffGate",
    "simplane.sso.gate.CredentialGate",
]
ROOT_URLCONF = "simplane.config.urls"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]
FORCE_SCRIPT_NAME = ""  # we stand at the root of a host: no header moves us below a prefix
WSGI_APPLICATION = "simplane.config.wsgi.application"

DATABASES = {
    "default": {
        **database.connection(env.database_url),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": False,
        "TEST": {"TEMPLATE": "template0"},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": {"BACKEND": "simplane.core.cache.SharedCache"}}

AUTH_USER_MODEL = "organizations.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "simplane.sso.account.AccountAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
MFA_ADAPTER = "simplane.organizations.adapter.StaffMfaAdapter"
MFA_TOTP_ISSUER = "Simplane"
MFA_TOTP_TOLERANCE = 1
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not env.production
LOGIN_REDIRECT_URL = "/console/"
LOGIN_URL = "account_login"

_mail = urlsplit(env.mail_url)
EMAIL_HOST, EMAIL_PORT = _mail.hostname or "127.0.0.1", _mail.port or 25
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = unquote(_mail.username or ""), unquote(_mail.password or "")
EMAIL_USE_SSL, EMAIL_USE_TLS = _mail.scheme == "smtps", _mail.scheme == "smtp+tls"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.mail_from

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [ROOT / "simplane" / "ui" / "locale"]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = env.static_root if env.production else None
WHITENOISE_USE_FINDERS = not env.production
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if env.production
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.base_url.startswith("https://")
SECURE_SSL_REDIRECT = env.production
SECURE_HSTS_SECONDS = 31_536_000 if env.production else 0
CSRF_TRUSTED_ORIGINS = [env.base_url]
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = env.max_webhook_bytes
SILENCED_SYSTEM_CHECKS: list[str] = []

PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"
DJANGO_STRUCTLOG_CELERY_ENABLED = False
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False  # a traveller's address is nobody's business in a log

LOGGING_CONFIG = None
configure_logging(level=env.log_level, json=env.json_logs, secrets=env.secret_texts)
