"""What a user must be. Pure; every refusal says what to do instead and quotes no password."""

from base64 import b32encode
from collections.abc import Iterable, Mapping
from typing import Final

from evergrant.core.facts import JsonValue
from evergrant.core.ports.world import Random
from evergrant.core.standard_claims import BadClaim, check_claims
from evergrant.core.usernames import MAX_LENGTH, is_valid, normalise
from evergrant.protocol.secret import Secret
from evergrant.server.engine.operators.refusals import Invalid

FEWEST_CHARACTERS: Final = 8
MOST_BYTES: Final = 1024
"""Of a password. The upper limit is for the hash's sake: nobody should keep a processor busy with a megabyte."""

_MOST_ROLES: Final = 100
_MOST_ROLE_CHARACTERS: Final = 128


def read_username(text: str) -> str:
    """The stored spelling. Raises Invalid."""
    name = normalise(text)
    if not is_valid(name) or len(text.strip()) > MAX_LENGTH:
        raise Invalid(
            f"{text[: 2 * MAX_LENGTH]!r} cannot be a user name.",
            f"Use 1 to {MAX_LENGTH} visible characters without spaces.",
        )
    return name


def check_password(password: Secret, username: str) -> None:
    """Length counts; rules about composition make people choose worse ones (NIST SP 800-63B). Raises Invalid."""
    text = password.reveal()
    if len(text) < FEWEST_CHARACTERS:
        raise Invalid(f"The password is shorter than {FEWEST_CHARACTERS} characters.", "Choose a longer one.")
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise Invalid("The password has characters that are none.", "Choose another one.") from None
    if size > MOST_BYTES:
        raise Invalid(f"The password is longer than {MOST_BYTES} bytes.", "Choose a shorter one.")
    if normalise(text) == username:
        raise Invalid("The password is the user name.", "Choose another one.")


def new_password(random: Random) -> Secret:
    """80 bits that can be read out over the telephone: `abcd-efgh-ijkl-mnop`."""
    text = b32encode(random(10)).decode("ascii").lower()
    return Secret("-".join(text[i : i + 4] for i in range(0, len(text), 4)))


def read_roles(roles: Iterable[str]) -> tuple[str, ...]:
    """Distinct, in the order given. Raises Invalid."""
    distinct = tuple(dict.fromkeys(roles))
    if len(distinct) > _MOST_ROLES:
        raise Invalid("That are too many roles.", f"Give at most {_MOST_ROLES}: every access token carries them.")
    for role in distinct:
        if not 0 < len(role) <= _MOST_ROLE_CHARACTERS or not role.isprintable() or role != role.strip():
            raise Invalid(
                f"{role!r} cannot be a role.",
                f"Use 1 to {_MOST_ROLE_CHARACTERS} printable characters without spaces at either end.",
            )
    return distinct


def read_claims(claims: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Raises Invalid."""
    try:
        return check_claims(claims)
    except BadClaim as error:
        raise Invalid(f"The claims cannot be: {error}.", "Correct them (OpenID Connect Core §5.1).") from error
