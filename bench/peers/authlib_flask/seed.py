"""Make what the bench starts from.

`seed.py tables SECRET` makes the tables and a client; `seed.py grants N` prints N refresh tokens.
"""

import secrets
import sys

from app import Base, Client, Token, User, engine, session

CLIENT_ID = "bench"


def tables(secret: str) -> None:
    """All tables, and the one client."""
    Base.metadata.create_all(engine)
    client = Client(client_id=CLIENT_ID, client_secret=secret)
    client.set_client_metadata(
        {"grant_types": ["refresh_token"], "scope": "api:read", "token_endpoint_auth_method": "client_secret_post"}
    )
    session.add(client)
    session.commit()


def grants(count: int) -> None:
    """One user and one token for each."""
    users = [User(name=f"subject-{number}") for number in range(count)]
    session.add_all(users)
    session.flush()
    refresh_tokens = [secrets.token_urlsafe(36) for _ in users]
    session.add_all(
        Token(
            client_id=CLIENT_ID,
            user_id=user.id,
            token_type="Bearer",
            access_token=secrets.token_urlsafe(32),
            refresh_token=refresh_token,
            scope="api:read",
            expires_in=864000,
        )
        for user, refresh_token in zip(users, refresh_tokens, strict=True)
    )
    session.commit()
    print("\n".join(refresh_tokens))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["tables", secret]:
            tables(secret)
        case ["grants", count]:
            grants(int(count))
        case _:
            raise SystemExit(__doc__)
