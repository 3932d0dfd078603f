"""Mutants that write wrongly: conditions are missing, or more is changed than should be."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from evergrant.store.schema import grants as table
from evergrant.store.sql import grants
from evergrant.store.sql.hot import postgres, sqlite
from tests.torture.mutants.mutant import Mutant
from tests.torture.mutants.patching import Anything, rewritten, swap, without

Change = tuple[str, str]


def _on_sqlite(one: Change, many: Change) -> None:
    """Both statements of a renewal: for one, and for a batch."""
    swap(sqlite, "RENEW", lambda before: rewritten(before, one))
    swap(sqlite, "renewals_statement", lambda before: lambda size: rewritten(before(size), many))


def _on_postgresql(*changes: Callable[[str], Change]) -> None:
    """Both statements of a renewal; a change is told how the statement speaks of its values, `$` or `w.`."""

    def broken(kind: Anything) -> Anything:
        made = {}
        for name, mark in (("one", "$"), ("many", "w.")):
            statement = getattr(kind, name)
            made[name] = replace(statement, text=rewritten(statement.text, *(change(mark) for change in changes)))
        return replace(kind, **made)

    swap(postgres, "RENEWALS", broken)


def _unconditional_on_sqlite() -> None:
    _on_sqlite(
        ("AND generation = ? AND renewed_at = ?", "AND ? IS NOT NULL AND ? IS NOT NULL"),
        ("AND grants.generation = w.column11 AND grants.renewed_at = w.column12", ""),
    )


def _unconditional_on_postgresql() -> None:
    def blind(mark: str) -> Change:
        was, at = ("$3", "$4") if mark == "$" else ("w.was", "w.was_at")
        return f"AND g.generation = {was} AND g.renewed_at = {at}", f"AND {was} IS NOT NULL AND {at} IS NOT NULL"

    _on_postgresql(blind)
    swap(grants, "_RENEW", lambda before: without(before, "generation", "renewed_at"))


def _reviving_on_sqlite() -> None:
    def renewed(before: Anything) -> Anything:
        return rewritten(before, ("SET generation", "SET state = 'active', generation"))

    _on_sqlite((" AND state = 'active'", ""), (" AND grants.state = 'active'", ""))
    swap(sqlite, "RENEW", renewed)
    swap(sqlite, "renewals_statement", lambda before: lambda size: renewed(before(size)))


def _reviving_on_postgresql() -> None:
    _on_postgresql(
        lambda _: (" AND g.state = 'active'", ""),
        lambda _: ("SET generation", "SET state = 'active', generation"),
    )


def _batch_wins_on_sqlite() -> None:
    def all_of_them(before: Anything) -> Anything:
        def renew_all(cursor: Any, wanted: Any) -> bool:
            before(cursor, wanted)
            return bool(cursor.rowcount > 0)

        return renew_all

    swap(sqlite, "renew_all", all_of_them)


def _batch_wins_on_postgresql() -> None:
    def all_of_them(before: Anything) -> Anything:
        def outcomes(self: Any, rows: Any, count: int) -> list[Any]:
            is_renewal = self.one.name == postgres.RENEWALS.one.name
            return [self.read(rows[0])] * count if is_renewal and rows else before(self, rows, count)

        return outcomes

    swap(postgres.Kind, "outcomes", all_of_them)


def _later_end() -> None:
    def longer(text: str) -> str:
        return rewritten(text, ("SET generation", "SET expires_at = expires_at + 3600000, generation"))

    swap(sqlite, "RENEW", longer)
    swap(sqlite, "renewals_statement", lambda before: lambda size: longer(before(size)))


def _row_for_each_renewal() -> None:
    rest = ", ".join(f'"{column.name}"' for column in table.columns if column.name != "id")

    def inserting(before: Anything) -> Anything:
        def renew(cursor: Any, wanted: Any) -> Any:
            outcome = before(cursor, wanted)
            copy = f"INSERT INTO grants (id, {rest}) SELECT randomblob(16), {rest} FROM grants WHERE id = ?"
            cursor.execute(copy, (wanted.renewal.grant_id,))
            return outcome

        return renew

    swap(sqlite, "renew", inserting)


def _codes_without_condition() -> None:
    swap(grants, "_EXCHANGE", lambda before: without(before, "state", "generation"))


STORING: Final = (
    Mutant(
        "unconditional-sqlite",
        "a renewal is written whatever the row has become meanwhile",
        "I1",
        "overtaken",
        _unconditional_on_sqlite,
    ),
    Mutant(
        "unconditional-postgresql",
        "a renewal is written whatever the row has become meanwhile",
        "I1",
        "overtaken",
        _unconditional_on_postgresql,
        "postgresql",
    ),
    Mutant(
        "reviving-sqlite",
        "a renewal writes the state that it read over a revocation",
        "I3",
        "revoked-meanwhile",
        _reviving_on_sqlite,
    ),
    Mutant(
        "reviving-postgresql",
        "a renewal writes the state that it read over a revocation",
        "I3",
        "revoked-meanwhile",
        _reviving_on_postgresql,
        "postgresql",
    ),
    Mutant(
        "batch-wins-sqlite",
        "a batch that changed anything tells all in it that they won",
        "I4",
        "copies",
        _batch_wins_on_sqlite,
    ),
    Mutant(
        "batch-wins-postgresql",
        "a batch that changed anything tells all in it that they won",
        "I4",
        "copies",
        _batch_wins_on_postgresql,
        "postgresql",
    ),
    Mutant(
        "codes-without-condition",
        "two exchanges of one code at once are both carried out",
        "I8",
        "codes",
        _codes_without_condition,
    ),
    Mutant("later-end", "each renewal moves the absolute end", "I9", "authority", _later_end),
    Mutant("a-row-for-each", "each renewal leaves a row behind", "I12", "everyday", _row_for_each_renewal),
)
