"""What a loaded database holds: clients made the proper way, and one grant and one subject to copy."""

import asyncio
import hashlib
import json
from dataclasses import dataclass, replace
from typing import Any

from bench.scale.place import Place
from evergrant.app.settings import load_settings
from evergrant.app.wiring import open_office
from evergrant.core.access import Grantable
from evergrant.core.credential import Credentials, Kind, secret_digest
from evergrant.core.facts import Caller, Client, GrantState, Realm, Subject
from evergrant.core.opening import draft
from evergrant.protocol.scope import Scope
from evergrant.protocol.values import GrantId, Millis
from evergrant.server.engine.operators.clients import NewClient
from evergrant.server.engine.operators.subjects import NewSubject
from evergrant.store.sql.rows.grants import grant_values
from evergrant.store.sql.rows.people import subject_values

CLIENTS = 10
GRANTS_PER_SUBJECT = 4
KNOWN_AT_MOST = 20_000
KNOWN_CLIENTS = 5
"""Only the first clients' grants are refreshed, so that all grants of another one can be ended beside it."""

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
MINUTE, DAY = 60_000, 86_400_000
SCOPE = "profile email offline_access"
"""Without `openid`: an ID token costs an RSA signature beside, which is not what is measured here."""


@dataclass(frozen=True, slots=True)
class Templates:
    """One row of each kind, exactly as the store writes it, by column."""

    grant: dict[str, Any]
    subject: dict[str, Any]


def prepare(place: Place, now: int) -> Templates:
    """Make the clients and one subject by the operator's own verbs; their secrets go to a file beside the database."""

    async def make() -> Templates:
        office = await open_office(load_settings(data_dir=place.data, database={"url": place.url}), "default")
        try:
            secrets: dict[str, str] = {}
            for number in range(CLIENTS):
                made = await office.clients.create(
                    office.call,
                    NewClient(
                        id=f"scale-{number}",
                        name=f"Client {number}",
                        redirect_uris=("https://client.example/callback",),
                        scope=SCOPE,
                    ),
                )
                secrets[made.client.id] = made.secret.reveal() if made.secret else ""
            person = await office.subjects.create(office.call, NewSubject("somebody", roles=("reader",)))
            realm, client, subject = office.realm, made.client, person.subject
        finally:
            await office.close()
        secrets_file = place.data / "clients.json"
        secrets_file.write_text(json.dumps(secrets))
        secrets_file.chmod(0o600)
        return Templates(_grant(realm, client, subject, now), dict(subject_values(realm.id, subject)))

    return asyncio.run(make())


def _grant(realm: Realm, client: Client, subject: Subject, now: int) -> dict[str, Any]:
    """An active grant that came through the authorization endpoint."""
    scope = Scope.parse(SCOPE)
    drafted = draft(
        client=client,
        subject=subject,
        realm=realm,
        granted=Grantable(scope, ()),
        auth_time=Millis(now),
        amr=("pwd",),
        session_id="s" * 22,
        caller=Caller(AGENT, "192.0.2.0/24"),
        now=Millis(now),
    )
    active = replace(
        drafted,
        id=GrantId(bytes(16)),
        state=GrantState.ACTIVE,
        key_id=1,
        secret_digest=bytes(32),
        challenge="c" * 43,
        expires_at=Millis(now + 90 * DAY),
        pending_expires_at=Millis(now + MINUTE),
    )
    return dict(grant_values(realm.id, active))


# --- the grants whose secrets the bench knows ---------------------------------------


def client_of(number: int, grants: int) -> int:
    """Which client the grant of that number belongs to; the loaders' SQL says the same."""
    return (number + number // subjects_for(grants)) % CLIENTS


def subjects_for(grants: int) -> int:
    return grants // GRANTS_PER_SUBJECT


def known_numbers(grants: int) -> list[int]:
    """Evenly over the table; 1,000 of ten thousand, 20,000 of more."""
    known = min(grants // 10, KNOWN_AT_MOST)
    found = []
    for number in range(0, grants, grants // known):
        while client_of(number, grants) >= KNOWN_CLIENTS:
            number += 1
        found.append(number)
    return found[:known]


def known_id(number: int) -> GrantId:
    return GrantId(hashlib.sha256(b"grant %d" % number).digest()[:16])


def known_secret(number: int) -> bytes:
    return hashlib.sha256(b"secret %d" % number).digest()[:16]


def known_digest(number: int) -> bytes:
    return secret_digest(known_id(number), known_secret(number))


def tokens(place: Place, count: int) -> list[str]:
    """One line `token form` for each of `count` known grants, spread evenly, as they stand in the database now."""
    from evergrant.app.master_key import read_master_keys

    numbers = known_numbers(place.grants)
    numbers = numbers[:: max(1, len(numbers) // count)][:count]
    secrets = json.loads((place.data / "clients.json").read_text())
    masters = read_master_keys((place.data / "master.key").read_text().strip())
    by_id = {known_id(number): number for number in numbers}
    lines = []
    with place.connect() as connection:
        (realm,) = connection.execute("SELECT id FROM realms WHERE name = 'default'").fetchone()
        credentials = Credentials(realm, masters)
        mark = "?" if place.kind == "sqlite" else "%s"
        query = f"SELECT generation, key_id, client_id FROM grants WHERE id = {mark} AND state = 'active'"
        for grant_id, number in by_id.items():
            row = connection.execute(query, (grant_id,)).fetchone()
            if row is not None:
                token = credentials.seal(Kind.REFRESH, row[1], grant_id, known_secret(number), row[0])
                lines.append(f"{token.reveal()} client_id={row[2]}&client_secret={secrets[row[2]]}")
    return lines
