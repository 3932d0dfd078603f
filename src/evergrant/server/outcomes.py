"""What a step of an authorization ends in: a page to show or a place to go. Nothing here is HTML or HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from evergrant.core.authorize import Allowed
from evergrant.core.facts import Client, Resource, Subject
from evergrant.core.policy import Policy
from evergrant.core.throttle import Throttled
from evergrant.protocol.secret import Secret


@dataclass(frozen=True, slots=True)
class WrongPassword:
    """Wrong user name or password; which, is nobody's business."""


@dataclass(frozen=True, slots=True)
class Incomplete:
    """A user name and a password are needed."""


Problem = WrongPassword | Incomplete | Throttled


@dataclass(frozen=True, slots=True)
class SignInPage:
    """Ask for user name and password. `interaction` is the sealed field of the form."""

    interaction: str = field(repr=False)
    client: Client
    redirect_uri: str
    username: str = ""
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class ConsentPage:
    """Ask whether the client may. `on_this_device`: any program on the device could be asking."""

    interaction: str = field(repr=False)
    client: Client
    redirect_uri: str
    subject: Subject
    asks: Allowed
    resources: Mapping[str, Resource]
    policy: Policy
    refreshable: bool
    on_this_device: bool


@dataclass(frozen=True, slots=True)
class Redirect:
    """Go to the client with a code or an error, or on to our own next step. Never repeated with its body (303)."""

    url: Secret


@dataclass(frozen=True, slots=True)
class Entered:
    """Somebody signed in: two cookies, and where to go on."""

    url: Secret
    session: Secret
    known: str


Outcome = SignInPage | ConsentPage | Redirect
