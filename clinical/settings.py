"""Settings. What a site sets comes from the environment; NAME may be read from the file NAME_FILE."""

import base64
import ipaddress
import os
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = "0.1.0"


def environment(name: str, default: str | None = None) -> str:
    """Read NAME, or the file that NAME_FILE names.

    Raises:
        ImproperlyConfigured: neither is set and there is no default.
    """
    if path := os.environ.get(f"{name}_FILE"):
        return Path(path).read_text().strip()
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(f"{name} is not set; set it, or {name}_FILE to a file that holds it.")
    return value


def database(url: str) -> dict[str, object]:
    """Turn postgresql://user:password@host:port/name into Django's form."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ImproperlyConfigured("DATABASE_URL must begin with postgresql://")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": parts.port or "",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 5},
    }


def master_key(encoded: str) -> bytes:
    """Decode the master key, refusing any that is not 32 bytes in base64."""
    try:
        key = base64.b64decode(encoded, validate=True)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise ImproperlyConfigured("EPITOME_MASTER_KEY must be 32 bytes in base64 (openssl rand -base64 32).")
    return key


def networks(names: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    """Read the site's networks: CIDRs, separated by commas."""
    try:
        return tuple(ipaddress.ip_network(name.strip()) for name in names.split(",") if name.strip())
    except ValueError as error:
        raise ImproperlyConfigured(f"EPITOME_SITE_NETWORKS: {error}") from None


# Commands that start or check the product before its services exist need no secrets.
IS_WITHOUT_SERVICES = len(sys.argv) > 1 and sys.argv[1] in {
    "demo",
    "makemigrations",
    "collectstatic",
    "write_docs",
    "check",
}
_FALLBACK = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" if IS_WITHOUT_SERVICES else None

SECRET_KEY = environment("EPITOME_SECRET_KEY", _FALLBACK)
EPITOME_MASTER_KEY = master_key(environment("EPITOME_MASTER_KEY", _FALLBACK))
EPITOME_SITE_NETWORKS = networks(os.environ.get("EPITOME_SITE_NETWORKS", "127.0.0.0/8,::1/128"))
EPITOME_ENGINE_URL = os.environ.get("EPITOME_ENGINE_URL", "")
EPITOME_EXTRACTIVE_FALLBACK = os.environ.get("EPITOME_EXTRACTIVE_FALLBACK") == "1"
EPITOME_SITE_NAME = os.environ.get("EPITOME_SITE_NAME", "")
EPITOME_IS_DEMO = os.environ.get("EPITOME_DEMO") == "1"
IS_PLAIN_HTTP = os.environ.get("EPITOME_PLAIN_HTTP") == "1"

DEBUG = False
ALLOWED_HOSTS = os.environ.get("EPITOME_HOSTS", "localhost,127.0.0.1,[::1]").split(",")
CSRF_TRUSTED_ORIGINS = [o for o in os.environ.get("EPITOME_ORIGINS", "").split(",") if o]
ROOT_URLCONF = "clinical.urls"
WSGI_APPLICATION = "clinical.wsgi.application"
AUTH_USER_MODEL = "clinical.User"
USE_TZ = True
TIME_ZONE = os.environ.get("EPITOME_TIME_ZONE", "UTC")
LANGUAGE_CODE = "en-gb"
USE_I18N = False

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "allauth",
    "allauth.account",
    "clinical",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "clinical.middleware.SourceMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "clinical.middleware.AccessMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "clinical.views.context.site",
            ],
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
        },
    }
]

DATABASES = {}
if url := os.environ.get("DATABASE_URL"):
    DATABASES["default"] = database(url)
if url := os.environ.get("DATABASE_OWNER_URL"):
    DATABASES["owner"] = database(url)
    DATABASES.setdefault("default", DATABASES["owner"])
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = os.environ.get("REDIS_URL", "")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "clinical_cache"}}
SESSION_ENGINE = "django.contrib.sessions.backends.db"

# People sign in with an account the operator made; there is no sign-up and no mail.
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
ACCOUNT_ADAPTER = "clinical.accounts.SiteAccounts"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_USER_MODEL_EMAIL_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_SESSION_REMEMBER = False
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]

SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_NAME = "epitome_session"
CSRF_COOKIE_NAME = "epitome_csrf"
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not IS_PLAIN_HTTP
SECURE_SSL_REDIRECT = not IS_PLAIN_HTTP
SECURE_HSTS_SECONDS = 0 if IS_PLAIN_HTTP else 31_536_000
if os.environ.get("EPITOME_BEHIND_PROXY") == "1":
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

# Uploads stay in memory: nothing clinical touches the disk in the clear.
UPLOAD_REQUEST_BYTES = 120 * 2**20
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
FILE_UPLOAD_MAX_MEMORY_SIZE = UPLOAD_REQUEST_BYTES
DATA_UPLOAD_MAX_MEMORY_SIZE = 24 * 2**20
DATA_UPLOAD_MAX_NUMBER_FILES = 50

STATIC_URL = "static/"
STATIC_ROOT = Path(os.environ.get("EPITOME_STATIC_ROOT", BASE_DIR / ".local" / "static"))
_NODE = BASE_DIR / "node_modules"
STATICFILES_DIRS = [("bootstrap", _NODE / "bootstrap" / "dist" / "css")] if _NODE.exists() else []
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"()": "clinical.redaction.PlainFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": [], "propagate": True, "level": "WARNING"},
        "django.server": {"handlers": [], "propagate": False},
        "httpx": {"level": "WARNING"},
    },
}
