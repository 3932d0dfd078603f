"""Make what the bench starts from.

`seed.py tables SECRET` makes the tables and a client; `seed.py grants N` prints N refresh tokens.

BENCH_HASH_SECRET: whether the client's secret is hashed ("yes" or "no").
"""

import os
import secrets
import sys
import uuid
from datetime import timedelta

import django

django.setup()

# Models can be imported only after `setup`.
from django.contrib.auth.models import User  # noqa: E402  Django is set up before its models are imported
from django.core.management import call_command  # noqa: E402  Django is set up before its models are imported
from django.utils import timezone  # noqa: E402  Django is set up before its models are imported
from oauth2_provider.models import AccessToken, Application, RefreshToken  # noqa: E402  Django is set up before its models are imported

CLIENT_ID = "bench"


def tables(secret: str) -> None:
    """All tables, and the one client."""
    call_command("migrate", verbosity=0)
    Application.objects.create(
        client_id=CLIENT_ID,
        client_secret=secret,
        hash_client_secret=os.environ["BENCH_HASH_SECRET"] == "yes",
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        redirect_uris="https://client.example.com/callback",
        name="Bench",
    )


def grants(count: int) -> None:
    """One user, one access token and one refresh token for each."""
    application = Application.objects.get(client_id=CLIENT_ID)
    users = User.objects.bulk_create(User(username=f"subject-{uuid.uuid4().hex}", password="!") for _ in range(count))
    access_tokens = AccessToken.objects.bulk_create(
        AccessToken(
            user=user,
            application=application,
            token=secrets.token_urlsafe(24),
            expires=timezone.now() + timedelta(hours=10),
            scope="api:read",
        )
        for user in users
    )
    refresh_tokens = RefreshToken.objects.bulk_create(
        RefreshToken(
            user=access_token.user,
            application=application,
            token=secrets.token_urlsafe(24),
            access_token=access_token,
            token_family=uuid.uuid4(),
        )
        for access_token in access_tokens
    )
    print("\n".join(refresh_token.token for refresh_token in refresh_tokens))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["tables", secret]:
            tables(secret)
        case ["grants", count]:
            grants(int(count))
        case _:
            raise SystemExit(__doc__)
