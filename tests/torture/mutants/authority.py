"""Another hunter: what access tokens carry, how long a grant lives, and whether its access tokens end with it. I3, I9

The ledger knows refresh tokens only. So this one looks into the access tokens that came with them, at the grant's row,
and asks for the access tokens once the grant was revoked.
"""

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from typing import Any

from tests.torture.conservation import Finding
from tests.torture.ledger import Kind
from tests.torture.mutants import beside
from tests.torture.mutants.ground import Ground

GRANTED = ("subject", "scope", "resources", "auth_time", "session_id", "binding", "expires_at")
"""Columns of a grant that nothing ever changes once it is active."""


async def authority(ground: Ground) -> None:
    """Two renewals and a revocation."""
    line, session = ground.line(), ground.plain[0]
    before = beside.row_of(ground.stock, session.grant)
    for _ in range(2):
        await ground.refresh(line, session)
    access = [token for token in ground.crowd.secrets if token.startswith("ey")]
    ground.findings += _grown(session.grant, before, beside.row_of(ground.stock, session.grant))
    for token in access:
        ground.findings += _beyond(session.grant, before, _claims(token))
    await ground.crowd.show(line, Kind.REVOKE, session, session.newest)
    for token in access:
        said = await line.post("/introspect", session.program, token=token)
        if said.body != {"active": False}:
            ground.findings.append(Finding("I3", session.grant, f"its access token after its end: {said.body}"))


def _grown(grant: str, before: beside.Row, after: beside.Row) -> Iterator[Finding]:
    for column in GRANTED:
        if before[column] != after[column]:
            yield Finding("I9", grant, f"{column} was {before[column]}, and is {after[column]}")


def _beyond(grant: str, row: beside.Row, claims: dict[str, Any]) -> Iterator[Finding]:
    """What the access token says that the grant does not."""
    more = set(str(claims.get("scope", "")).split()) - set(row["scope"].split())
    if more:
        yield Finding("I9", grant, f"its access token has {sorted(more)} besides")
    if claims["sub"] != row["subject"]:
        yield Finding("I9", grant, "its access token is somebody else's")
    if claims["exp"] * 1000 > row["expires_at"]:
        yield Finding("I9", grant, "its access token outlives it")


def _claims(token: str) -> dict[str, Any]:
    middle = token.split(".")[1]
    found: dict[str, Any] = json.loads(urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    return found
