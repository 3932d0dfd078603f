"""Makes a command of a function: adds `--json` and `--realm`, opens a desk for it, and says its answer."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, Concatenate, Final, ParamSpec

import typer

from evergrant.cli.answers import Answer, say
from evergrant.cli.desk import Desk
from evergrant.core.policy import SETTINGS

P = ParamSpec("P")
Work = Callable[Concatenate[Desk, P], Awaitable[Answer] | Answer | None]

DEFAULT_REALM: Final = "default"


def _option(name: str, annotation: object, default: object) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


_COMMON: Final = (
    _option("as_json", Annotated[bool, typer.Option("--json", help="Answer in JSON.")], False),
    _option(
        "realm",
        Annotated[str | None, typer.Option("--realm", metavar="NAME", help="Realm to work in.", show_default=False)],
        None,
    ),
)
_POLICIES: Final = tuple(
    _option(
        name,
        Annotated[
            str | None,
            typer.Option(f"--{name.replace('_', '-')}", rich_help_panel="Policies", show_default=False),
        ],
        None,
    )
    for name in SETTINGS
)


def command(group: typer.Typer, name: str) -> Callable[[Work[P]], Work[P]]:
    """Register a function as the command `name`. Its first argument is the desk, the others are options."""

    def register(work: Work[P]) -> Work[P]:
        own = list(inspect.signature(work, eval_str=True).parameters.values())[1:]
        _register(group, name, work, own, lambda options: options)
        return work

    return register


def command_with_policies(group: typer.Typer, name: str) -> Callable[[Work[P]], Work[P]]:
    """As `command`, with an option for each policy; those given arrive in the argument `policies`, as written."""

    def register(work: Work[P]) -> Work[P]:
        own = list(inspect.signature(work, eval_str=True).parameters.values())[1:]
        own = [parameter for parameter in own if parameter.name != "policies"]

        def gather(options: dict[str, object]) -> dict[str, object]:
            given = {name: options.pop(name) for name in SETTINGS}
            return {**options, "policies": {name: value for name, value in given.items() if value is not None}}

        _register(group, name, work, [*own, *_POLICIES], gather)
        return work

    return register


def _register(
    group: typer.Typer,
    name: str,
    work: Callable[..., Awaitable[Answer] | Answer | None],
    own: Sequence[inspect.Parameter],
    arrange: Callable[[dict[str, object]], dict[str, object]],
) -> None:
    def run(context: typer.Context, **options: Any) -> None:  # Any: typer passes what the signature says
        # Said before the command's name, both options hold for it as well.
        before = context.find_root().params
        desk = Desk(
            realm=options.pop("realm") or before.get("realm") or DEFAULT_REALM,
            as_json=options.pop("as_json") or bool(before.get("as_json")),
        )
        answer = _answer(work, desk, arrange(options))
        if answer is not None:
            say(answer, as_json=desk.as_json)
            if answer.exit_code:
                raise typer.Exit(answer.exit_code)

    parameters = [
        inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context),
        *(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own),
        *_COMMON,
    ]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what typer reads
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    group.command(name, help=inspect.getdoc(work))(run)


def _answer(
    work: Callable[..., Awaitable[Answer] | Answer | None], desk: Desk, options: dict[str, object]
) -> Answer | None:
    begun = work(desk, **options)
    if not inspect.iscoroutine(begun):
        # Such as `serve`, which runs a loop of its own.
        return begun if isinstance(begun, Answer) else None
    # Late: help needs no event loop.
    import asyncio

    async def working() -> Answer:
        try:
            answer: Answer = await begun
        finally:
            await desk.close()
        return answer

    return asyncio.run(working())
