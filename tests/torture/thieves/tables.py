"""The tables of docs/explanation/thieves.md, in Markdown."""

from collections.abc import Iterable, Sequence
from typing import Final

from evergrant.core.policy import MINUTE, SECOND
from tests.torture.thieves.bounds import at_most, quantile, wilson
from tests.torture.thieves.figures import (
    COMPARED,
    CONTEXTS,
    LIVES,
    LOSSES,
    OUTAGES,
    SERVERS,
    SETTINGS,
    WINDOWS,
    Figures,
    Thefts,
)
from tests.torture.thieves.honest import Days, chance_noted, share_ended_by_streak
from tests.torture.thieves.strategies import JUST_AFTER, LOCKED, PERIODIC, RESTRAINED, STRATEGIES

REFRESHES_A_DAY: Final = 144
SAID_OF_LIVES: Final = {
    "steady": "one program, one network",
    "roaming": "a phone: every second retry from another network",
    "tabs": "eight tabs that refresh together",
    "two programs": "two programs with user agents of their own, one session, no lock",
}
SAID_OF_CONTEXTS: Final = {
    "disguised": "victim's user agent, another network",
    "other family": "victim's user agent, IPv6 for IPv4",
}


def tables(figures: Figures) -> dict[str, str]:
    """Each table, by the name of its marks."""
    return {
        "thefts": _thefts(figures),
        "near thefts": _near(figures),
        "restrained thefts": _restrained(figures),
        "servers": _servers(figures),
        "false alarms": _false_alarms(figures),
        "outages": _outages(figures),
        "settings": _settings(figures),
    }


def _thefts(figures: Figures) -> str:
    head = (
        "the thief shows the token …", "never noticed", "noticed after", "95 % after",
        "access tokens he got", "95 % at most", "for minutes", "95 % at most",
    )  # fmt: skip
    rows = []
    for strategy in STRATEGIES:
        found = figures.elsewhere[strategy.name]
        rows.append(
            (
                f"**{strategy.name}**: {strategy.said}",
                _share(found.unnoticed, found.thefts),
                *_waits(found),
                *_got(found),
            )
        )
    sizes = f"Seed {figures.seed}; {figures.sizes.many:,} thefts a row; in brackets the bound or interval of 95 %."
    return f"{_table(head, rows)}\n\n{sizes}"


def _near(figures: Figures) -> str:
    head = (
        "the thief", "public client, thief in the victim's network with its user agent", "event",
        "confidential client whose secret is stolen too, thief elsewhere", "event", "first event after",
    )  # fmt: skip
    rows = []
    for strategy in STRATEGIES:
        near, lost = figures.near[strategy.name], figures.secret_lost[strategy.name]
        rows.append(
            (
                strategy.name,
                f"{_share(near.unnoticed, near.thefts)} never ended",
                _percent(near.warned / near.thefts),
                f"{_share(lost.unnoticed, lost.thefts)} never ended",
                _percent(lost.warned / lost.thefts),
                _time(quantile(lost.warned_after, 0.5)),
            )
        )
    named = ", ".join(strategy.name for strategy in LOCKED)
    told = []
    for name in CONTEXTS:
        worst = max((figures.contexts[name, strategy.name] for strategy in LOCKED), key=lambda found: found.unnoticed)
        told.append(f"- {SAID_OF_CONTEXTS[name]}: {_share(worst.unnoticed, worst.thefts)} never noticed")
    return "\n".join(
        [_table(head, rows), "", f"Those who keep step ({named}), the best of them for the thief:", "", *told]
    )


def _restrained(figures: Figures) -> str:
    head = ("the thief", "session ended", "event", "access tokens he got", "for minutes")
    rows = [
        (f"**{strategy.name}**: {strategy.said}", *_outcome(figures.restrained[strategy.name]))
        for strategy in RESTRAINED
    ]
    rows.append(("**periodic**, while the victim is away for 8 hours", *_outcome(figures.sleeping)))
    return _table(head, rows)


def _outcome(found: Thefts) -> tuple[str, str, str, str]:
    tokens, _, minutes, _ = _got(found)
    return _share(len(found.noticed_after), found.thefts), _percent(found.warned / found.thefts), tokens, minutes


def _servers(figures: Figures) -> str:
    thieves = (f"{strategy.name}: never noticed" for strategy in COMPARED)
    head = ("a retry is answered with …", *thieves, "the noticed ones: 95 % after")
    rows = []
    for name in SERVERS:
        found = [figures.servers[name, strategy.name] for strategy in COMPARED]
        slowest = max(quantile(one.noticed_after, 0.95) or 0 for one in found)
        rows.append((name, *(_share(one.unnoticed, one.thefts) for one in found), _time(slowest)))
    return _table(head, rows)


def _false_alarms(figures: Figures) -> str:
    head = ("answers lost", *(f"{100 * share:.0f} %" for share in LOSSES), "days lived, each column")
    rows = []
    for name in LIVES:
        days = [figures.honest[name, lost] for lost in LOSSES]
        rows.append((SAID_OF_LIVES[name], *(_alarms(one) for one in days), f"{days[0].days:,}"))
    for said, roams in (("… computed for the phone", 0.5), ("… computed: every retry from another network", 1.0)):
        computed = [share_ended_by_streak(chance_noted(lost, roams), REFRESHES_A_DAY) for lost in LOSSES]
        rows.append((said, *("0" if share < 1e-15 else f"{_power(share * 100)} %" for share in computed), "–"))
    return _table(head, rows)


def _outages(figures: Figures) -> str:
    head = ("the network is back after, on average", *(f"window {_minutes(window)}" for window in WINDOWS))
    rows = [
        (f"{outage // SECOND} s", *(_alarms(figures.outages[outage, window]) for window in WINDOWS))
        for outage in OUTAGES
    ]
    days = figures.outages[OUTAGES[0], WINDOWS[0]].days
    return f"{_table(head, rows)}\n\n1 % of the answers lost, {days:,} days in each cell."


def _alarms(days: Days) -> str:
    """How often a person is asked to sign in again, in a day."""
    ended = sum(days.ends.values())
    if ended >= days.days:
        return f"{ended / days.days:.1f} a day"
    if ended == 0:
        return f"0 (≤ {_short(100 * at_most(0, days.days))} %)"
    return f"{_short(100 * ended / days.days)} %"


def _settings(figures: Figures) -> str:
    head = (
        "setting", "a periodic thief: never noticed", "median", "95 %",
        "a thief just after the victim: never noticed", "access tokens he got", "for minutes",
    )  # fmt: skip
    rows = []
    for name in SETTINGS:
        periodic, after = figures.settings[name, PERIODIC.name], figures.settings[name, JUST_AFTER.name]
        tokens, _, minutes, _ = _got(after)
        rows.append(
            (
                name,
                _share(periodic.unnoticed, periodic.thefts),
                *_waits(periodic),
                _share(after.unnoticed, after.thefts),
                tokens,
                minutes,
            )
        )
    return _table(head, rows)


# --- words for numbers ------------------------------------------------------------------


def _share(found: int, of: int) -> str:
    if found == 0:
        return f"0 (≤ {_short(100 * at_most(0, of))} %)"
    if found == of:
        return f"100 % (≥ {100 - 100 * at_most(0, of):.4g} %)"
    low, high = wilson(found, of)
    return f"{_short(100 * found / of)} % ({_short(100 * low)}–{_short(100 * high)})"


def _waits(found: Thefts) -> tuple[str, str]:
    return _time(quantile(found.noticed_after, 0.5)), _time(quantile(found.noticed_after, 0.95))


def _got(found: Thefts) -> tuple[str, str, str, str]:
    tokens = [quantile(found.tokens, part) for part in (0.5, 0.95)]
    minutes = [(quantile(found.held_for, part) or 0) / MINUTE for part in (0.5, 0.95)]
    return str(tokens[0]), str(tokens[1]), f"{minutes[0]:,.0f}", f"{minutes[1]:,.0f}"


def _time(ms: int | None) -> str:
    if ms is None:
        return "–"
    seconds = ms / SECOND
    if seconds < 600:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _minutes(ms: int) -> str:
    return "0" if ms == 0 else f"{ms // MINUTE} min"


def _percent(share: float) -> str:
    return f"{_short(100 * share)} %"


def _short(value: float) -> str:
    """Two figures, or none after the point where there are enough before it."""
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def _power(value: float) -> str:
    """`2.8·10⁻⁴`."""
    digits, exponent = f"{value:.1e}".split("e")
    return f"{digits}·10{str(int(exponent)).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    marks = ["---", *("---:" for _ in head[1:])]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, marks, *rows))
