"""`evergrant explain`: why something was refused, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from evergrant.cli.answers import Answer
from evergrant.cli.command import command
from evergrant.cli.desk import Desk
from evergrant.cli.failures import FAILED

if TYPE_CHECKING:
    from rich.console import Console

    from evergrant.core.facts import JsonValue
    from evergrant.server.engine.story import Chapter, Story


def add(app: typer.Typer) -> None:
    """Register the command."""
    command(app, "explain")(explain)


async def explain(
    desk: Desk,
    correlation_id: Annotated[
        str, typer.Argument(metavar="CORRELATION_ID", help="X-Correlation-Id of an answer, or from a log line.")
    ],
) -> Answer:
    """Tell the whole story behind an answer. Exit code 1 if nothing is known of it."""
    from evergrant.server.engine.story import Stories

    story = await Stories((await desk.office()).reader).explain(correlation_id)
    return Answer(_data(story), lambda out: _draw(story, out), 0 if story.chapters else FAILED)


def _data(story: Story) -> JsonValue:
    from evergrant.cli import shapes

    return {
        "correlation_id": story.correlation_id,
        "summary": story.summary,
        "events": [_chapter(chapter) for chapter in story.chapters],
        "around": [_chapter(chapter) for chapter in story.around],
        "grants": [shapes.grant(grant) for grant in story.grants],
    }


def _chapter(chapter: Chapter) -> dict[str, JsonValue]:
    from evergrant.cli import shapes

    why = chapter.why
    return shapes.event(chapter.event) | {
        "what": chapter.what,
        "because": None if why is None else why.because,
        "seen": None if why is None else why.seen,
        "remedy": None if why is None else why.remedy,
    }


def _draw(story: Story, out: Console) -> None:
    from rich.text import Text

    from evergrant.cli import shapes

    out.print(Text(story.summary))
    for chapter in story.chapters:
        if chapter.why is not None and chapter.why.remedy:
            out.print(Text.assemble(("What to do  ", "bold"), chapter.why.remedy))
    if not story.around:
        return
    out.print(Text("\nThe life of the grant"))
    for chapter in story.around:
        event = chapter.event
        here = event.correlation_id == story.correlation_id
        reason = f" ({event.reason})" if event.reason else ""
        line = f"{shapes.moment(event.at)}  {'▶' if here else ' '} {chapter.what}{reason}  {event.correlation_id}"
        out.print(Text(line, style="bold" if here else ""), soft_wrap=True)
