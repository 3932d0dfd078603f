"""Events and reasons, in the words that `evergrant explain` uses."""

from documents.words import code, page, table
from evergrant.core.explanations import KINDS, REASONS
from evergrant.core.facts import EventKind
from evergrant.core.reasons import Reason


def events_page() -> tuple[str, str]:
    """The page and its name."""
    return "events.md", page(
        "Events and reasons",
        "What matters to security is a row, written in the same transaction as the change it tells of: kind, time,"
        " grant, client, user, reason, user agent and address prefix, and the correlation id of the request. Never a"
        " token. Ordinary renewals and retries are a line in the log and a count in [the metrics](metrics.md), not a"
        " row.",
        "`evergrant explain CORRELATION_ID` tells the story of a request in the words below. The id is in the JSON of"
        " every error and in the header `X-Correlation-Id` of every answer. `evergrant grant show GRANT` lists the"
        " events of one grant.",
        "## Kinds",
        table(("kind", "what happened"), ((code(kind), KINDS[kind]) for kind in EventKind)),
        "## Reasons",
        "Why something was refused or ended. Reasons are in the log, in metrics and in events; the caller is told"
        " less.",
        table(
            ("reason", "why", "who notices what", "what to do"),
            (
                (code(reason), REASONS[reason].because, REASONS[reason].seen, REASONS[reason].remedy)
                for reason in Reason
            ),
        ),
    )
