"""The registry of grant types: adding one is a file here and a name in this tuple."""

from typing import Final

from evergrant.core.attempt import GrantType
from evergrant.core.grants.authorization_code import AUTHORIZATION_CODE
from evergrant.core.grants.client_credentials import CLIENT_CREDENTIALS
from evergrant.core.grants.password import PASSWORD
from evergrant.core.grants.refresh_token import REFRESH_TOKEN

GRANTS: Final[tuple[GrantType, ...]] = (AUTHORIZATION_CODE, REFRESH_TOKEN, CLIENT_CREDENTIALS, PASSWORD)
GRANT_TYPES: Final = tuple(grant.name for grant in GRANTS)
