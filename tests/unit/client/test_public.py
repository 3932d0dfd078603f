"""What `evergrant.client` offers, and what it does not ask for."""

import subprocess
import sys

import evergrant.client

OPTIONAL = {"httpx", "keyring", "requests", "sqlalchemy"}


def test_every_public_name_is_there_and_in_order() -> None:
    names = evergrant.client.__all__

    assert names == sorted(names, key=lambda name: (name.lower() != name, name))
    assert all(hasattr(evergrant.client, name) for name in names)


def test_no_optional_package_is_imported_with_it() -> None:
    program = "import sys, evergrant.client, evergrant.client.vaults, evergrant.client.auth; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert OPTIONAL & set(done.stdout.split()) == set()
