"""The settings, from the model that reads them."""

from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Literal, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator
from pydantic.fields import FieldInfo

from documents.words import code, page, table
from evergrant.app import given
from evergrant.app.durations import FORM, show_duration
from evergrant.app.problems import EXIT_CODE

_PREFIX = str(given.Given.model_config.get("env_prefix"))
_BETWEEN = str(given.Given.model_config.get("env_nested_delimiter"))


def settings_page() -> tuple[str, str]:
    """The page and its name."""
    fields = list(_fields(given.Given, ()))
    return "settings.md", page(
        "Settings",
        f"Sources, later ones win: the file `{given.CONFIG_FILE}` in the working directory (or the one that"
        f" `{given.CONFIG_VARIABLE}` names), the environment, the options of `evergrant serve`. A setting `a.b` is `b`"
        f" in the table `[a]` of the file and `{_PREFIX}A{_BETWEEN}B` in the environment. Lists are written with commas"
        f" in the environment. A length of time is {FORM}.",
        "Everything that is missing or wrong is said at once, each with its remedy, and the program ends with exit code"
        f" {EXIT_CODE}.",
        table(
            ("setting", "environment", "type", "default", "meaning"),
            (
                (code(name), code(_variable(name)), _type(field), _default(field), _text(field))
                for name, field in fields
            ),
        ),
        "In production (`env = production`) the issuer must be https, and issuer, master key and database URL must be"
        " given. In development Evergrant listens on loopback only, keeps a SQLite database and its master key in"
        " `data_dir`, and makes demo objects.",
        'The names below `policy` are those of [the policies](policies.md): `[policy]` and `retry_window = "90s"`, or'
        f" `{_PREFIX}POLICY{_BETWEEN}RETRY_WINDOW=90s`.",
    )


def _fields(model: type[BaseModel], above: tuple[str, ...]) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _fields(inner, (*above, name))
        else:
            yield ".".join((*above, name)), field


def _variable(name: str) -> str:
    return _PREFIX + name.upper().replace(".", _BETWEEN)


def _is_duration(field: FieldInfo) -> bool:
    return any(isinstance(part, BeforeValidator) and part.func is given._duration for part in field.metadata)


def _type(field: FieldInfo) -> str:
    if _is_duration(field):
        return "duration"
    return _named(field.annotation)


def _named(annotation: object) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return " or ".join(_named(part) for part in inner if part is not NoneType)
    if origin is Literal:
        return ", ".join(code(str(choice)) for choice in inner)
    if origin is tuple:
        return "list"
    if origin is dict:
        return "table"
    return {"int": "number", "str": "text", "Path": "path", "bool": "true or false"}[
        getattr(annotation, "__name__", "")
    ]


def _default(field: FieldInfo) -> str:
    value = field.default
    if value is None or value in ((), {}):
        return ""
    if _is_duration(field):
        return code(show_duration(value))
    if isinstance(value, tuple):
        return ", ".join(code(str(part)) for part in value)
    return code(str(value))


def _text(field: FieldInfo) -> str:
    # A setting without a description is a mistake: this page would be silent about it.
    if not field.description:
        raise LookupError(f"{field} has no description")
    return field.description
