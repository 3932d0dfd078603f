"""Draws the figures as SVG that can be read on light and on dark pages. Run in `.bench`: plot.py RESULTS FOLDER."""

import json
import sys
from pathlib import Path
from statistics import median

import matplotlib as mpl

mpl.use("svg")
from matplotlib import pyplot as plt

INK = "#757b83"  # grey that has contrast enough on white and on black
OURS, OTHERS = "#2da44e", "#8b949e"
COLOURS = ("#2da44e", "#1f9ac9", "#d29922", "#bc6bd9", "#e5534b", "#8b949e")
MARKS = "os^Dvx"


def main() -> None:
    """Two drawings: CPU for a refresh, and refreshes a second over connections."""
    results = json.loads(Path(sys.argv[1]).read_text())
    folder = Path(sys.argv[2])
    mpl.rcParams |= {
        "svg.hashsalt": "evergrant",  # the same figures give the same file
        "svg.fonttype": "none",
        "font.family": "sans-serif",
        "text.color": INK,
        "axes.edgecolor": INK,
        "axes.labelcolor": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    asked = results["asked"]["connections"]
    cpu(results, 64 if 64 in asked else max(asked), folder / "cpu.svg")
    rates(results, asked, folder / "rates.svg")


def cpu(results: dict, connections: int, file: Path) -> None:
    """One bar a server: server and database together. Logarithmic: they are that far apart."""
    names = list(results["rounds"])
    figure, axes = plt.subplots(figsize=(8, 0.5 * len(names) + 1.2))
    for place, name in enumerate(reversed(names)):
        server, store = (middle(results, name, connections, part) for part in ("server_cpu_us", "store_cpu_us"))
        axes.barh(place, server + store, color=OURS if name.startswith("evergrant") else OTHERS)
        parts = f"  (database {store:,.0f})" if store else ""
        axes.text((server + store) * 1.06, place, f"{server + store:,.0f}{parts}", va="center")
    axes.set_yticks(range(len(names)), list(reversed(names)))
    axes.set_xscale("log")
    axes.set_xlim(left=10, right=max(bar.get_width() for bar in axes.patches) * 6)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.minorticks_off()
    axes.set_xlabel(f"µs of CPU for a refresh, server and database, {connections} connections, logarithmic")
    save(figure, file)


def rates(results: dict, asked: list[int], file: Path) -> None:
    """One line a server."""
    figure, axes = plt.subplots(figsize=(8, 4.5))
    for place, name in enumerate(results["rounds"]):
        axes.plot(
            asked,
            [middle(results, name, connections, "per_s") for connections in asked],
            color=COLOURS[place % len(COLOURS)],
            marker=MARKS[place % len(MARKS)],
            label=name,
        )
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(asked, [str(number) for number in asked])
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.minorticks_off()
    axes.set_xlabel("connections")
    axes.set_ylabel("refreshes a second")
    axes.legend(frameon=False, labelcolor=INK)
    save(figure, file)


def middle(results: dict, name: str, connections: int, figure: str) -> float:
    """The median of the rounds; 0 where it is not known."""
    runs = (run for found in results["rounds"][name] for run in found if run["connections"] == connections)
    values = [run[figure] for run in runs if run[figure] is not None]
    return median(values) if values else 0.0


def save(figure: plt.Figure, file: Path) -> None:
    """Without a background, and without the date."""
    figure.savefig(file, transparent=True, bbox_inches="tight", metadata={"Date": None})
    print(f"drawn: {file.name}")


if __name__ == "__main__":
    main()
