"""What an issuer's other endpoints answer: userinfo, introspection, revocation."""

from __future__ import annotations

from collections.abc import Mapping

from evergrant.client.errors import ProtocolError, Refused
from evergrant.client.exchange import Answer, check_available, check_refused, read_success
from evergrant.protocol.bearer import Challenge, challenges


def read_userinfo(answer: Answer, subject: str | None) -> Mapping[str, object]:
    """The claims. Raises Refused, IssuerUnavailable; ProtocolError also if they are about another than `subject`."""
    check_available(answer)
    challenge = bearer_challenge(answer.headers.get("www-authenticate"))
    if answer.status >= 400 and challenge is not None and "error" in challenge.parameters:
        said = challenge.parameters
        raise Refused(said["error"], said.get("error_description"), answer.status)
    claims = read_success(answer.status, answer.body)
    said_of = claims.get("sub")
    # OpenID Connect Core §5.3.2: otherwise a token put in another's place would bring another person's claims.
    if not isinstance(said_of, str) or (subject is not None and said_of != subject):
        raise ProtocolError("the claims are about somebody else")
    return claims


def read_introspection(answer: Answer) -> Mapping[str, object]:
    """RFC 7662 §2.2. Raises Refused, IssuerUnavailable, ProtocolError."""
    check_available(answer)
    about = read_success(answer.status, answer.body)
    if not isinstance(about.get("active"), bool):
        raise ProtocolError("the answer does not say whether the token is active")
    return about


def check_revoked(answer: Answer) -> None:
    """RFC 7009 §2.2. Raises Refused, IssuerUnavailable, ProtocolError."""
    check_available(answer)
    if not 200 <= answer.status < 300:
        check_refused(answer.status, answer.body)
        raise ProtocolError(f"status {answer.status} without an error code")


def bearer_challenge(header: str | None) -> Challenge | None:
    """What a `WWW-Authenticate` header says of Bearer tokens. RFC 6750 §3."""
    return next((challenge for challenge in challenges(header or "") if challenge.scheme == "bearer"), None)
