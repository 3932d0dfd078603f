"""The suite that all adapters are run through is no test file, but its assertions tell what they compared."""

import pytest

pytest.register_assert_rewrite("tests.resource.behaviour")
