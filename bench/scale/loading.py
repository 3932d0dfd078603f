"""Fill a database with live grants, by SQL: each row as the store writes it, with what differs made by the database."""

import json
import shutil
import time
from typing import Any

import psycopg

from bench.scale.objects import CLIENTS, DAY, MINUTE, Templates, known_digest, known_id, known_numbers, prepare
from bench.scale.objects import subjects_for as subjects_for_grants
from bench.scale.place import Place, postgres
from evergrant.app.settings import load_settings
from evergrant.app.wiring import upgrade_schema

CHUNK = 1_000_000

Columns = dict[str, str]
"""By column, the expression that makes its value from the row's number `i`."""


def load(place: Place) -> dict[str, Any]:
    """Make the database anew; seconds for each step."""
    if place.data.exists():
        shutil.rmtree(place.data)
    place.data.mkdir(parents=True, mode=0o700)
    if place.kind == "postgresql":
        _new_postgres_database(place)
    upgrade_schema(load_settings(data_dir=place.data, database={"url": place.url}))
    now = time.time_ns() // 1_000_000
    templates = prepare(place, now)
    steps = _fill_sqlite(place, templates, now) if place.kind == "sqlite" else _fill_postgres(place, templates, now)
    return {"place": place.name, "kind": place.kind, "seconds": {name: round(it, 1) for name, it in steps.items()}}


def _new_postgres_database(place: Place) -> None:
    with psycopg.connect(
        host="127.0.0.1", port=postgres().port, user="evergrant", dbname="postgres", autocommit=True
    ) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {place.name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {place.name} TEMPLATE template0")


def _literal(value: object) -> str:
    match value:
        case None:
            return "NULL"
        case bytes():
            return f"x'{value.hex()}'"
        case str():
            quoted = value.replace("'", "''")
            return f"'{quoted}'"
        case _:
            return str(int(str(value)))


def grant_columns(template: dict[str, Any], grants: int, now: int, own: Columns) -> Columns:
    """Ages up to a month, last used within the last ten days, some hundred generations old."""
    people = subjects_for_grants(grants)
    created = f"({now} - {MINUTE} - i * 7919 % {10 * DAY})"
    used = f"({created} + {MINUTE} / 2)"
    varying = {
        "client_id": f"'scale-' || ((i + i / {people}) % {CLIENTS})",
        "generation": "1 + i % 500",
        "renewed_at": used,
        "previous_renewed_at": f"{used} - 1000",
        "used_at": used,
        "auth_time": created,
        "created_at": created,
        "granted_at": created,
        "expires_at": f"{created} + {90 * DAY}",
        "pending_expires_at": f"{created} + {MINUTE}",
    }
    return {name: _literal(value) for name, value in template.items()} | varying | own


def subject_columns(template: dict[str, Any], own: Columns) -> Columns:
    return {name: _literal(value) for name, value in template.items()} | own


def mixed(number: str) -> str:
    """Another number for each below 2^32, in no order."""
    return f"(({number}) * 2654435761 + 97) % 4294967296"


def _insert(table: str, columns: Columns, source: str) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(columns.values())} FROM {source}"


class _Watch:
    """Seconds by step."""

    def __init__(self) -> None:
        self.steps: dict[str, float] = {}
        self._since = time.monotonic()

    def done(self, name: str) -> None:
        now = time.monotonic()
        self.steps[name] = self.steps.get(name, 0.0) + now - self._since
        self._since = now
        print(json.dumps({name: round(self.steps[name], 1)}), flush=True)


# --- SQLite ---------------------------------------------------------------------------


def _fill_sqlite(place: Place, templates: Templates, now: int) -> dict[str, float]:
    watch, people = _Watch(), subjects_for_grants(place.grants)
    with place.connect() as connection:
        run = connection.execute
        # Nobody else is there, and what is lost is made again.
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-3000000", "temp_store=MEMORY"):
            run(f"PRAGMA {pragma}")
        indexes = run("SELECT name, sql FROM sqlite_master WHERE tbl_name = 'grants' AND sql LIKE 'CREATE INDEX%'")
        made_again = indexes.fetchall()
        for name, _ in made_again:
            run(f"DROP INDEX {name}")
        run("CREATE TEMP TABLE known (number INTEGER PRIMARY KEY, id BLOB, digest BLOB)")
        numbers = known_numbers(place.grants)
        rows = [(it, known_id(it), known_digest(it)) for it in numbers]
        run("BEGIN")
        connection.executemany("INSERT INTO known VALUES (?, ?, ?)", rows)
        run("COMMIT")
        text = f"printf('%08x', {mixed(f'i % {people}')})"
        own = {
            # The primary key's own index grows as it would in life: in no order.
            "id": "coalesce(known.id, randomblob(16))",
            "secret_digest": "coalesce(known.digest, randomblob(32))",
            "subject": f"'u_' || {text} || '{'s' * 14}'",
            "session_id": f"{text} || '{'e' * 14}'",
        }
        columns = grant_columns(templates.grant, place.grants, now, own)
        for first in range(0, place.grants, CHUNK):
            last = min(first + CHUNK, place.grants) - 1
            series = f"WITH RECURSIVE s(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM s WHERE i < {last}) "
            run(series + _insert("grants", columns, "s LEFT JOIN known ON known.number = s.i"))
            watch.done("grants")
        run(
            f"WITH RECURSIVE s(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM s WHERE i < {people - 1}) "
            + _insert(
                "subjects",
                subject_columns(
                    templates.subject,
                    {
                        "id": f"'u_' || printf('%08x', {mixed('i')}) || '{'s' * 14}'",
                        "username": "'user-' || i",
                        "username_key": "'user-' || i",
                    },
                ),
                f"(SELECT i FROM s ORDER BY {mixed('i')})",
            )
        )
        watch.done("subjects")
        for _, statement in made_again:
            run(statement)
        watch.done("indexes")
        run("PRAGMA journal_mode=WAL")
        watch.done("settle")
    return watch.steps


# --- PostgreSQL -------------------------------------------------------------------------


def _fill_postgres(place: Place, templates: Templates, now: int) -> dict[str, float]:
    watch, people = _Watch(), subjects_for_grants(place.grants)
    with place.psycopg() as connection:
        run = connection.execute
        run("SET synchronous_commit = off")
        made_again = run(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'grants' AND indexname <> 'grants_pkey'"
        ).fetchall()
        for name, _ in made_again:
            run(f"DROP INDEX {name}")
        run("CREATE TEMP TABLE known (number bigint PRIMARY KEY, id bytea, digest bytea)")
        with connection.cursor().copy("COPY known FROM STDIN") as copy:
            for number in known_numbers(place.grants):
                copy.write_row((number, known_id(number), known_digest(number)))
        run("ANALYZE known")
        text = f"lpad(to_hex({mixed(f'i % {people}')}), 8, '0')"
        own = {
            "id": "coalesce(known.id, decode(md5('g' || i), 'hex'))",
            "secret_digest": "coalesce(known.digest, decode(md5('d' || i) || md5('e' || i), 'hex'))",
            "subject": f"'u_' || {text} || '{'s' * 14}'",
            "session_id": f"{text} || '{'e' * 14}'",
        }
        columns = grant_columns(_as_bytea(templates.grant), place.grants, now, own)
        for first in range(0, place.grants, CHUNK):
            last = min(first + CHUNK, place.grants) - 1
            series = f"generate_series({first}::bigint, {last}) AS s(i) LEFT JOIN known ON known.number = s.i"
            run(_insert("grants", columns, series))
            watch.done("grants")
        run(
            _insert(
                "subjects",
                subject_columns(
                    templates.subject,
                    {
                        "id": f"'u_' || lpad(to_hex({mixed('i')}), 8, '0') || '{'s' * 14}'",
                        "username": "'user-' || i",
                        "username_key": "'user-' || i",
                    },
                ),
                f"generate_series(0::bigint, {people - 1}) AS s(i)",
            )
        )
        watch.done("subjects")
        for _, statement in made_again:
            run(statement)
        watch.done("indexes")
        run("VACUUM (ANALYZE)")
        run("CHECKPOINT")
        watch.done("settle")
    return watch.steps


def _as_bytea(template: dict[str, Any]) -> dict[str, Any]:
    """Byte columns are made by the database; what stands in the template is never used."""
    return {name: None if isinstance(value, bytes) else value for name, value in template.items()}
