"""What every grant type is: parse once, then gather and decide, again when a race was lost (design: "A refresh")."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from evergrant.core.access import Asked, Resources
from evergrant.core.credential import Credentials, Kind, Presented
from evergrant.core.decisions import Decision
from evergrant.core.facts import Caller, Client, GrantFacts, Realm, Subject
from evergrant.core.grant import Case, Proof, judge
from evergrant.core.policy import Policy
from evergrant.core.ports.reader import Reader
from evergrant.protocol.forms import Form
from evergrant.protocol.record import record
from evergrant.protocol.secret import Secret
from evergrant.protocol.values import Millis


class PasswordCheck(Protocol):
    """Sign-in by user name and password: the subject, or None for a wrong name or password.

    Raises TooManyAttempts while the name or the address is throttled.
    """

    async def __call__(self, username: str, password: Secret, /) -> Subject | None: ...


@record
class Ask:
    """All that gathering may ask: nothing here can write to a grant."""

    reader: Reader
    credentials: Credentials
    check_password: PasswordCheck


@record
class Setting:
    """The world a request is decided in, as it is at this round."""

    client: Client
    realm: Realm
    policy: Policy
    resources: Resources
    issuer: str
    caller: Caller
    now: Millis


@record
class Judged:
    """A decision and the facts it stands on; `presented` and `facts` are None where no credential is shown."""

    decision: Decision
    presented: Presented | None = None
    facts: GrantFacts | None = None


Attempt = Callable[[Ask, Setting], Awaitable[Judged]]
"""A parsed request, ready to be gathered and decided as often as needed."""

R = TypeVar("R")
F = TypeVar("F")


class GrantType(Protocol):
    """A row of the registry of grant types."""

    @property
    def name(self) -> str: ...

    def read(self, form: Form, /) -> Attempt:
        """Parses; raises InvalidRequest, InvalidScope. Parameters of other grant types are ignored."""
        ...


@dataclass(frozen=True, slots=True)
class Stages(Generic[R, F]):
    """A grant type from its three functions: `parse` and `decide` are pure, `gather` can only ask."""

    name: str
    parse: Callable[[Form], R]
    gather: Callable[[R, Ask], Awaitable[F]]
    decide: Callable[[R, F, Setting], Judged]

    def read(self, form: Form, /) -> Attempt:
        request = self.parse(form)

        async def attempt(ask: Ask, setting: Setting) -> Judged:
            return self.decide(request, await self.gather(request, ask), setting)

        return attempt


@record
class Shown:
    """A request that shows a credential of a grant: a code or a refresh token."""

    token: Secret
    kind: Kind
    proof: Proof
    asked: Asked


@record
class Opened:
    """What the credential turned out to be, and what the store knows of its grant."""

    presented: Presented | None
    facts: GrantFacts | None


async def look_up(shown: Shown, ask: Ask) -> Opened:
    """One read, and none at all for garbage."""
    presented = ask.credentials.open(shown.token, shown.kind)
    facts = None if presented is None else await ask.reader.grant(presented.grant_id)
    return Opened(presented, facts)


def judge_shown(shown: Shown, opened: Opened, setting: Setting) -> Judged:
    """The judging table's verdict."""
    case = Case(
        presented=opened.presented,
        kind=shown.kind,
        facts=opened.facts,
        client=setting.client,
        realm=setting.realm,
        policy=setting.policy,
        proof=shown.proof,
        asked=shown.asked,
        resources=setting.resources,
        issuer=setting.issuer,
        caller=setting.caller,
        now=setting.now,
    )
    return Judged(judge(case), opened.presented, opened.facts)
