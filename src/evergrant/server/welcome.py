"""What only the start of the program knows and the welcome page tells."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Welcome:
    """`database` in words, without credentials; `demo_username` is the user that was made for trying."""

    database: str
    demo_username: str
