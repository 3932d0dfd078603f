"""Notes, an API in Django, the whole project in one file. Everybody sees and writes their own.

Needs: pip install "evergrant[django]"
Run:   python notes_django.py
"""

import json
import sys
from collections import defaultdict

from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import include, path
from django.views.decorators.http import require_http_methods

from evergrant.resource.django import access_token, require

ISSUER = "http://localhost:8000"
AUDIENCE = "http://localhost:8001"
PORT = 8001

settings.configure(
    ALLOWED_HOSTS=["localhost", "127.0.0.1"],
    INSTALLED_APPS=["evergrant.resource.django"],
    ROOT_URLCONF=__name__,
    EVERGRANT={
        "audience": AUDIENCE,
        "issuer": ISSUER,
        "scopes": {"notes:read": "Read your notes", "notes:write": "Change your notes"},
        "implies": {"notes:write": ["notes:read"]},
        "name": "Notes",
    },
)
notes: dict[str, list[str]] = defaultdict(list)


def welcome(request: HttpRequest) -> HttpResponse:
    """For everybody: no token is asked for."""
    return JsonResponse({"hello": "world"})


@require("notes:read")
def list_notes(request: HttpRequest) -> HttpResponse:
    """Your notes. A token with notes:write may read them too."""
    return JsonResponse({"notes": notes[access_token(request).subject]})


@require("notes:write")
def add_note(request: HttpRequest) -> HttpResponse:
    """One more note."""
    mine = notes[access_token(request).subject]
    mine.append(json.loads(request.body)["text"])
    return JsonResponse({"notes": mine}, status=201)


def all_notes(request: HttpRequest) -> HttpResponse:
    """One address, and each method asks for what it needs."""
    return add_note(request) if request.method == "POST" else list_notes(request)


urlpatterns = [
    path("open", welcome),
    path("notes", require_http_methods(["GET", "POST"])(all_notes)),
    # What a client reads to learn which issuer to go to (RFC 9728).
    path("", include("evergrant.resource.django.urls")),
]

if __name__ == "__main__":
    execute_from_command_line([sys.argv[0], "runserver", "--noreload", f"localhost:{PORT}"])
