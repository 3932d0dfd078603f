"""A user's claims have the types that clients rely on. OpenID Connect Core §5.1."""

import pytest

from evergrant.core.facts import JsonValue
from evergrant.core.standard_claims import BadClaim, check_claims


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", "Ada Lovelace"),
        ("nickname", "阿达"),
        ("email", "ada@example.org"),
        ("email_verified", False),
        ("phone_number", "+44 20 7946 0000"),
        ("phone_number_verified", True),
        ("birthdate", "1815-12-10"),
        ("birthdate", "0000-12-10"),
        ("birthdate", "1815"),
        ("zoneinfo", "Europe/London"),
        ("locale", "en-GB"),
        ("locale", "en_GB"),
        ("picture", "https://example.org/ada.png"),
        ("updated_at", 1_800_000_000),
        ("address", {"formatted": "12 St James's Square\nLondon", "country": "GB"}),
    ],
)
def test_what_the_specification_describes_is_kept_as_it_is(name: str, value: JsonValue) -> None:
    assert check_claims({name: value}) == {name: value}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", 1),
        ("name", ""),
        ("name", "a\nb"),
        ("name", None),
        ("name", "x" * 1001),
        ("email", "ada"),
        ("email", "ada@example.org\r\nBcc: x@example.org"),
        ("email_verified", "false"),
        ("email_verified", 1),
        ("birthdate", "10.12.1815"),
        ("birthdate", "1815-13-10"),
        ("zoneinfo", "../../etc"),
        ("locale", "e"),
        ("picture", "javascript:alert(1)"),
        ("website", "//example.org"),
        ("profile", "https://["),
        ("updated_at", True),
        ("updated_at", -1),
        ("updated_at", "now"),
        ("address", "London"),
        ("address", {}),
        ("address", {"planet": "Earth"}),
        ("address", {"country": 1}),
        ("sub", "u_someone"),
        ("iss", "https://login.example"),
        ("roles", "admin"),
    ],
)
def test_what_is_of_another_type_or_no_standard_claim_is_refused_by_name(name: str, value: JsonValue) -> None:
    with pytest.raises(BadClaim, match=f"^{name}: "):
        check_claims({name: value})


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(BadClaim) as refused:
        check_claims({"email": "x", "email_verified": "x", "name": "Ada"})

    assert str(refused.value).count(": must be") == 2
