"""What must be so before any file here is read."""

from importlib import import_module

import pytest

# The suite that all adapters are run through is no test file, but its assertions tell what they compared.
pytest.register_assert_rewrite("tests.resource.behaviour")
# Django's models want the settings when they are imported, whichever file is read first, or alone.
import_module("tests.resource.django_project")
