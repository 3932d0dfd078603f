"""What each library drags in: the base for an API, two packages for a client, and each adapter its own framework."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, packages_distributions, requires

import pytest
from packaging.requirements import Requirement

from tests.architecture.repository import ROOT

_LOADED = "import sys, {module}; print(*sorted({{name.partition('.')[0] for name in sys.modules}}))"


def loaded_by(module: str) -> set[str]:
    """The distributions whose modules are there once `module` is imported, in a new interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", _LOADED.format(module=module)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    owners = packages_distributions()
    return {plain(owner) for name in done.stdout.split() for owner in owners.get(name, ())} - {"evergrant"}


def installed_by(*extras: str) -> set[str]:
    """What `pip install evergrant[extras]` brings on this system."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    optional = project["optional-dependencies"]
    ahead = [Requirement(text) for text in project["dependencies"] + [it for extra in extras for it in optional[extra]]]
    found: set[str] = set()
    while ahead:
        requirement = ahead.pop()
        name = plain(requirement.name)
        if name in found:
            continue
        found.add(name)
        wanted = requirement.extras or {""}
        ahead += [
            it for it in needs(name) if it.marker is None or any(it.marker.evaluate({"extra": e}) for e in wanted)
        ]
    return found


def needs(name: str) -> list[Requirement]:
    try:
        return [Requirement(text) for text in requires(name) or ()]
    except PackageNotFoundError:
        return []


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def ours() -> set[str]:
    """Everything that some extra names."""
    optional = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    return {plain(Requirement(text).name) for names in optional.values() for text in names}


@pytest.mark.parametrize(
    ("module", "extras"),
    [
        ("evergrant.resource", ()),
        ("evergrant.testing.issuer", ()),
        ("evergrant.resource.asgi", ()),
        ("evergrant.resource.starlette", ("starlette",)),
        ("evergrant.resource.fastapi", ("fastapi",)),
        ("evergrant.resource.flask", ("flask",)),
        ("evergrant.resource.django", ("django",)),
        ("evergrant.resource.mcp", ("mcp",)),
        ("evergrant.client", ("client",)),
        ("evergrant.client.vaults.keyring", ("client", "keyring")),
        ("evergrant.client.vaults.sql", ("client", "sql")),
    ],
)
def test_a_library_loads_nothing_of_an_extra_that_is_not_its_own(module: str, extras: tuple[str, ...]) -> None:
    """Other people's packages may load what they find; ours ask for nothing that was not asked for."""
    assert loaded_by(module) & ours() <= installed_by(*extras)


def test_an_api_installs_four_packages_beside_evergrant() -> None:
    assert installed_by() == {"joserfc", "cryptography", "cffi", "pycparser"} | (
        {"typing-extensions"} if sys.version_info < (3, 11) else set()
    )
