"""An ordinary world for the judgement, to be changed one thing at a time by `replace` and `judged`."""

from dataclasses import replace
from hashlib import sha256

from evergrant.core.access import Asked
from evergrant.core.credential import Kind, Presented, secret_digest
from evergrant.core.facts import (
    Caller,
    Client,
    Epochs,
    Grant,
    GrantFacts,
    GrantState,
    Realm,
    Resource,
    Subject,
)
from evergrant.core.grant import Case, Proof
from evergrant.core.policy import MINUTE, EpochEvent, Policy, Profile
from evergrant.protocol.pkce import challenge_of
from evergrant.protocol.scope import Scope
from evergrant.protocol.values import ClientId, GrantId, Millis, RealmId, SubjectId

NOW = Millis(1_800_000_000_000)
ISSUER = "https://as.example"
API = "https://api.example"
OTHER_API = "https://other.example"
WINDOW = Policy().retry_window
REDIRECT_URI = "https://web.example/callback"
VERIFIER = "v" * 43
HOME = Caller("Firefox", "192.0.2.0/24")
ELSEWHERE = Caller("curl", "198.51.100.0/24")
CODE_SECRET, FAMILY_SECRET = b"c" * 16, b"f" * 16
GRANT_ID = GrantId(bytes(range(16)))

RESOURCES = {
    API: Resource(API, "Notes", {"read": "Read your notes", "write": "Change your notes"}, None, None, NOW),
    OTHER_API: Resource(OTHER_API, "Photos", {"photos": "See your photos"}, None, None, NOW),
}
REALM = Realm(RealmId("r1"), "default", {}, 3, EpochEvent.PASSWORD_CHANGE, NOW, 1)
CLIENT = Client(
    id=ClientId("web"),
    name="Web",
    public=True,
    secret_digest=None,
    auth_method="none",
    strict_auth=False,
    grant_types=frozenset({"authorization_code", "refresh_token"}),
    redirect_uris=(REDIRECT_URI,),
    post_logout_redirect_uris=(),
    allowed_origins=(),
    scope=Scope.parse("openid offline_access profile read write photos"),
    audiences=(API, OTHER_API),
    roles=(),
    profile=Profile.OAUTH21,
    policy={},
    require_pkce=True,
    first_party=False,
    id_token_alg="RS256",
    disabled=False,
    epoch=5,
    epoch_event=EpochEvent.SECRET_ROTATION,
    created_at=NOW,
    revision=1,
)
CONFIDENTIAL = replace(
    CLIENT, public=False, secret_digest=sha256(b"eg_cs_right").digest(), auth_method="client_secret_basic"
)
SUBJECT = Subject(SubjectId("u_ada"), "ada", ("editor",), {"name": "Ada"}, False, 7, EpochEvent.ROLE_CHANGE, NOW, 1)

GRANT = Grant(
    id=GRANT_ID,
    client_id=CLIENT.id,
    subject=SUBJECT.id,
    state=GrantState.ACTIVE,
    generation=5,
    key_id=2,
    renewed_at=Millis(NOW - 20_000),
    previous_renewed_at=Millis(NOW - 40_000),
    used_at=Millis(NOW - 20_000),
    secret_digest=secret_digest(GRANT_ID, FAMILY_SECRET),
    retries=0,
    scope=Scope.parse("openid offline_access read write"),
    resources=(API,),
    auth_time=Millis(NOW - MINUTE),
    acr=None,
    amr=("pwd",),
    session_id="s1",
    offline=True,
    refreshable=True,
    binding=None,
    epochs=Epochs(3, 5, 7),
    created_at=Millis(NOW - MINUTE),
    granted_at=Millis(NOW - MINUTE),
    expires_at=Millis(NOW + 60 * MINUTE),
    pending_expires_at=Millis(NOW - 1),
    revocation=None,
    challenge=challenge_of(VERIFIER),
    redirect_uri=None,
    nonce=None,
    seen=HOME,
)
"""Generation 5, renewed 20 seconds ago; its predecessor was renewed 20 seconds earlier."""

PENDING = replace(
    GRANT,
    state=GrantState.PENDING,
    generation=0,
    secret_digest=secret_digest(GRANT_ID, CODE_SECRET),
    expires_at=Millis(0),
    pending_expires_at=Millis(NOW + 30_000),
    redirect_uri=REDIRECT_URI,
    nonce="n",
)
"""An unused code that lives for another 30 seconds."""

CURRENT = Case(
    presented=Presented(Kind.REFRESH, 2, GRANT_ID, FAMILY_SECRET, 5),
    kind=Kind.REFRESH,
    facts=GrantFacts(GRANT, SUBJECT),
    client=CLIENT,
    realm=REALM,
    policy=Policy(),
    proof=Proof(),
    asked=Asked(None, ()),
    resources=RESOURCES,
    issuer=ISSUER,
    caller=HOME,
    now=NOW,
)
"""The current refresh token, presented by its client: row 13."""

CODE = replace(
    CURRENT,
    kind=Kind.CODE,
    presented=Presented(Kind.CODE, 2, GRANT_ID, CODE_SECRET, 0),
    facts=GrantFacts(PENDING, SUBJECT),
    proof=Proof(VERIFIER, REDIRECT_URI),
)
"""An unused code with all its proofs: row 13."""


def presenting(case: Case, generation: int, *, key_id: int = 2) -> Case:
    """The same, with another generation of the refresh token."""
    return replace(case, presented=replace(case.token, generation=generation, key_id=key_id))


def behind(case: Case, generations: int) -> Case:
    """The same, with a spent token."""
    return presenting(case, case.grant.generation - generations)


def with_grant(case: Case, **changes: object) -> Case:
    """The same, over a grant with other columns."""
    changed = replace(case.grant, **changes)  # type: ignore[arg-type]  # a name that is no column fails at once
    return replace(case, facts=replace(facts_of(case), grant=changed))


def with_subject(case: Case, subject: Subject | None) -> Case:
    """The same, with a subject that changed since, or is gone."""
    return replace(case, facts=replace(facts_of(case), subject=subject))


def with_policy(case: Case, **changes: object) -> Case:
    """The same, under another policy."""
    policy = replace(case.policy, **changes)  # type: ignore[arg-type]  # a name that is no policy fails at once
    return replace(case, policy=policy)


def asking(case: Case, scope: str | None = None, *resources: str) -> Case:
    """The same, asking for less or for more."""
    return replace(case, asked=Asked(None if scope is None else Scope.parse(scope), resources))


def facts_of(case: Case) -> GrantFacts:
    """The facts. Raises AssertionError where there are none."""
    assert case.facts is not None
    return case.facts
