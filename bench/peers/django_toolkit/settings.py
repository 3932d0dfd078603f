"""A Django project with nothing in it but the toolkit.

BENCH_DATABASE: a PostgreSQL URL. BENCH_SECRET_KEY: Django's.
"""

import os
from urllib.parse import urlsplit

_database = urlsplit(os.environ["BENCH_DATABASE"])

SECRET_KEY = os.environ["BENCH_SECRET_KEY"]
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "urls"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"]
MIDDLEWARE: list[str] = []  # the token endpoint needs none, and each would cost
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": _database.hostname,
        "PORT": _database.port,
        "USER": _database.username,
        "NAME": _database.path.removeprefix("/"),
        "CONN_MAX_AGE": None,  # each worker keeps its connection
    }
}
USE_TZ = True
OAUTH2_PROVIDER = {
    "SCOPES": {"api:read": "Read"},
    "ROTATE_REFRESH_TOKEN": True,  # its default
}
