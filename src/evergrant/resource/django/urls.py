"""The URL of the API's own document (RFC 9728 §3.1), for a project without the middleware.

    urlpatterns = [path("", include("evergrant.resource.django.urls")), ...]

It begins at the root of the host, so it belongs into the URLs of the project, not of one of its applications.
"""

from __future__ import annotations

import re

from django.urls import re_path

from evergrant.resource.declaration import WELL_KNOWN
from evergrant.resource.django.views import metadata

# Whatever follows: the settings are read when somebody asks, so that `check` can say what is wrong with them.
urlpatterns = [re_path(f"^{re.escape(WELL_KNOWN.lstrip('/'))}(?:/|$)", metadata)]
