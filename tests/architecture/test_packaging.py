"""What is installed: pinned with hashes, the same for serving and testing, and whole."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.architecture.repository import ROOT, tracked

PIN = re.compile(
    r"^(?P<name>[a-z0-9-]+)==(?P<version>\S+)(?: ; .+?)?(?P<hashes>(?: \\\n    --hash=sha256:[0-9a-f]{64})+)\n"
)
FILES = ["serve", "test", "bench", "fuzz", "lock"]


def pins(name: str) -> dict[str, str]:
    """Package and version of every pin in requirements/`name`.txt. Asserts that there is nothing else."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    found: dict[str, str] = {}
    while text:
        pin = PIN.match(text)
        assert pin, f"not a pin with hashes: {text.splitlines()[0]}"
        found[pin["name"]] = pin["version"]
        text = text[pin.end() :]
    return found


def declared() -> dict[str, list[str]]:
    """The dependencies of pyproject.toml by extra or group; `` is what is always installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return {
        "": project["project"]["dependencies"],
        **project["project"]["optional-dependencies"],
        **project["dependency-groups"],
    }


def name_of(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found, requirement
    return re.sub(r"[-_.]+", "-", found.group().lower())


@pytest.mark.parametrize("name", FILES)
def test_every_requirement_is_pinned_with_hashes_and_nothing_names_an_index(name: str) -> None:
    assert pins(name)


def test_the_versions_that_serve_are_the_versions_that_are_tested() -> None:
    assert pins("serve").items() <= pins("test").items()
    assert {pin for pin in pins("fuzz").items() if pin[0] != "atheris"} <= set(pins("test").items())


def test_every_dependency_is_locked() -> None:
    wanted = {group: {name_of(requirement) for requirement in names} for group, names in declared().items()}

    for group in ("", "server", "postgres", "build"):
        assert wanted[group] <= pins("serve").keys()
    for group in ("test", "check"):
        assert wanted[group] <= pins("test").keys()
    assert wanted["bench"] <= pins("bench").keys()
    for group in ("", "server", "fuzz"):
        assert wanted[group] <= pins("fuzz").keys()


def test_every_dependency_has_its_reason_in_a_decision_record() -> None:
    records = "\n".join(path.read_text() for path in (ROOT / "docs" / "adr").glob("[0-9]*.md")).lower()
    names = {name_of(requirement) for requirements in declared().values() for requirement in requirements}

    assert sorted(name for name in names if f"`{name}`" not in records) == []


def test_every_decision_record_is_in_the_index() -> None:
    index = (ROOT / "docs" / "adr" / "README.md").read_text()

    assert [path.name for path in (ROOT / "docs" / "adr").glob("[0-9]*.md") if f"({path.name})" not in index] == []


def test_the_wheel_holds_the_whole_package_and_nothing_else(tmp_path: Path) -> None:
    """Templates, styles and migrations are data: an editable install never misses them, a wheel would."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    package = {path.relative_to("src").as_posix() for path in tracked() if path.parts[0] == "src"}

    assert package - packed == set()
    assert {name.split("/")[0] for name in packed} == {"evergrant"}
    for kind in (".html", ".css", "migrations/env.py"):
        assert [name for name in packed if name.endswith(kind)], f"no {kind} in the wheel"
