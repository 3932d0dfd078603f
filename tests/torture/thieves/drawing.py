"""Two drawings as SVG, for light and dark pages: who goes unnoticed for how long, and what the window moves."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import Final

from evergrant.core.policy import MINUTE, SECOND
from tests.torture.thieves.bounds import quantile
from tests.torture.thieves.figures import OUTAGES, WINDOWS, Figures, Thefts

STYLE: Final = """<style>
    text { font: 13px system-ui, sans-serif; fill: #1f2937; }
    .small { font-size: 12px; fill: #4b5563; }
    .middle { text-anchor: middle; } .end { text-anchor: end; }
    .axis { stroke: #6b7280; stroke-width: 1; fill: none; } .grid { stroke: #d1d5db; stroke-width: 0.5; fill: none; }
    .line { fill: none; stroke-width: 2.2; stroke-linejoin: round; }
    .a { stroke: #15803d; } .b { stroke: #0369a1; } .c { stroke: #b45309; } .d { stroke: #b91c1c; }
    .e { stroke: #7e22ce; }
    .dashed { stroke-dasharray: 6 4; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e5e7eb; } .small { fill: #9ca3af; } .axis { stroke: #9ca3af; } .grid { stroke: #4b5563; }
      .a { stroke: #4ade80; } .b { stroke: #38bdf8; } .c { stroke: #fbbf24; } .d { stroke: #f87171; }
      .e { stroke: #c084fc; }
    }
  </style>"""


@dataclass(frozen=True, slots=True)
class Curve:
    """A line of the drawing; `colour` is a class of STYLE."""

    label: str
    colour: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Panel:
    """A pair of axes: where it stands, and what its values are."""

    left: float
    top: float
    width: float
    height: float
    highest: float
    steps: Sequence[tuple[float, str]]
    ticks: Sequence[tuple[float, str]]
    title: str
    below: str

    def at(self, x: float, y: float) -> tuple[float, float]:
        """`x` from 0 to 1, `y` from 0 to `highest`, as a place in the drawing."""
        return self.left + x * self.width, self.top + self.height * (1 - min(y, self.highest) / self.highest)

    def frame(self) -> list[str]:
        """Title, grid and axes."""
        parts = [f'<text x="{self.left:.0f}" y="{self.top - 14:.0f}">{self.title}</text>']
        for value, label in self.steps:
            x, y = self.at(0, value)
            parts.append(f'<path class="grid" d="M{x:.1f} {y:.1f} h{self.width:.1f}"/>')
            parts.append(f'<text class="small end" x="{x - 6:.1f}" y="{y + 4:.1f}">{label}</text>')
        bottom = self.top + self.height
        for place, label in self.ticks:
            x, _ = self.at(place, 0)
            parts.append(f'<path class="axis" d="M{x:.1f} {bottom:.1f} v5"/>')
            parts.append(f'<text class="small middle" x="{x:.1f}" y="{bottom + 20:.1f}">{label}</text>')
        parts.append(f'<path class="axis" d="M{self.left:.1f} {self.top:.1f} V{bottom:.1f} h{self.width:.1f}"/>')
        middle = self.left + self.width / 2
        parts.append(f'<text class="small middle" x="{middle:.1f}" y="{bottom + 42:.1f}">{self.below}</text>')
        return parts

    def draw(self, curve: Curve) -> str:
        """One curve."""
        places = (self.at(x, y) for x, y in curve.points)
        return f'<path class="line {curve.colour}" d="M{" L".join(f"{x:.1f} {y:.1f}" for x, y in places)}"/>'


def drawings(figures: Figures) -> dict[str, str]:
    """Each drawing by its file's name."""
    return {"thieves-unnoticed.svg": unnoticed(figures), "thieves-window.svg": window(figures)}


# --- who goes unnoticed for how long ------------------------------------------------------

FIRST, LAST = 1.0, 24 * 60.0
HOURS: Final = ((1, "1 min"), (10, "10 min"), (60, "1 h"), (240, "4 h"), (1440, "24 h"))


def unnoticed(figures: Figures) -> str:
    """The share of thefts that nobody has noticed yet, over the time since the theft."""
    panel = Panel(
        left=70, top=50, width=560, height=300, highest=100,
        steps=[(value, f"{value} %") for value in range(0, 101, 25)],
        ticks=[(_log_place(minutes), label) for minutes, label in HOURS],
        title="Thefts that have not been noticed yet",
        below="since the theft (logarithmic)",
    )  # fmt: skip
    curves = [
        _survival("at random times", "a", figures.elsewhere["random"]),
        _survival("every 10 minutes", "b", figures.elsewhere["periodic"]),
        _survival("just after the victim, every time", "c", figures.elsewhere["just after"]),
        _survival("just after it, with its network and user agent", "d", figures.near["just after"]),
        _survival(
            "every 10 minutes, at a server that branches", "e dashed",
            figures.servers["a branch for each retry", "periodic"],
        ),
    ]  # fmt: skip
    parts = [*panel.frame(), *(panel.draw(curve) for curve in curves), *_legend(curves, 650, 70)]
    said = (
        "Thieves at random or regular times are noticed within the hour, those just after the victim too, by "
        "the streak. One who shares network and user agent is not. A server that branches misses a fifth."
    )
    return _svg(980, 420, "How long thieves go unnoticed", said, parts)


def _log_place(minutes: float) -> float:
    return log(max(FIRST, minutes) / FIRST) / log(LAST / FIRST)


def _survival(label: str, colour: str, found: Thefts) -> Curve:
    points = []
    for step in range(121):
        minutes = FIRST * (LAST / FIRST) ** (step / 120)
        noticed = bisect_right(found.noticed_after, minutes * MINUTE)
        points.append((step / 120, 100 * (1 - noticed / found.thefts)))
    return Curve(label, colour, points)


# --- what the retry window moves ----------------------------------------------------------


def window(figures: Figures) -> str:
    """Left, how long a thief has; right, how often honest people are asked to sign in again."""
    ticks = [(_window_place(one), f"{one // MINUTE}") for one in WINDOWS]
    left = Panel(
        left=60, top=50, width=330, height=240, highest=80,
        steps=[(value, f"{value} min") for value in (0, 20, 40, 60, 80)],
        ticks=ticks, title="A periodic thief is noticed after", below="retry window, minutes",
    )  # fmt: skip
    right = Panel(
        left=520, top=50, width=330, height=240, highest=1.6,
        steps=[(value / 10, f"{value / 10:.1f}") for value in (0, 4, 8, 12, 16)],
        ticks=ticks, title="Sessions lost a day, honest, 1 % of answers lost", below="retry window, minutes",
    )  # fmt: skip
    thieves = [
        Curve(label, colour, [(_window_place(one), _noticed(figures.windows[one], part)) for one in WINDOWS])
        for label, colour, part in (("95 % of thieves", "d", 0.95), ("half of them", "b", 0.5))
    ]
    people = [
        Curve(
            f"back after {outage // SECOND} s on average", colour,
            [(_window_place(one), _ends(figures, outage, one)) for one in WINDOWS],
        )
        for outage, colour in zip(OUTAGES[::-1], ("d", "c", "a"), strict=True)
    ]  # fmt: skip
    parts = [
        *left.frame(), *(left.draw(curve) for curve in thieves), *_legend(thieves, 215, 200),
        *right.frame(), *(right.draw(curve) for curve in people), *_legend(people, 625, 70),
    ]  # fmt: skip
    said = "A longer retry window lets a periodic thief live longer, up to an hour, and ends fewer honest sessions."
    return _svg(900, 350, "What the retry window moves", said, parts)


def _window_place(window: int) -> float:
    return window / WINDOWS[-1]


def _noticed(found: Thefts, part: float) -> float:
    return (quantile(found.noticed_after, part) or 0) / MINUTE


def _ends(figures: Figures, outage: int, window: int) -> float:
    days = figures.outages[outage, window]
    return sum(days.ends.values()) / days.days


def _legend(curves: Sequence[Curve], x: int, y: int) -> list[str]:
    parts = []
    for place, curve in enumerate(curves):
        at = y + 24 * place
        parts.append(f'<path class="line {curve.colour}" d="M{x} {at} h26"/>')
        parts.append(f'<text class="small" x="{x + 34}" y="{at + 4}">{curve.label}</text>')
    return parts


def _svg(width: int, height: int, title: str, said: str, parts: Sequence[str]) -> str:
    inside = "\n  ".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-labelledby="t d">\n'
        f'  <title id="t">{title}</title>\n  <desc id="d">{said}</desc>\n  {STYLE}\n  {inside}\n</svg>\n'
    )
