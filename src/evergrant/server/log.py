"""The log: for people on a terminal, JSON elsewhere; nobody's secret in either.

Loggers are handed down and bound (`log.bind(correlation_id=…)`), never fetched from a global or a context variable.
The libraries' own loggers (uvicorn, SQLAlchemy) end in the same place by `route_standard_logging`.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Callable, Mapping, MutableMapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, Literal, Protocol, TextIO, cast

import msgspec
import structlog
from structlog.typing import EventDict, WrappedLogger

from evergrant.server.request_line import KNOWN_METHODS, RequestLine
from evergrant.server.unfailing import Unfailing

MASK: Final = "<token>"

_SECRET_KEYS: Final = frozenset(
    {
        *("authorization", "password", "new_password", "client_secret", "code", "code_verifier", "refresh_token"),
        *("access_token", "id_token", "id_token_hint", "token", "secret", "cookie", "set_cookie", "assertion"),
        *("client_assertion", "master_key", "database_url", "device_code", "private_key", "credentials"),
    }
)
# Ours (`eg_rt_…`), and anything that looks like a JSON Web Signature, also in the middle of a sentence.
_OURS: Final = re.compile(r"\beg_[a-z]{2}_[A-Za-z0-9_-]+")
_JWS: Final = re.compile(r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?")
_SCHEME: Final = re.compile(r"\b(Basic|Bearer|DPoP)\s+[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE)
_URL_PASSWORD: Final = re.compile(r"(://[^\s:/@]*):[^\s@/]+@")
_PARAMETER: Final = re.compile(
    r"\b(code|code_verifier|client_secret|password|refresh_token|access_token|id_token|id_token_hint)=[^&\s\"']+"
)
# Every secret's looks have one of these; most texts have none, and are written as they are.
_SUSPICIOUS: Final = re.compile(r"eg_|eyJ|=|://|\s")
_MAX_DEPTH: Final = 6


class Log(Protocol):
    """What is asked of a logger here: a sentence and named values."""

    def bind(self, **values: object) -> Log: ...

    def debug(self, event: str, /, **values: object) -> None: ...

    def info(self, event: str, /, **values: object) -> None: ...

    def warning(self, event: str, /, **values: object) -> None: ...

    def error(self, event: str, /, **values: object) -> None: ...

    def answered(self, line: RequestLine, /) -> None:
        """The line of an answered request."""
        ...


def open_log(
    format: Literal["auto", "console", "json"], level: str, clock: Callable[[], int], stream: TextIO | None = None
) -> Log:
    """A logger that writes to `stream` (standard error). `clock` gives milliseconds UTC."""
    stream = sys.stderr if stream is None else stream
    console = format == "console" or (format == "auto" and stream.isatty())
    last = (
        structlog.dev.ConsoleRenderer(colors=stream.isatty() and _colours_wanted(), pad_event_to=0)
        if console
        else structlog.processors.JSONRenderer(serializer=_json)
    )
    writer = structlog.WriteLogger(cast(TextIO, Unfailing(stream)))
    least = logging.getLevelNamesMapping()[level.upper()]
    logger = structlog.wrap_logger(
        writer,
        processors=[
            structlog.processors.add_log_level,
            _stamp(clock),
            structlog.processors.format_exc_info,
            redact,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        cache_logger_on_first_use=True,
    )
    return _Logger(cast(_Structured, logger), least, None if console else _ShortWay(clock, writer))


class _Structured(Protocol):
    """A structlog logger."""

    def bind(self, **values: object) -> _Structured: ...

    def debug(self, event: str, /, **values: object) -> None: ...

    def info(self, event: str, /, **values: object) -> None: ...

    def warning(self, event: str, /, **values: object) -> None: ...

    def error(self, event: str, /, **values: object) -> None: ...


class _Logger:
    """structlog, and a short way beside it for the one line that every request writes (ADR 0021)."""

    def __init__(self, structured: _Structured, least: int, short_way: _ShortWay | None) -> None:
        self._structured, self._least, self._short_way = structured, least, short_way
        self.debug, self.info = structured.debug, structured.info
        self.warning, self.error = structured.warning, structured.error

    def bind(self, **values: object) -> Log:
        return _Logger(self._structured.bind(**values), self._least, None)

    def answered(self, line: RequestLine, /) -> None:
        level = logging.INFO if line.level == "info" else logging.WARNING
        if level < self._least or (self._short_way is not None and self._short_way.write(line)):
            return
        say = self.info if line.level == "info" else self.warning
        say("request", **line.values())


class _ShortWay:
    """Writes a line of ours without looking at each value: structlog's way costs 22 µs, a fifth of a refresh's budget.

    As safe as `redact`: the names are fixed and none is a secret's; a line in which anything could look like a secret
    (the marks of _SUSPICIOUS) goes the long way, and so does one with a method that somebody made up.
    """

    def __init__(self, clock: Callable[[], int], writer: structlog.WriteLogger) -> None:
        self._clock, self._writer = clock, writer
        self._encode = msgspec.json.Encoder().encode

    def write(self, line: RequestLine) -> bool:
        """Whether it was written."""
        if line.method not in KNOWN_METHODS:
            return False
        line.at = _moment(self._clock())
        text = self._encode(line)
        # `in` is a search in C; the regular expression costs more than the encoding.
        if b"eg_" in text or b"eyJ" in text or b"=" in text or b"://" in text or b" " in text or b"\\" in text:
            return False
        self._writer.msg(text.decode())
        return True


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace every secret in a line by `<token>`: by the name it has, and by its looks."""
    return cast(MutableMapping[str, object], _clean(event, 0))


def clean_text(text: str) -> str:
    """`text` without anything that looks like a secret."""
    if _SUSPICIOUS.search(text) is None:
        return text
    text = _JWS.sub(MASK, _OURS.sub(MASK, text))
    text = _PARAMETER.sub(rf"\1={MASK}", text)
    text = _URL_PASSWORD.sub(rf"\1:{MASK}@", text)
    return _SCHEME.sub(rf"\1 {MASK}", text)


def _clean(value: object, depth: int) -> object:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, int | float | bool) or value is None:
        return value
    if depth >= _MAX_DEPTH:
        return clean_text(str(value))
    if isinstance(value, Mapping):
        return {
            name: MASK if _is_secret(str(name)) and item is not None else _clean(item, depth + 1)
            for name, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(item, depth + 1) for item in value]
    # Bytes are never text here: a digest or an id is logged in a form its caller chose.
    return MASK if isinstance(value, bytes | bytearray) else clean_text(str(value))


@lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    return name.lower().replace("-", "_") in _SECRET_KEYS


def route_standard_logging(log: Log, level: str) -> None:
    """Send what libraries log, from this level on, to `log`. uvicorn's access lines are off: URLs carry codes."""
    root = logging.getLogger()
    root.handlers[:] = [_Bridge(log)]
    root.setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level.upper()]))
    logging.getLogger("uvicorn.access").disabled = True


class _Bridge(logging.Handler):
    """From a library's logger to ours."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.exc_info:
            text = f"{text}\n{logging.Formatter().formatException(record.exc_info)}"
        if record.levelno >= logging.ERROR:
            self._log.error(text, logger=record.name)
        else:
            self._log.warning(text, logger=record.name)


def _stamp(clock: Callable[[], int]) -> Callable[[WrappedLogger, str, EventDict], EventDict]:
    def add(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["at"] = _moment(clock())
        return event

    return add


def _json(event: EventDict, **_options: object) -> str:
    # Redaction has left nothing but what JSON has.
    return msgspec.json.encode(event).decode()


def _moment(now: int) -> str:
    seconds, millis = divmod(now, 1000)
    return f"{_utc(seconds)}.{millis:03d}Z"


@lru_cache(maxsize=4)
def _utc(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _colours_wanted() -> bool:
    return not os.environ.get("NO_COLOR")
