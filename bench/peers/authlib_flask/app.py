"""The application, as Authlib's documentation of its Flask server builds one.

Run by gunicorn in the peers' environment.

BENCH_DATABASE: a SQLAlchemy URL.
"""

import os
import time

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.integrations.sqla_oauth2 import (
    OAuth2ClientMixin,
    OAuth2TokenMixin,
    create_query_client_func,
    create_save_token_func,
)
from authlib.oauth2.rfc6749 import grants
from flask import Flask, Response
from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, scoped_session, sessionmaker

engine = create_engine(os.environ["BENCH_DATABASE"])
# Objects live as long as a request: reading each again after a commit would only cost.
session = scoped_session(sessionmaker(engine, expire_on_commit=False))


class Base(DeclarativeBase):
    """The tables."""


class User(Base):
    """Whose grants these are."""

    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]

    def get_user_id(self) -> int:
        """Asked for by `create_save_token_func`."""
        return self.id


class Client(Base, OAuth2ClientMixin):
    """With its secret in clear, as Authlib compares it."""

    __tablename__ = "oauth2_clients"
    id: Mapped[int] = mapped_column(primary_key=True)


class Token(Base, OAuth2TokenMixin):
    """A row for each access token, with the refresh token that came with it."""

    __tablename__ = "oauth2_tokens"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"))


class Refresh(grants.RefreshTokenGrant):
    """Rotates: each answer has a new refresh token, and revokes the one it was got with."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> Token | None:
        """The row of a refresh token that is still good."""
        found = session.scalars(select(Token).filter_by(refresh_token=refresh_token)).first()
        return None if found is None or found.refresh_token_revoked_at else found

    def authenticate_user(self, refresh_token: Token) -> User | None:
        """Whose it is."""
        return session.get(User, refresh_token.user_id)

    def revoke_old_credential(self, refresh_token: Token) -> None:
        """In a transaction of its own, after the new one is stored: so Authlib calls it."""
        refresh_token.access_token_revoked_at = refresh_token.refresh_token_revoked_at = int(time.time())
        session.add(refresh_token)
        session.commit()


app = Flask(__name__)
app.config["OAUTH2_REFRESH_TOKEN_GENERATOR"] = True
server = AuthorizationServer(
    app,
    query_client=create_query_client_func(session, Client),
    save_token=create_save_token_func(session, Token),
)
server.register_grant(Refresh)


@app.post("/token")
def token() -> Response:
    """The token endpoint."""
    return server.create_token_response()


@app.teardown_appcontext
def give_back(_problem: BaseException | None) -> None:
    """Return the connection to the pool."""
    session.remove()
