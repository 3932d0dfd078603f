"""What the configuration file, the environment and the caller say, merged; nothing is decided here.

One entry of `Given` is one setting: `session.idle` is `[session] idle = …` in `evergrant.toml` and
`EVERGRANT_SESSION__IDLE` in the environment. Later sources win: file, environment, caller.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from evergrant.app.durations import parse_duration
from evergrant.app.problems import Problem
from evergrant.core.durability import Durability

CONFIG_VARIABLE: Final = "EVERGRANT_CONFIG"
CONFIG_FILE: Final = "evergrant.toml"


def _duration(value: object) -> int:
    return parse_duration(str(value))


def _words(value: object) -> object:
    """A list as a file writes it, or as the environment does: separated by commas."""
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


Duration = Annotated[int, BeforeValidator(_duration)]
Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)]


class Section(BaseModel):
    """A table of the file. Unknown names are refused: they are slips of the pen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Database(Section):
    """Where everything is kept."""

    url: str | None = Field(default=None, repr=False, description="SQLAlchemy URL: sqlite:///… or postgresql://…")
    url_file: Path | None = Field(default=None, description="File that holds the database URL")
    batches: int = Field(
        default=1, ge=1, le=16, description="Batches of renewals under way at once; more for a PostgreSQL far away"
    )
    renewal_durability: Durability = Field(
        default="replicated",
        description="What a renewal on PostgreSQL waits for: as the database is set up, or `local`: its own disk only",
    )


class Listen(Section):
    """Where the server listens and whom it believes."""

    # Not `host` and `port` themselves: Kubernetes sets EVERGRANT_PORT=tcp://… beside a service of that name.
    host: str = Field(default="localhost", description="Address to listen on")
    port: int = Field(default=8000, ge=0, le=65535, description="Port to listen on")
    workers: int | None = Field(
        default=None, description="Processes. Not set: one for each core on PostgreSQL. SQLite always has one"
    )


class Tls(Section):
    """Certificate and key for https without a proxy."""

    cert: Path | None = Field(default=None, description="Certificate chain, PEM")
    key: Path | None = Field(default=None, description="Private key of the certificate, PEM")


class Session(Section):
    """How long a browser stays signed in."""

    idle: Duration = Field(
        default=12 * 3_600_000, ge=60_000, description="A browser's sign-in ends after this long without use"
    )
    absolute: Duration = Field(
        default=30 * 86_400_000, ge=60_000, description="A browser's sign-in ends after this long"
    )


class Reaper(Section):
    """How often what is over is deleted."""

    interval: Duration = Field(
        default=60_000, ge=1_000, description="Pause between two rounds of deleting what is over"
    )


class Events(Section):
    """How long the audit trail is kept."""

    retention: Duration = Field(default=400 * 86_400_000, ge=3_600_000, description="How long security events are kept")


class Keys(Section):
    """When signing keys are rotated."""

    rotation: Duration = Field(default=90 * 86_400_000, ge=3_600_000, description="How long a signing key signs")
    publish_ahead: Duration = Field(
        default=86_400_000, ge=60_000, description="How long a new key is published before it signs"
    )


class Log(Section):
    """How much is logged, and how it looks."""

    format: Literal["auto", "console", "json"] = Field(
        default="auto", description="auto: for people on a terminal, JSON elsewhere"
    )
    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least important line shown"
    )


class Given(BaseSettings):
    """Every setting, as it was given."""

    model_config = SettingsConfigDict(
        env_prefix="EVERGRANT_", env_nested_delimiter="__", env_ignore_empty=True, extra="forbid", frozen=True
    )

    env: Literal["development", "production"] = Field(
        default="development", description="Production refuses all conveniences"
    )
    data_dir: Path = Field(default=Path("evergrant-data"), description="The only folder that is written to")
    issuer: str | None = Field(
        default=None, description="URL that clients know this server by; in development http://localhost:{port}"
    )
    master_key: str | None = Field(
        default=None, repr=False, description="32 bytes as base64url, or several as 2:…,1:…; the first one signs"
    )
    master_key_file: Path | None = Field(default=None, description="File that holds the master key")
    trusted_proxies: Words = Field(
        default=(), description="Networks whose Forwarded and X-Forwarded-* headers are believed"
    )
    metrics_networks: Words = Field(default=("127.0.0.0/8", "::1/128"), description="Networks that may read /metrics")
    allowed_hosts: Words = Field(default=(), description="Host names that are answered besides the issuer's")
    database: Database = Database()
    listen: Listen = Listen()
    tls: Tls = Tls()
    session: Session = Session()
    reaper: Reaper = Reaper()
    events: Events = Events()
    keys: Keys = Keys()
    log: Log = Log()
    policy: dict[str, str | int | bool] = Field(default={}, description="Policies of the default realm")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  pydantic passes it by name
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003  pydantic passes it by name
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  pydantic passes it by name
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  pydantic passes it by name
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # The sources are merged by `collect`, so that what is wrong in one of them does not hide the rest.
        return (init_settings,)


class _Environment(EnvSettingsSource):
    """The variables, read so that a malformed one is a problem among the others and not the end."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: object) -> object:
        try:
            decoded: object = super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value
        return decoded


def collect(given: Mapping[str, object], folder: Path) -> tuple[Given, list[Problem]]:
    """Read all sources: the settings, with defaults in the place of wrong ones, and what is wrong."""
    data, problems = _file(folder)
    _merge(data, _Environment(Given)())
    _merge(data, given)
    # Each round takes the wrong entries out, so that all problems are told at once and not one a start.
    while True:
        try:
            return Given.model_validate(data), problems
        except ValidationError as error:
            for fault in error.errors(include_input=False, include_url=False):
                problems.append(_problem(tuple(str(part) for part in fault["loc"]), fault["type"], fault["msg"]))
                _drop(data, [str(part) for part in fault["loc"]])


def _file(folder: Path) -> tuple[dict[str, object], list[Problem]]:
    named = os.environ.get(CONFIG_VARIABLE)
    path = folder / (named or CONFIG_FILE)
    if named is None and not path.exists():
        return {}, []
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")), []
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        return {}, [Problem(CONFIG_VARIABLE, f"{path} cannot be read: {reason}", "Name a readable file.")]
    except tomllib.TOMLDecodeError as error:
        return {}, [Problem(str(path), f"is not TOML: {error}", "Correct the line.")]


def _merge(into: dict[str, object], more: Mapping[str, object]) -> None:
    for name, value in more.items():
        present = into.get(name)
        if isinstance(value, Mapping) and isinstance(present, dict):
            _merge(present, value)
        else:
            into[name] = dict(value) if isinstance(value, Mapping) else value


def _drop(data: dict[str, object], where: list[str]) -> None:
    """Take out the entry at `where`, or the nearest one above that is really there."""
    inner = data.get(where[0])
    if len(where) > 1 and isinstance(inner, dict) and where[1] in inner:
        _drop(inner, where[1:])
    else:
        data.pop(where[0], None)


def _problem(where: tuple[str, ...], kind: str, message: str) -> Problem:
    if kind == "extra_forbidden":
        return Problem(".".join(where), "there is no such setting", f"Remove it; settings: {_known(where)}.")
    wrong = message.removeprefix("Value error, ")
    return Problem(".".join(where), wrong[0].lower() + wrong[1:], "Correct it.")


def _known(where: tuple[str, ...]) -> str:
    model: type[BaseModel] = Given
    for name in where[:-1]:
        annotation = model.model_fields[name].annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            model = annotation
    return ", ".join(model.model_fields)
