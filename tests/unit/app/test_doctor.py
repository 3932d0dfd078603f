"""What `doctor` says about clients and about this machine."""

from pathlib import Path

import pytest

from evergrant.app.doctor.clients import check_clients
from evergrant.app.doctor.findings import Grade
from evergrant.app.doctor.machine import check_machine
from evergrant.app.settings import load_settings
from evergrant.core.facts import Client, Realm
from evergrant.core.policy import DAY, EpochEvent, PolicyValue, Profile
from evergrant.protocol.scope import EMPTY
from evergrant.protocol.values import ClientId, Millis, RealmId

REALM = Realm(RealmId("default"), "default", {}, 0, EpochEvent.NONE, Millis(0), 1)


def client(
    *,
    id: str = "app",
    public: bool = False,
    grants: tuple[str, ...] = ("authorization_code", "refresh_token"),
    redirect_uris: tuple[str, ...] = ("https://app.example/cb",),
    profile: Profile = Profile.OAUTH21,
    policy: dict[str, PolicyValue] | None = None,
    require_pkce: bool = True,
    disabled: bool = False,
) -> Client:
    return Client(
        id=ClientId(id),
        name="App",
        public=public,
        secret_digest=None if public else b"digest",
        auth_method="none" if public else "client_secret_basic",
        strict_auth=False,
        grant_types=frozenset(grants),
        redirect_uris=redirect_uris,
        post_logout_redirect_uris=(),
        allowed_origins=(),
        scope=EMPTY,
        audiences=(),
        roles=(),
        profile=profile,
        policy=policy or {},
        require_pkce=require_pkce,
        first_party=False,
        id_token_alg="RS256",
        disabled=disabled,
        epoch=0,
        epoch_event=EpochEvent.NONE,
        created_at=Millis(0),
        revision=1,
    )


def test_an_ordinary_client_follows_its_profile() -> None:
    (finding,) = check_clients(REALM, (client(),), development=False)

    assert (finding.grade, finding.fix) == (Grade.OK, None)


@pytest.mark.parametrize(
    ("weak", "grade"),
    [
        (client(profile=Profile.LEGACY, grants=("password",), redirect_uris=()), Grade.WEAK),
        (client(require_pkce=False), Grade.WEAK),
        (client(policy={"access_token_lifetime": DAY}), Grade.WEAK),
        (client(policy={"refresh_token_lifetime": 400 * DAY}), Grade.WEAK),
        (client(policy={"retry_window": 0}), Grade.WEAK),
        (client(redirect_uris=("http://localhost/cb",)), Grade.WEAK),
        (client(public=True, policy={"renew": "never"}), Grade.BROKEN),
        (client(profile=Profile.FAPI2), Grade.BROKEN),
        (client(id="demo-service"), Grade.BROKEN),
    ],
)
def test_every_weakness_is_named_with_a_fix(weak: Client, grade: Grade) -> None:
    (finding,) = check_clients(REALM, (weak,), development=False)

    assert finding.grade is grade
    assert finding.fix


def test_a_disabled_client_harms_nobody() -> None:
    assert list(check_clients(REALM, (client(disabled=True, require_pkce=False),), development=False)) == []


def test_the_realms_policy_counts_where_the_client_says_nothing() -> None:
    realm = Realm(RealmId("default"), "default", {"retry_window": 0}, 0, EpochEvent.NONE, Millis(0), 1)

    (finding,) = check_clients(realm, (client(),), development=False)

    assert "retry window" in finding.says


def test_a_readable_secret_is_broken_and_an_open_folder_weak(tmp_path: Path) -> None:
    settings = load_settings(tmp_path)
    settings.data_dir.mkdir(mode=0o755)
    (settings.data_dir / "master.key").touch(0o644)

    found = {finding.check: finding.grade for finding in check_machine(settings, Millis(0))}

    assert (found["data folder"], found["master.key"]) == (Grade.WEAK, Grade.BROKEN)


def test_a_proxy_that_is_not_believed_is_told(tmp_path: Path) -> None:
    settings = load_settings(
        tmp_path,
        env="production",
        issuer="https://login.example.com",
        master_key="AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        database={"url": "postgresql://db/evergrant"},
    )

    found = {finding.check: finding for finding in check_machine(settings, Millis(0))}

    assert found["proxy"].grade is Grade.WEAK
    assert "EVERGRANT_TRUSTED_PROXIES" in (found["proxy"].fix or "")
