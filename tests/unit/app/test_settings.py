"""Settings are checked at once and completely, and say what to do."""

import os
from pathlib import Path

import pytest

from evergrant.app.problems import SettingsError
from evergrant.app.settings import Settings, load_settings

KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"


@pytest.fixture(autouse=True)
def no_settings_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("EVERGRANT_")]:
        monkeypatch.delenv(name)


def problems(folder: Path, **given: object) -> dict[str, str]:
    with pytest.raises(SettingsError) as refused:
        load_settings(folder, **given)
    assert all(problem.remedy for problem in refused.value.problems)
    return {problem.key: problem.wrong for problem in refused.value.problems}


def production(folder: Path, **given: object) -> Settings:
    complete = {
        "env": "production",
        "issuer": "https://login.example.com",
        "master_key": KEY,
        "database": {"url": "postgresql://db.example.com/evergrant"},
    }
    return load_settings(folder, **{**complete, **given})


def test_nothing_needs_to_be_set_in_development(tmp_path: Path) -> None:
    settings = load_settings(tmp_path)

    assert settings.development
    assert settings.issuer == "http://localhost:8000"
    assert settings.database_file == tmp_path / "evergrant-data" / "evergrant.db"
    assert settings.masters is None


def test_the_development_issuer_follows_the_port_and_tls(tmp_path: Path) -> None:
    pem = tmp_path / "cert.pem"
    pem.touch()

    assert load_settings(tmp_path, listen={"port": 8123}).issuer == "http://localhost:8123"
    assert load_settings(tmp_path, tls={"cert": str(pem), "key": str(pem)}).issuer == "https://localhost:8000"


def test_production_names_everything_that_is_missing_at_once(tmp_path: Path) -> None:
    assert problems(tmp_path, env="production").keys() == {"issuer", "database.url", "master_key"}


def test_wrong_and_missing_settings_are_told_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVERGRANT_ENV", "production")
    monkeypatch.setenv("EVERGRANT_SESSION__IDLE", "90")
    monkeypatch.setenv("EVERGRANT_LOG__FORMAT", "xml")
    monkeypatch.setenv("EVERGRANT_DATABASE__URI", "sqlite:///x")
    monkeypatch.setenv("EVERGRANT_TRUSTED_PROXIES", "10.0.0.0/8,all")
    monkeypatch.setenv("EVERGRANT_POLICY__RETRY_WINDOW", "1s")

    told = problems(tmp_path)

    assert told.keys() == {
        *("session.idle", "log.format", "database.uri", "trusted_proxies", "policy"),
        *("issuer", "database.url", "master_key"),
    }


def test_a_malformed_variable_is_one_problem_among_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVERGRANT_DATABASE", "not json")

    assert problems(tmp_path, env="production").keys() == {"database", "issuer", "master_key"}


def test_the_environment_wins_over_the_file_and_the_caller_over_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "evergrant.toml").write_text(
        "[listen]\nport = 7001\nhost = '::1'\n[policy]\nrenew = 'never'\naccess_token_lifetime = '5m'\n"
    )
    monkeypatch.setenv("EVERGRANT_LISTEN__PORT", "7002")
    monkeypatch.setenv("EVERGRANT_POLICY__ACCESS_TOKEN_LIFETIME", "10m")

    assert load_settings(tmp_path).listen.port == 7002
    settings = load_settings(tmp_path, listen={"port": 7003})
    assert (settings.listen.port, settings.listen.host) == (7003, "::1")
    assert settings.policy == {"renew": "never", "access_token_lifetime": 600_000}


def test_a_configuration_file_that_was_named_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVERGRANT_CONFIG", "elsewhere.toml")

    assert problems(tmp_path).keys() == {"EVERGRANT_CONFIG"}


def test_an_unknown_setting_in_the_file_is_a_slip_and_is_told(tmp_path: Path) -> None:
    (tmp_path / "evergrant.toml").write_text("issuerr = 'x'\n[sesion]\nidle = '1h'\n[listen]\nprot = 1\n")

    assert problems(tmp_path).keys() == {"issuerr", "sesion", "listen.prot"}


def test_secrets_come_from_files_and_are_never_shown(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"2:{KEY}\n")
    (tmp_path / "url").write_text("postgresql://u:hunter2@db/evergrant\n")

    settings = production(tmp_path, master_key=None, master_key_file="key", database={"url_file": "url"})

    assert settings.database_url.reveal() == "postgresql+psycopg://u:hunter2@db/evergrant"
    assert settings.masters is not None
    assert settings.masters.current == 2
    assert KEY not in repr(settings)
    assert "hunter2" not in repr(settings)


def test_a_wrong_secret_is_not_quoted(tmp_path: Path) -> None:
    told = problems(tmp_path, master_key="hunter2-hunter2", database={"url": "mysql://u:hunter2@db"})

    assert told.keys() == {"master_key", "database.url"}
    assert "hunter2" not in str(told)


def test_a_secret_file_that_is_not_there_is_told_once(tmp_path: Path) -> None:
    assert problems(tmp_path, master_key_file="nowhere").keys() == {"master_key_file"}


@pytest.mark.parametrize(("order", "signs"), [((1, 3), 1), ((3, 1), 3)])
def test_several_master_keys_have_ids_and_the_first_one_signs(
    tmp_path: Path, order: tuple[int, int], signs: int
) -> None:
    keys = {1: KEY, 3: f"{KEY[::-1][:-1]}A"}
    settings = production(tmp_path, master_key=",".join(f"{number}:{keys[number]}" for number in order))

    assert settings.masters is not None
    assert (list(settings.masters), settings.masters.current) == ([1, 3], signs)


@pytest.mark.parametrize(
    "issuer",
    [
        "http://login.example.com",
        "https://login.example.com/?a=b",
        "https://user@login.example.com",
        "https://Login.example.com",
        "login.example.com",
        "https://login.example.com:99999",
    ],
)
def test_an_issuer_that_clients_could_not_trust_is_refused(tmp_path: Path, issuer: str) -> None:
    with pytest.raises(SettingsError, match="issuer"):
        production(tmp_path, issuer=issuer)


def test_development_listens_on_loopback_only(tmp_path: Path) -> None:
    assert problems(tmp_path, listen={"host": "0.0.0.0"}).keys() == {"listen.host"}
    assert load_settings(tmp_path, listen={"host": "::1"}).listen.host == "::1"
    assert production(tmp_path, listen={"host": "0.0.0.0"}).listen.host == "0.0.0.0"


def test_production_answers_to_the_names_it_was_given_only(tmp_path: Path) -> None:
    assert production(tmp_path, allowed_hosts=["Backup.example.com:8443"]).allowed_hosts == {
        "login.example.com",
        "backup.example.com:8443",
    }


def test_development_answers_to_every_name_of_this_machine(tmp_path: Path) -> None:
    hosts = load_settings(tmp_path, listen={"port": 8123}).allowed_hosts

    assert hosts == {"localhost:8123", "127.0.0.1:8123", "[::1]:8123"}


def test_a_renewal_waits_for_whatever_the_database_waits_for_unless_told_otherwise(tmp_path: Path) -> None:
    assert production(tmp_path).renewal_durability == "replicated"
    database = {"url": "postgresql://db.example.com/evergrant", "renewal_durability": "local"}
    assert production(tmp_path, database=database).renewal_durability == "local"
    assert problems(tmp_path, database={"renewal_durability": "none"}).keys() == {"database.renewal_durability"}


def test_half_a_tls_pair_is_refused(tmp_path: Path) -> None:
    pem = tmp_path / "cert.pem"
    pem.touch()

    assert problems(tmp_path, tls={"cert": str(pem)}).keys() == {"tls.key"}


@pytest.mark.parametrize("lifetime", ["15", "15x", "-1m", "m", "\u0661\u0665m", ""])
def test_a_duration_without_a_unit_is_refused(tmp_path: Path, lifetime: str) -> None:
    assert problems(tmp_path, policy={"access_token_lifetime": lifetime}).keys() == {"policy"}


@pytest.mark.parametrize("number", [0, -1, 257])
def test_so_many_processes_cannot_serve(tmp_path: Path, number: int) -> None:
    assert "not a number of processes" in problems(tmp_path, listen={"workers": number})["listen.workers"]


def test_how_many_processes_is_left_open(tmp_path: Path) -> None:
    assert load_settings(tmp_path).listen.workers is None
    assert load_settings(tmp_path, listen={"workers": 256}).listen.workers == 256
