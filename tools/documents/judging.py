"""The judging table, from `evergrant.core.grant.TABLE`."""

import re
from collections.abc import Sequence
from typing import Literal, cast

from documents.words import page, table
from evergrant.core.grant import REACH, TABLE, Row

Effect = Literal["refuse", "revoke", "redeliver", "renew"]

_EFFECT = re.compile(r"\b(refuse|revoke|redeliver|renew)\b")


def effects(row: Row) -> frozenset[Effect]:
    """What a row may do, by the words of its outcome."""
    return frozenset(cast(Effect, found) for found in _EFFECT.findall(row.outcome))


def numbers(effect: Effect, rows: Sequence[Row] = TABLE) -> list[str]:
    """The rows that may do it."""
    return [row.number for row in rows if effect in effects(row)]


def judging_table() -> str:
    """The table itself."""
    return table(("#", "presented", "decision"), ((row.number, row.presented, row.outcome) for row in TABLE))


def judging_page() -> tuple[str, str]:
    """The page and its name."""
    return "judging-table.md", page(
        "How a presented code or refresh token is judged",
        "From `evergrant.core.grant.TABLE`. The rows are asked in order; the first that matches decides. What they mean"
        " is told in [the life of a grant](../explanation/grant-life-cycle.md).",
        judging_table(),
        f"Rows that may end a grant: {', '.join(numbers('revoke'))}, and the streak in row"
        f" {', '.join(numbers('redeliver'))}. No other row changes a grant when it refuses. A token that is ahead of"
        f" the store by at most {REACH:,} generations is judged on as if it were current.",
    )
