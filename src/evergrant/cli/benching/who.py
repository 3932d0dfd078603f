"""As whom the storm asks: the demo clients and person of development mode, or those that are named."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from getpass import getpass
from pathlib import Path
from typing import Final

from evergrant.app.demo import LEGACY, SERVICE
from evergrant.app.demo_file import DemoFile, read_demo_file
from evergrant.app.settings import Settings
from evergrant.cli.benching.scenarios import Scenario
from evergrant.cli.benching.supply import Means
from evergrant.cli.failures import USAGE, Failure
from evergrant.cli.trying.forms import Person
from evergrant.client.exchange import Identity
from evergrant.protocol.secret import Secret

_DEMO_REDIRECT: Final = "http://127.0.0.1/callback"


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of the command."""

    client_id: str | None
    client_secret: str | None = field(repr=False)
    redirect_uri: str
    username: str | None
    password: str | None = field(repr=False)
    tokens: Path | None
    allow_remote: bool


@dataclass(frozen=True, slots=True)
class Cast:
    """Who asks in which scenario."""

    means: Means
    for_passwords: Means

    def means_for(self, scenario: Scenario) -> Means:
        """The password grant is for old programs, so in development mode it has a client of its own."""
        return self.for_passwords if scenario is Scenario.PASSWORD else self.means


def choose(settings: Settings, asked: Asked) -> Cast:
    """Raises Failure if nobody is named and there is no demo."""
    if asked.client_id is not None:
        means = Means(_client(asked.client_id, asked), asked.redirect_uri, _person(asked), _tokens(asked))
        return Cast(means, means)
    demo = read_demo_file(settings.data_dir)
    if demo is None:
        raise Failure(
            "there is no demo.json here, so say as whom to ask",
            "Name --client-id and --username (or --tokens FILE), or run it in the folder of a development server.",
            exit_code=USAGE,
        )
    return _demo(demo, asked)


def _demo(demo: DemoFile, asked: Asked) -> Cast:
    person = Person(demo.username, demo.password)
    means = Means(_known(demo, SERVICE), _DEMO_REDIRECT, person, _tokens(asked))
    return Cast(means, replace(means, client=_known(demo, LEGACY), tokens=()))


def _known(demo: DemoFile, name: str) -> Identity:
    if name not in demo.secrets:
        raise Failure(f"demo.json lacks the client {name}", "Name --client-id.")
    return Identity(name, demo.secrets[name])


def _client(client_id: str, asked: Asked) -> Identity:
    return Identity(client_id, Secret(asked.client_secret) if asked.client_secret else None)


def _person(asked: Asked) -> Person | None:
    if asked.username is None:
        return None
    if asked.password is not None:
        return Person(asked.username, Secret(asked.password))
    if not sys.stdin.isatty():
        raise Failure("the password is missing", "Set EVERGRANT_PASSWORD.", exit_code=USAGE)
    return Person(asked.username, Secret(getpass(f"Password of {asked.username}: ")))


def _tokens(asked: Asked) -> tuple[Secret, ...]:
    if asked.tokens is None:
        return ()
    try:
        lines = asked.tokens.read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError):
        raise Failure(f"{asked.tokens} cannot be read", "Name a text file with one refresh token a line.") from None
    if not lines:
        raise Failure(f"{asked.tokens} is empty", "Write one refresh token a line.")
    return tuple(map(Secret, lines))
