"""What the repository may not contain: it must mean the same on every machine."""

import re

from tests.architecture.repository import text_of, tracked

# Written in pieces, because this file is read too.
REGISTRIES = re.compile("|".join(["py" + r"pi\.org", "python" + r"hosted\.org", "npm" + r"js\.(?:org|com)"]))
MACHINE_PATH = re.compile(r"(?<![\w.:/~-])/(?:root|work|Users|home/\w+)/\w")


def test_no_file_names_a_package_registry() -> None:
    """A lock with an index line works only for those who reach that index."""
    assert [str(path) for path in tracked() if REGISTRIES.search(text_of(path) or "")] == []


def test_no_file_names_a_folder_of_somebodys_machine() -> None:
    assert [str(path) for path in tracked() if MACHINE_PATH.search(text_of(path) or "")] == []
