"""Commands act on the store beside a running server, which notices within a second."""

import json
from base64 import urlsafe_b64decode

from tests.e2e.command_line import FELT_WITHIN, command, listing, post, refresh, sign_in_by_password
from tests.support.server import Server, evergrant
from tests.support.waiting import until


def claims(token: str) -> dict[str, object]:
    part = token.split(".")[1]
    decoded: dict[str, object] = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return decoded


def test_a_client_that_was_just_registered_gets_tokens_until_it_is_disabled(server: Server) -> None:
    token = f"{server.base_url}/token"
    form = {"grant_type": "client_credentials"}
    made = command(server.data_dir, "client", "create", "nightly", "--grant", "client_credentials", "--role", "batch")
    secret = str(made["client_secret"])

    status, answer = until(
        lambda: found if (found := post(token, form, ("nightly", secret)))[0] == 200 else None,
        what="the new client is known",
        seconds=FELT_WITHIN,
    )
    assert claims(answer["access_token"])["roles"] == ["batch"]

    command(server.data_dir, "client", "disable", "nightly")
    until(
        lambda: post(token, form, ("nightly", secret))[0] == 401,
        what="the disabled client is refused",
        seconds=FELT_WITHIN,
    )
    assert status == 200


def test_only_a_client_that_keeps_a_secret_can_do_without_pkce(server: Server) -> None:
    page = ("--redirect-uri", "https://old.example/callback")
    made = command(server.data_dir, "client", "create", "old-web", "--no-pkce", *page)
    again = command(server.data_dir, "client", "update", "old-web", "--pkce")
    public = evergrant("client", "create", "old-spa", "--public", "--no-pkce", *page, data_dir=server.data_dir)

    assert (made["require_pkce"], again["require_pkce"]) == (False, True)
    assert public.returncode == 1
    assert "PKCE" in public.stderr


def test_a_secret_is_shown_when_it_is_made_and_never_again(server: Server) -> None:
    made = command(server.data_dir, "client", "create", "keeper", "--grant", "client_credentials")
    rotated = command(server.data_dir, "client", "rotate-secret", "keeper")
    shown = json.dumps(command(server.data_dir, "client", "show", "keeper"))

    assert str(made["client_secret"]).startswith("eg_cs_")
    assert made["client_secret"] != rotated["client_secret"]
    assert "eg_cs_" not in shown
    assert "secret" not in json.loads(shown)
    token = f"{server.base_url}/token"
    until(
        lambda: post(token, {"grant_type": "client_credentials"}, ("keeper", str(rotated["client_secret"])))[0] == 200,
        what="the new secret is accepted",
        seconds=FELT_WITHIN,
    )
    status, _ = post(token, {"grant_type": "client_credentials"}, ("keeper", str(made["client_secret"])))
    assert status == 401


def test_a_role_changed_now_is_in_the_next_refreshed_access_token(server: Server) -> None:
    made = command(server.data_dir, "user", "create", "bea", "--role", "reader", "--claim", "name=Bea")
    first = sign_in_by_password(server, "bea", str(made["password"]))
    assert claims(first["access_token"])["roles"] == ["reader"]

    command(server.data_dir, "user", "set-roles", "bea", "reader", "editor")

    status, second = refresh(server, first["refresh_token"])
    assert status == 200
    assert claims(second["access_token"])["roles"] == ["reader", "editor"]


def test_a_new_password_ends_what_the_old_one_began(server: Server) -> None:
    command(server.data_dir, "user", "create", "cal", "--password-stdin", stdin="correct horse\n")
    tokens = sign_in_by_password(server, "cal", "correct horse")

    changed = command(server.data_dir, "user", "set-password", "cal", "--password-stdin", stdin="battery staple\n")

    assert (changed["grants_ended"], "password" in changed) == (1, False)
    status, refused = refresh(server, tokens["refresh_token"])
    assert (status, refused["error"]) == (400, "invalid_grant")
    assert sign_in_by_password(server, "cal", "battery staple")["refresh_token"]


def test_a_revoked_grant_is_refused_at_once_and_explained(server: Server) -> None:
    made = command(server.data_dir, "user", "create", "dan")
    tokens = sign_in_by_password(server, "dan", str(made["password"]))
    (grant,) = listing(server.data_dir, "grant", "list", "--user", "dan")
    assert grant["grant"] == claims(tokens["access_token"])["gid"]

    ended = command(server.data_dir, "grant", "revoke", str(grant["grant"]))

    assert (ended["state"], ended["revoked_reason"]) == ("revoked", "by_operator")
    assert refresh(server, tokens["refresh_token"])[0] == 400
    shown = command(server.data_dir, "grant", "show", str(grant["grant"]))
    events = shown["events"]
    assert isinstance(events, list)
    assert [event["kind"] for event in events] == ["refresh_refused", "grant_revoked", "grant_opened"]
    story = command(server.data_dir, "explain", events[0]["correlation_id"])
    assert story["summary"]


def test_a_realm_is_served_with_its_own_keys_as_soon_as_it_is_made(server: Server) -> None:
    realm = command(server.data_dir, "realm", "create", "acme", "--access-token-lifetime", "5m")
    made = command(server.data_dir, "--realm", "acme", "client", "create", "svc", "--grant", "client_credentials")

    issuer = f"{server.base_url}/realms/acme"
    assert realm["issuer"] == issuer
    status, answer = until(
        lambda: (
            found
            if (
                found := post(
                    f"{issuer}/token", {"grant_type": "client_credentials"}, ("svc", str(made["client_secret"]))
                )
            )[0]
            == 200
            else None
        ),
        what="the realm is served",
        seconds=FELT_WITHIN,
    )
    assert (status, int(answer["expires_in"])) == (200, 300)
    assert claims(answer["access_token"])["iss"] == issuer
    assert all(client["client_id"] != "svc" for client in listing(server.data_dir, "client", "list"))


def test_new_keys_sign_within_a_second_and_old_tokens_stay_good(server: Server) -> None:
    made = command(server.data_dir, "user", "create", "eve")
    tokens = sign_in_by_password(server, "eve", str(made["password"]))

    listed = listing(server.data_dir, "keys", "rotate")

    assert sorted(str(key["status"]) for key in listed) == ["active", "active", "retired", "retired"]
    signing = {str(key["kid"]) for key in listed if key["status"] == "active"}

    def refreshed_under_a_new_key() -> bool:
        nonlocal tokens
        status, tokens = refresh(server, tokens["refresh_token"])
        head = tokens["access_token"].split(".")[0]
        return status == 200 and json.loads(urlsafe_b64decode(head + "=="))["kid"] in signing

    until(refreshed_under_a_new_key, what="the new key signs", seconds=FELT_WITHIN)


def test_an_api_is_registered_shown_and_deleted(server: Server) -> None:
    identifier = "urn:example:things"
    wanted = ("resource", "create", identifier, "--scope", "things:read=Read your things")
    command(server.data_dir, *wanted, "--access-token-lifetime", "5m")

    table = evergrant("resource", "list", data_dir=server.data_dir)
    shown = command(server.data_dir, "resource", "show", identifier)

    assert identifier in table.stdout, "no emoji, no cut"
    assert (shown["scopes"], shown["access_token_lifetime"]) == ({"things:read": "Read your things"}, "5m")
    command(server.data_dir, "resource", "delete", identifier)
    assert listing(server.data_dir, "resource", "list") == []


def test_policies_are_written_with_units_and_taken_back_by_default(server: Server) -> None:
    made = command(
        server.data_dir,
        *("client", "create", "tuned", "--public", "--redirect-uri", "http://127.0.0.1/cb"),
        *("--access-token-lifetime", "5m", "--refresh-token-lifetime", "30d", "--renew", "never"),
    )
    assert made["policy"] == {"access_token_lifetime": "5m", "refresh_token_lifetime": "30d", "renew": "never"}
    assert "client_secret" not in made

    update = ("client", "update", "tuned", "--renew", "default", "--refresh-token-lifetime", "60d")
    changed = command(server.data_dir, *update)

    assert changed["policy"] == {"access_token_lifetime": "5m", "refresh_token_lifetime": "60d"}


def test_a_refusal_is_one_line_with_a_remedy_and_no_traceback(server: Server) -> None:
    refused = evergrant("client", "create", "no-uri", data_dir=server.data_dir)
    as_json = evergrant("user", "delete", "nobody", "--json", data_dir=server.data_dir)

    assert refused.returncode == 1
    assert refused.stdout == ""
    message, remedy = refused.stderr.splitlines()
    assert message.startswith("evergrant: ")
    assert remedy.startswith("  ")
    assert as_json.returncode == 1
    (error,) = json.loads(as_json.stderr)["errors"]
    assert error.keys() == {"message", "remedy"}


def test_several_wrong_policies_are_told_together(server: Server) -> None:
    wanted = ("client", "update", "demo-web", "--retry-window", "10s", "--code-lifetime", "5")

    refused = evergrant(*wanted, data_dir=server.data_dir)

    assert refused.returncode == 1
    assert "retry_window" in refused.stderr
    assert "code_lifetime" in refused.stderr


def test_a_wrong_option_is_usage_and_exits_with_2(server: Server) -> None:
    plain = evergrant("client", "create", "--frobnicate", data_dir=server.data_dir)
    as_json = evergrant("frobnicate", "--json", data_dir=server.data_dir)

    assert (plain.returncode, as_json.returncode) == (2, 2)
    assert json.loads(as_json.stderr)["errors"]


def test_nothing_is_coloured_when_nobody_watches(server: Server) -> None:
    assert "\x1b" not in evergrant("client", "list", data_dir=server.data_dir).stdout


def test_doctor_finds_a_readable_master_key_and_says_how_to_close_it(server: Server) -> None:
    healthy = command(server.data_dir, "doctor")
    key = server.data_dir / "master.key"
    key.chmod(0o644)
    try:
        done = evergrant("doctor", "--json", data_dir=server.data_dir)
    finally:
        key.chmod(0o600)

    assert healthy["ok"] is True
    assert done.returncode == 1
    broken = [finding for finding in json.loads(done.stdout)["findings"] if finding["grade"] == "broken"]
    assert [(finding["check"], "chmod 600" in finding["fix"]) for finding in broken] == [("master.key", True)]
