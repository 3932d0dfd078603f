"""Creating and changing users: each change does to grants and sessions what the policies say."""

from dataclasses import replace

import pytest
from argon2 import PasswordHasher

from evergrant.core.facts import Caller, Client, EventKind, GrantState, Session
from evergrant.core.policy import EpochEvent
from evergrant.core.ports.reader import EventFilter
from evergrant.core.reasons import Reason
from evergrant.protocol.secret import Secret
from evergrant.protocol.values import Millis
from evergrant.server.engine.operators.refusals import AlreadyExists, Invalid, NotFound
from evergrant.server.engine.operators.subjects import NewSubject, Subjects
from evergrant.store.memory.store import MemoryRealm
from evergrant.testing.chance import Chance
from evergrant.testing.clock import START, ManualClock
from tests.unit.server.records import CALL, a_client, a_grant

# As small as argon2 goes: what is tested here is not its cost.
HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
ADA = NewSubject("Ada", Secret("correct horse"))
SESSION = b"digest of a cookie"


def hash_password(password: Secret) -> str:
    return HASHER.hash(password.reveal())


@pytest.fixture
def subjects(realm_store: MemoryRealm, clock: ManualClock, chance: Chance) -> Subjects:
    return Subjects(realm_store, clock, chance, hash_password)


async def password_hash(store: MemoryRealm, username: str = "ada") -> str:
    login = await store.login(username)
    assert login is not None
    assert login.password_hash is not None
    return login.password_hash


async def changes(store: MemoryRealm) -> list[str]:
    found = await store.events(EventFilter(correlation_id=CALL.correlation_id), 100)
    return [event.detail["change"] for event in reversed(found) if event.kind is EventKind.SUBJECT_CHANGED]


async def with_grants(store: MemoryRealm, subjects: Subjects, *clients: Client) -> None:
    """Ada, signed in, with one offline grant per client (two, one of them online, for the first)."""
    ada = (await subjects.create(CALL, ADA)).subject
    for number, client in enumerate(clients, 1):
        await store.add_client(client, events=())
        await store.open_grant(a_grant(number, client.id, ada.id), consent=None, room=None, events=())
    online = a_grant(99, clients[0].id, ada.id, offline=False)
    await store.open_grant(online, consent=None, room=None, events=())
    later = Millis(START + 1_000_000)
    session = Session(SESSION, "s-1", ada.id, START, ("pwd",), START, START, later, Caller())
    await store.start_session(session, replaces=None, events=())


async def living(store: MemoryRealm, *numbers: int) -> list[int]:
    found = []
    for number in numbers:
        facts = await store.grant(a_grant(number).id)
        if facts is not None and facts.grant.state is GrantState.ACTIVE:
            found.append(number)
    return found


async def test_a_user_gets_an_identifier_that_says_nothing_and_a_normal_name(subjects: Subjects) -> None:
    """S-015"""
    ada = (await subjects.create(CALL, replace(ADA, username=" ADA "))).subject

    assert (ada.username, ada.id[:2], len(ada.id)) == ("ada", "u_", 24)


async def test_a_password_is_kept_as_an_argon2id_hash(subjects: Subjects, realm_store: MemoryRealm) -> None:
    made = await subjects.create(CALL, ADA)

    kept = await password_hash(realm_store)
    assert made.password is None
    assert kept.startswith("$argon2id$")
    assert HASHER.verify(kept, "correct horse")


async def test_a_password_is_made_if_none_is_given_and_told_once(subjects: Subjects, realm_store: MemoryRealm) -> None:
    made = await subjects.create(CALL, replace(ADA, password=None))

    assert made.password is not None
    assert made.password.reveal() not in repr(made)
    assert HASHER.verify(await password_hash(realm_store), made.password.reveal())


async def test_two_users_cannot_have_one_name_in_two_spellings(subjects: Subjects) -> None:
    await subjects.create(CALL, ADA)

    with pytest.raises(AlreadyExists):
        await subjects.create(CALL, replace(ADA, username="\uff21\uff24\uff21"))


@pytest.mark.parametrize("username", ["", " ", "a b", "a\u200bb", "a\x00", "x" * 129])
async def test_a_name_that_cannot_be_seen_or_typed_is_refused(subjects: Subjects, username: str) -> None:
    with pytest.raises(Invalid, match="user name"):
        await subjects.create(CALL, replace(ADA, username=username))


@pytest.mark.parametrize("password", ["", "1234567", "x" * 1025, "é" * 513, "ADA-LOVELACE", "abcdefgh\ud800"])
async def test_a_password_too_short_too_long_or_equal_to_the_name_is_refused(
    subjects: Subjects, realm_store: MemoryRealm, password: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await subjects.create(CALL, NewSubject("ada-lovelace", Secret(password)))

    assert not password or password not in str(refused.value)
    assert await realm_store.subjects() == ()


@pytest.mark.parametrize("password", ["12345678", "x" * 1024, "passwort mit ä und 🦉", "        "])
async def test_any_other_password_is_allowed(subjects: Subjects, password: str) -> None:
    assert (await subjects.create(CALL, replace(ADA, password=Secret(password)))).password is None


async def test_claims_of_the_wrong_type_are_refused(subjects: Subjects) -> None:
    with pytest.raises(Invalid, match="email_verified: must be true or false"):
        await subjects.create(CALL, replace(ADA, claims={"email_verified": "yes"}))


@pytest.mark.parametrize("role", ["", " admin", "a\nb", "x" * 129])
async def test_a_role_that_cannot_be_read_is_refused(subjects: Subjects, role: str) -> None:
    with pytest.raises(Invalid, match="role"):
        await subjects.create(CALL, replace(ADA, roles=(role,)))


async def test_a_user_is_found_by_name_in_any_case_and_by_identifier(subjects: Subjects) -> None:
    ada = (await subjects.create(CALL, ADA)).subject

    assert [await subjects.show(who) for who in ("ada", "ADA", ada.id)] == [ada] * 3


async def test_nobody_hides_a_user_by_taking_their_identifier_as_a_name(subjects: Subjects) -> None:
    ada = (await subjects.create(CALL, ADA)).subject
    await subjects.create(CALL, replace(ADA, username=ada.id))

    assert await subjects.show(ada.id) == ada


async def test_a_user_who_is_not_there_is_not_found_by_anything(subjects: Subjects) -> None:
    for doing in (
        subjects.show("nobody"),
        subjects.set_password(CALL, "nobody", None),
        subjects.set_roles(CALL, "nobody", ()),
        subjects.set_claims(CALL, "nobody", {}),
        subjects.disable(CALL, "nobody"),
        subjects.enable(CALL, "nobody"),
        subjects.delete(CALL, "u_nobody"),
    ):
        with pytest.raises(NotFound):
            await doing


async def test_a_new_password_ends_all_grants_and_sessions(subjects: Subjects, realm_store: MemoryRealm) -> None:
    """S-035"""
    await with_grants(realm_store, subjects, a_client("web"))
    before = await password_hash(realm_store)

    changed = await subjects.set_password(CALL, "ada", Secret("another horse"))

    assert (changed.grants_ended, await living(realm_store, 1, 99)) == (2, [])
    assert await realm_store.session(SESSION) is None
    assert await password_hash(realm_store) != before
    assert (changed.subject.epoch, changed.subject.epoch_event) == (1, EpochEvent.PASSWORD_CHANGE)
    facts = await realm_store.grant(a_grant(1).id)
    assert facts is not None
    assert facts.grant.revocation is not None
    assert (facts.grant.revocation.by, facts.grant.revocation.reason) == ("operator", Reason.PASSWORD_CHANGED)


async def test_each_clients_own_policy_decides_for_its_grants(subjects: Subjects, realm_store: MemoryRealm) -> None:
    deaf = replace(a_client("deaf"), policy={"on_password_change": "ignore"})
    careful = replace(a_client("careful"), policy={"on_password_change": "revoke_online"})
    await with_grants(realm_store, subjects, a_client("web"), deaf, careful)

    await subjects.set_password(CALL, "ada", None)

    assert await living(realm_store, 1, 2, 3) == [2, 3]


async def test_a_bad_new_password_changes_nothing(subjects: Subjects, realm_store: MemoryRealm) -> None:
    await with_grants(realm_store, subjects, a_client("web"))

    with pytest.raises(Invalid):
        await subjects.set_password(CALL, "ada", Secret("short"))

    assert await living(realm_store, 1, 99) == [1, 99]
    assert await changes(realm_store) == ["created"]


async def test_new_roles_end_nothing_by_default_but_move_the_epoch(
    subjects: Subjects, realm_store: MemoryRealm
) -> None:
    await with_grants(realm_store, subjects, a_client("web"))

    changed = await subjects.set_roles(CALL, "ada", ("editor", "editor", "reader"))

    assert (changed.subject.roles, changed.subject.epoch) == (("editor", "reader"), 1)
    assert await living(realm_store, 1, 99) == [1, 99]
    assert await realm_store.session(SESSION) is not None


async def test_new_roles_end_grants_where_the_policy_says_so(subjects: Subjects, realm_store: MemoryRealm) -> None:
    strict = replace(a_client("strict"), policy={"on_role_change": "revoke_all"})
    await with_grants(realm_store, subjects, a_client("web"), strict)

    assert (await subjects.set_roles(CALL, "ada", ("x",))).grants_ended == 1
    assert await living(realm_store, 1, 2, 99) == [1, 99]


async def test_the_same_roles_again_are_no_change(subjects: Subjects, realm_store: MemoryRealm) -> None:
    await subjects.create(CALL, replace(ADA, roles=("x",)))

    changed = await subjects.set_roles(CALL, "ada", ("x",))

    assert (changed.subject.epoch, await changes(realm_store)) == (0, ["created"])


async def test_claims_are_replaced_and_concern_no_grant(subjects: Subjects, realm_store: MemoryRealm) -> None:
    await with_grants(realm_store, subjects, a_client("web"))

    changed = await subjects.set_claims(CALL, "ada", {"name": "Ada", "email_verified": True})

    assert (changed.subject.claims, changed.subject.epoch) == ({"name": "Ada", "email_verified": True}, 0)
    assert await living(realm_store, 1, 99) == [1, 99]


async def test_a_disabled_user_loses_grants_and_sessions(subjects: Subjects, realm_store: MemoryRealm) -> None:
    """S-035"""
    await with_grants(realm_store, subjects, a_client("web"))

    changed = await subjects.disable(CALL, "ada")

    assert (changed.subject.disabled, await living(realm_store, 1, 99)) == (True, [])
    assert await realm_store.session(SESSION) is None


async def test_enabling_a_user_brings_no_grant_back(subjects: Subjects, realm_store: MemoryRealm) -> None:
    await with_grants(realm_store, subjects, a_client("web"))
    await subjects.disable(CALL, "ada")

    assert not (await subjects.enable(CALL, "ada")).subject.disabled
    assert await living(realm_store, 1, 99) == []
    assert await changes(realm_store) == ["created", "disabled", "enabled"]


async def test_a_deleted_user_leaves_no_living_grant_whatever_the_policy(
    subjects: Subjects, realm_store: MemoryRealm
) -> None:
    deaf = replace(a_client("deaf"), policy={"on_disable": "ignore"})
    await with_grants(realm_store, subjects, deaf)

    assert await subjects.delete(CALL, "ada") == 2
    assert (await subjects.list(), await living(realm_store, 1, 99)) == ((), [])
    assert await realm_store.session(SESSION) is None


async def test_nothing_of_another_user_ends(subjects: Subjects, realm_store: MemoryRealm) -> None:
    await with_grants(realm_store, subjects, a_client("web"))
    await subjects.create(CALL, NewSubject("grace"))

    await subjects.disable(CALL, "grace")
    await subjects.delete(CALL, "grace")

    assert await living(realm_store, 1, 99) == [1, 99]


async def test_no_event_holds_a_password(subjects: Subjects, realm_store: MemoryRealm) -> None:
    """S-041"""
    await subjects.create(CALL, ADA)
    made = (await subjects.set_password(CALL, "ada", None)).password

    assert made is not None
    trail = repr(await realm_store.events(EventFilter(), 100))
    assert "correct horse" not in trail
    assert made.reveal() not in trail
