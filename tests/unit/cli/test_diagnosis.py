"""What went wrong with an issuer is one line and a remedy, and never called a bug of ours."""

import pytest

from evergrant.cli.diagnosis import diagnose
from evergrant.client import (
    ClientError,
    NobodyCame,
    NotOffered,
    ProtocolError,
    RefreshUnavailable,
    Refused,
    SignInReason,
    SignInRequired,
    VaultBusy,
    VaultDamaged,
)


@pytest.mark.parametrize(
    ("problem", "message", "remedy"),
    [
        (SignInRequired(SignInReason.ENDED, "abc"), "correlation id abc", "evergrant login"),
        (RefreshUnavailable("the issuer answered 503", 7), "try again in 7 s", "Nothing is lost"),
        (Refused("invalid_client", "Who are you?", 401), "the issuer refused it: invalid_client", "client"),
        (ProtocolError("it has no discovery document"), "no discovery document", "--issuer"),
        (VaultBusy("somebody holds it"), "somebody holds it", "try again"),
        (NotOffered("the issuer has no authorization_endpoint"), "no authorization_endpoint", None),
        (VaultDamaged("sessions.json is damaged"), "damaged", None),
        (NobodyCame("nobody came back"), "nobody came back", None),
    ],
)
def test_trouble_with_an_issuer_says_what_to_do(problem: ClientError, message: str, remedy: str | None) -> None:
    (trouble,), exit_code = diagnose(problem)

    assert exit_code == 1
    assert message in trouble.message
    assert (trouble.remedy is None) == (remedy is None)
    assert remedy is None or remedy in (trouble.remedy or "")
