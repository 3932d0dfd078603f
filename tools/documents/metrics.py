"""The metrics, from a registry like the one a server has."""

from documents.words import code, page, sentence, table
from evergrant.server.metrics import Metrics


def metrics_page() -> tuple[str, str]:
    """The page and its name."""
    made = Metrics()
    labels = {item._name: item._labelnames for item in vars(made).values() if hasattr(item, "_labelnames")}
    families = sorted(made.registry.collect(), key=lambda family: family.name)
    return "metrics.md", page(
        "Metrics",
        "`GET /metrics` answers in the text format of Prometheus, to the networks in `metrics_networks` only (see"
        " [settings](settings.md)). Counters end in `_total`. No label holds a client, a user or a token.",
        table(
            ("metric", "type", "labels", "meaning"),
            (
                (
                    code(family.name + ("_total" if family.type == "counter" else "")),
                    family.type,
                    ", ".join(code(label) for label in labels.get(family.name, ("version",))),
                    sentence(family.documentation),
                )
                for family in families
            ),
        ),
    )
