"""What an API needs to trust an access token: two lines, and safe from the first.

    from evergrant.resource import Guard, Resource
    guard = Guard(Resource("https://notes.example/api", issuer="https://login.example.com"))

The adapters are imported by the name of their framework: `evergrant.resource.asgi`, `.starlette`, `.fastapi`, `.flask`,
`.django`, `.mcp`.
"""

from evergrant.protocol.secret import Secret
from evergrant.resource.access_token import AccessToken
from evergrant.resource.declaration import Profile, Resource
from evergrant.resource.guard import Guard
from evergrant.resource.introspection import ApiClient, IntrospectionVerifier
from evergrant.resource.keys import FixedKeys, IssuerKeys
from evergrant.resource.refusals import Answer, Refused
from evergrant.resource.requirements import ANY_TOKEN, Requirement, any_of, require
from evergrant.resource.verifying import ByShape, JwtVerifier, Verifier

__all__ = [
    "ANY_TOKEN",
    "AccessToken",
    "Answer",
    "ApiClient",
    "ByShape",
    "FixedKeys",
    "Guard",
    "IntrospectionVerifier",
    "IssuerKeys",
    "JwtVerifier",
    "Profile",
    "Refused",
    "Requirement",
    "Resource",
    "Secret",
    "Verifier",
    "any_of",
    "require",
]
