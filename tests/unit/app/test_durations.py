"""Lengths of time: what was written is what is meant, and comes back when it is shown."""

import pytest

from evergrant.app.durations import LONGEST, parse_duration, show_duration


@pytest.mark.parametrize(
    ("text", "millis"), [("0", 0), ("1ms", 1), ("90 S", 90_000), ("15m", 900_000), ("2w", 1_209_600_000)]
)
def test_a_length_of_time_is_read_with_its_unit(text: str, millis: int) -> None:
    assert parse_duration(text) == millis
    assert parse_duration(show_duration(millis)) == millis


@pytest.mark.parametrize("text", ["", "7", "-1s", "1.5h", "٣s", "s", "1y"])
def test_what_has_no_unit_or_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a number and a unit"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["36501d", "5300w", "999999999999w", "999999999999s"])
def test_no_length_of_time_is_too_long_for_the_database(text: str) -> None:
    """A lifetime of 64 bits and more was accepted, and broke where it was stored."""
    with pytest.raises(ValueError, match="at most 36500d"):
        parse_duration(text)


def test_the_longest_is_a_hundred_years() -> None:
    assert parse_duration("36500d") == LONGEST
    assert parse_duration(show_duration(LONGEST)) == LONGEST
