"""Django: views that need an access token, sync and async; `rest_framework` here is for Django REST framework.

In the settings, the API is declared once (see `evergrant.resource.Resource` for what else may be said):

    INSTALLED_APPS = [..., "evergrant.resource.django"]
    EVERGRANT = {
        "audience": "https://notes.example/api",
        "issuer": "https://login.example.com",
        "scopes": {"notes:read": "Read your notes"},
    }

In the URLs of the project, `path("", include("evergrant.resource.django.urls"))` serves the API's own document
(RFC 9728). And the views say what they need:

    from evergrant.resource.django import access_token, require

    @require("notes:read")
    async def notes(request):
        return JsonResponse({"of": access_token(request).subject})

To ask a token for every view, add `evergrant.resource.django.middleware.AccessTokenMiddleware` to `MIDDLEWARE`.
"""

from evergrant.resource.django.views import access_token, require, token_not_required

__all__ = ["access_token", "require", "token_not_required"]
