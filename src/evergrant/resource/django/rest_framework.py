"""Django REST framework: authentication by access token, and permissions that say what the token has to reach.

    REST_FRAMEWORK = {
        "DEFAULT_AUTHENTICATION_CLASSES": ["evergrant.resource.django.rest_framework.AccessTokenAuthentication"],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        "EXCEPTION_HANDLER": "evergrant.resource.django.rest_framework.exception_handler",
    }

    class Notes(APIView):
        permission_classes = [Needs("notes:read")]

        def get(self, request):
            return Response({"of": request.auth.subject})

The API is declared in the setting `EVERGRANT`, as for Django (see `evergrant.resource.django`). Without the exception
handler, status, challenge and body are right all the same; the body is written by the renderer of the view.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Unpack

from django.http import HttpResponse
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import APIException, NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from evergrant.resource.access_token import AccessToken
from evergrant.resource.django.settings import guard
from evergrant.resource.django.views import authorization, response
from evergrant.resource.refusals import Refused
from evergrant.resource.requirements import ANY_TOKEN, Conditions, Requirement, require


@dataclass(frozen=True, slots=True)
class TokenUser:
    """Whom a token acts for, as the framework asks after a user: no row, and nothing that was not in the token."""

    pk: str
    is_authenticated: ClassVar[bool] = True
    is_anonymous: ClassVar[bool] = False
    is_active: ClassVar[bool] = True

    def get_username(self) -> str:
        """The subject of the token."""
        return self.pk

    def __str__(self) -> str:
        return self.pk


class NotLetIn(APIException):  # type: ignore[misc]  # the framework has no types
    """What the framework makes an answer of: the one that the guard gives."""

    def __init__(self, refused: Refused) -> None:
        self.answer = guard().refuse(refused)
        headers = dict(self.answer.headers)
        # By these names the framework's own handler finds them.
        self.status_code = self.answer.status
        self.detail = json.loads(self.answer.body)
        self.auth_header = headers.get("WWW-Authenticate")
        self.wait = int(headers.get("Retry-After", 0))


class AccessTokenAuthentication(BaseAuthentication):  # type: ignore[misc]  # the framework has no types
    """`request.auth` is the AccessToken, `request.user` a TokenUser; without a token both are as for anybody.

    To have the user of a table instead:

        class Ours(AccessTokenAuthentication):
            def user_of(self, token):
                return Person.objects.get_or_create(subject=token.subject)[0]
    """

    def authenticate(self, request: Request) -> tuple[object, AccessToken] | None:
        """Raises NotLetIn for a token that is not good; None, if another way of authentication was taken."""
        try:
            token = guard().admit(authorization(request._request))
        except Refused as refused:
            if refused.error is None:
                return None
            raise NotLetIn(refused) from None
        return self.user_of(token), token

    def user_of(self, token: AccessToken) -> object:
        """Whom the token acts for. To refuse, raise `rest_framework.exceptions.PermissionDenied`."""
        return TokenUser(token.subject)

    def authenticate_header(self, _: Request) -> str:
        """The challenge for whoever shows nothing, RFC 6750 §3."""
        return _challenge(Refused(None))


def Needs(  # noqa: N802  it makes a class, and stands where classes stand
    *scopes: str, needs: Requirement = ANY_TOKEN, **conditions: Unpack[Conditions]
) -> type[BasePermission]:
    """A permission class: the token has the scopes and what else is named (see `evergrant.resource.require`).

        permission_classes = [Needs("payments", acr=["phr"], max_age_s=300)]

    Whoever was authenticated in another way lacks this permission, so `Needs("notes:read") | IsAdminUser` lets in both.
    A token that does not reach far enough is refused at once, whatever follows `|`: only so is the client told what to
    ask for.
    """
    wanted = require(*scopes, **conditions) & needs

    class NeedsToken(BasePermission):  # type: ignore[misc]  # the framework has no types
        """Made by Needs."""

        def has_permission(self, request: Request, _: object) -> bool:
            if request.successful_authenticator is not None and not isinstance(request.auth, AccessToken):
                return False
            try:
                if isinstance(request.auth, AccessToken):
                    guard().demand(request.auth, wanted)
                else:
                    guard().admit(authorization(request._request), wanted)
            except Refused as refused:
                raise NotLetIn(refused) from None
            return True

    return NeedsToken


def exception_handler(problem: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """Answers what is refused exactly as every adapter does; all else as the framework usually does."""
    # Not before: the framework's views look for the classes in its settings, and so for this file, while they load.
    from rest_framework.views import exception_handler as usual_exception_handler
    from rest_framework.views import set_rollback

    if isinstance(problem, NotAuthenticated) and getattr(problem, "auth_header", None) == _challenge(Refused(None)):
        problem = NotLetIn(Refused(None))
    if isinstance(problem, NotLetIn):
        set_rollback()
        return response(problem.answer)
    return usual_exception_handler(problem, context)


def _challenge(refused: Refused) -> str:
    return dict(guard().refuse(refused).headers)["WWW-Authenticate"]
