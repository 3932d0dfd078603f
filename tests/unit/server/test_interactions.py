"""An interaction travels sealed: only its own browser, in time and in order, gets it back."""

from dataclasses import replace

import pytest

from evergrant.core.authorize import Allowed, Progress
from evergrant.core.credential import MasterKeys
from evergrant.protocol.forms import Form
from evergrant.protocol.secret import Secret
from evergrant.protocol.values import RealmId
from evergrant.server.browser import Browser
from evergrant.server.engine.interactions import LIFETIME, Interaction, Interactions, Step
from evergrant.server.sealing import Sealer
from evergrant.testing.chance import Chance
from evergrant.testing.clock import ManualClock
from tests.unit.server.records import ADA, REALM

MINE, OTHER = Browser(id=Secret("0" * 32)), Browser(id=Secret("1" * 32))
FORM = Form({"client_id": ("web",), "resource": ("https://a.example", "https://b.example"), "state": ("sé\U0001f511",)})


@pytest.fixture
def interactions(masters: MasterKeys, clock: ManualClock, chance: Chance) -> Interactions:
    return Interactions(Sealer(REALM, masters, "authorize", chance), clock, chance)


def test_it_comes_back_as_it_was(interactions: Interactions) -> None:
    begun = replace(
        interactions.begin(FORM),
        step=Step.CONSENT,
        progress=Progress(session=b"d" * 32, allowed=None),
        shown=Allowed(ADA, ("openid",), ()),
    )

    opened = interactions.open(interactions.seal(begun, MINE), MINE, Step.CONSENT)

    assert opened == begun
    assert opened is not None
    assert opened.form.all("resource") == FORM.all("resource")
    assert opened.form.get("state") == FORM.get("state")


def test_nothing_of_it_can_be_read(interactions: Interactions) -> None:
    sealed = interactions.seal(interactions.begin(FORM), MINE)

    assert "web" not in sealed
    assert interactions.seal(interactions.begin(FORM), MINE) != sealed


def test_another_browser_gets_nothing(interactions: Interactions) -> None:
    """R-015."""
    sealed = interactions.seal(interactions.begin(FORM), MINE)

    assert interactions.open(sealed, OTHER, Step.SIGN_IN) is None
    assert interactions.open(sealed, Browser(), Step.SIGN_IN) is None
    with pytest.raises(LookupError):
        interactions.seal(interactions.begin(FORM), Browser())


def test_no_step_can_be_skipped(interactions: Interactions) -> None:
    """R-014."""
    begun = interactions.begin(FORM)
    for made in Step:
        for asked in Step:
            sealed = interactions.seal(replace(begun, step=made), MINE)
            assert (interactions.open(sealed, MINE, asked) is not None) is (made is asked)


def test_it_lasts_ten_minutes(interactions: Interactions, clock: ManualClock) -> None:
    sealed = interactions.seal(interactions.begin(FORM), MINE)

    clock.advance(LIFETIME)
    assert interactions.open(sealed, MINE, Step.SIGN_IN) is not None
    clock.advance(1)
    assert interactions.open(sealed, MINE, Step.SIGN_IN) is None


def test_no_changed_letter_opens(interactions: Interactions) -> None:
    sealed = interactions.seal(interactions.begin(FORM), MINE)
    for at in range(0, len(sealed) - 1, 7):
        other = "A" if sealed[at] != "A" else "B"
        assert interactions.open(sealed[:at] + other + sealed[at + 1 :], MINE, Step.SIGN_IN) is None
    for garbage in ("", "A", "é", "AAAA", sealed[:-4], sealed + "AAAA", None):
        assert interactions.open(garbage, MINE, Step.SIGN_IN) is None


def test_purposes_and_realms_do_not_open_each_others(masters: MasterKeys, clock: ManualClock, chance: Chance) -> None:
    sealed = Sealer(REALM, masters, "authorize", chance).seal(b"x", b"c")

    assert Sealer(REALM, masters, "authorize", chance).open(sealed, b"c") == b"x"
    assert Sealer(REALM, masters, "logout", chance).open(sealed, b"c") is None
    assert Sealer(RealmId("other"), masters, "authorize", chance).open(sealed, b"c") is None
    assert Sealer(REALM, MasterKeys({2: b"m" * 32}), "authorize", chance).open(sealed, b"c") is None


def test_what_another_version_sealed_is_refused(masters: MasterKeys, clock: ManualClock, chance: Chance) -> None:
    sealer = Sealer(REALM, masters, "authorize", chance)
    interactions = Interactions(sealer, clock, chance)

    assert interactions.open(sealer.seal(b"\x80", MINE.binding or b""), MINE, Step.SIGN_IN) is None
    assert interactions.open(sealer.seal(b"\xc1", MINE.binding or b""), MINE, Step.SIGN_IN) is None


def test_the_code_s_secret_is_not_printed(interactions: Interactions) -> None:
    begun: Interaction = interactions.begin(FORM)

    assert repr(begun.secret) not in repr(begun)
