"""The threat model points at tests that exist."""

import re

from tests.architecture.repository import ROOT, python_files, text_of

ID = re.compile(r"\b[SR]-\d{3}\b")


def test_every_id_in_the_threat_model_has_a_test() -> None:
    told = ID.findall((ROOT / "docs" / "explanation" / "threat-model.md").read_text(encoding="utf-8"))
    # In a name an id is written S_031.
    proven = {
        found.upper().replace("_", "-")
        for path in python_files("tests")
        for found in re.findall(r"(?:S|R|s|r)[-_]\d{3}", text_of(path) or "")
    }

    assert sorted(set(told) - proven) == []
