"""An authorization on its way through the pages. It is not stored: it travels sealed in the form, bound to the browser.

That sealed text is also what proves that a form is ours (S-124): nobody else can make one, and it opens only beside the
cookie of the browser that started it (R-015).
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import msgspec

from evergrant.core.authorize import Allowed, Progress
from evergrant.core.policy import MINUTE
from evergrant.core.ports.world import Clock, Random
from evergrant.protocol.forms import Form
from evergrant.server.browser import Browser
from evergrant.server.sealing import Sealer

LIFETIME: Final = 10 * MINUTE


class Step(StrEnum):
    """What may come next. A form of one step is worth nothing at another (R-014)."""

    SIGN_IN = "sign_in"
    CONTINUE = "continue"
    CONSENT = "consent"


@dataclass(frozen=True, slots=True)
class Interaction:
    """`id` becomes the id of the grant, which makes its code the only one there can be.

    `secret` becomes the secret of the code: a form that is sent twice, as a double click does, gives the same code.
    `shown` is what the consent page of this step asks.
    """

    id: bytes
    secret: bytes = field(repr=False)
    started_at: int
    step: Step
    parameters: dict[str, tuple[str, ...]]
    progress: Progress = field(default_factory=Progress)
    shown: Allowed | None = None

    @property
    def form(self) -> Form:
        """The request, to be read again."""
        return Form(self.parameters)


class Interactions:
    """Begins, seals and opens interactions of one realm."""

    def __init__(self, sealer: Sealer, clock: Clock, random: Random) -> None:
        self._sealer = sealer
        self._clock = clock
        self._random = random
        self._decoder = msgspec.msgpack.Decoder(Interaction)

    def begin(self, form: Form) -> Interaction:
        """A new one, from the parameters to remember."""
        parameters = {name: form.all(name) for name in form.names()}
        return Interaction(self._random(16), self._random(16), self._clock(), Step.SIGN_IN, parameters)

    def seal(self, interaction: Interaction, browser: Browser) -> str:
        """As a form field or in our own URL. Raises LookupError for a browser without a cookie."""
        if browser.binding is None:
            raise LookupError("a browser gets its cookie before its first form")
        return self._sealer.seal(msgspec.msgpack.encode(interaction), browser.binding)

    def open(self, text: str | None, browser: Browser, step: Step) -> Interaction | None:
        """The interaction, if this browser started it within ten minutes and `step` is what comes next."""
        if text is None or browser.binding is None:
            return None
        plain = self._sealer.open(text, browser.binding)
        if plain is None:
            return None
        try:
            interaction = self._decoder.decode(plain)
        except msgspec.DecodeError:
            return None  # sealed by another version of this program
        if interaction.step is not step or self._clock() - interaction.started_at > LIFETIME:
            return None
        return interaction
