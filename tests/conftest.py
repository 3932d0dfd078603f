"""What every test may ask for. The parts are in tests/support/, one file for each thing that is real."""

import pytest
from hypothesis import settings

pytest_plugins = [
    "tests.support.run",
    "tests.support.postgres",
    "tests.support.stores",
    "tests.support.server",
    "tests.support.chromium",
    "tests.support.callback",
    "tests.support.oidc_provider",
]

# Here, before any test file imports the suites that stores and vaults are held to: their assertions then tell what they
# compared.
pytest.register_assert_rewrite("evergrant.testing.store_contract", "evergrant.testing.vault_contract")

# A shared machine is slow at times: a slow example is not a wrong one.
settings.register_profile("evergrant", deadline=None, print_blob=True)
settings.load_profile("evergrant")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Evergrant runs on asyncio: uvicorn and the drivers do."""
    return "asyncio"
