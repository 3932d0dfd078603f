"""Subjects and their passwords."""

from dataclasses import replace

import pytest

from evergrant.core.facts import EventKind, Login, Subject
from evergrant.core.policy import EpochEvent
from evergrant.core.ports.ledger import Done, RevokeAll, Saved, Superseded, Taken
from evergrant.protocol.values import SubjectId
from evergrant.testing.store_contract.facts import ADA, BY_OPERATOR, a_session, a_subject, an_event
from evergrant.testing.store_contract.tenant import Contract, Tenant

NOBODY = RevokeAll((), BY_OPERATOR)


async def save(
    tenant: Tenant, subject: Subject, password_hash: str | None = None, end_sessions: bool = False
) -> Saved | Superseded:
    """Save a subject as it is given, with an event."""
    return await tenant.here.save_subject(
        subject,
        password_hash=password_hash,
        end_sessions=end_sessions,
        revoke=None,
        events=[an_event(EventKind.SUBJECT_CHANGED)],
    )


class PeopleContract(Contract):
    """Subjects, their names, passwords and sessions."""

    async def test_a_subject_is_read_as_it_was_added(self, tenant: Tenant) -> None:
        assert await tenant.here.subject(ADA) == tenant.subject
        assert await tenant.here.subject(SubjectId("nobody")) is None

    async def test_subjects_are_listed_by_name(self, tenant: Tenant) -> None:
        bob, eve = a_subject("1", "Bob"), a_subject("2", "åsa")
        for subject in (eve, bob):
            await tenant.here.add_subject(subject, None, events=())
        assert await tenant.here.subjects() == (tenant.subject, bob, eve)

    @pytest.mark.parametrize("name", ["ada", "Ada", "ADA", " ada ", "\uff21\uff24\uff21"])
    async def test_a_login_is_found_in_any_spelling(self, tenant: Tenant, name: str) -> None:
        assert await tenant.here.login(name) == Login(tenant.subject, "$argon2id$before")

    @pytest.mark.parametrize("name", ["", "bob", "ada\0", "\ud800", "a" * 500, "\u0430da"])
    async def test_a_name_that_nobody_has_finds_nothing(self, tenant: Tenant, name: str) -> None:
        assert await tenant.here.login(name) is None
        assert await tenant.here.subject(SubjectId(name)) is None

    async def test_a_subject_may_have_no_password(self, tenant: Tenant) -> None:
        await tenant.here.add_subject(a_subject("1", "bob"), None, events=())
        login = await tenant.here.login("bob")
        assert login is not None
        assert login.password_hash is None

    @pytest.mark.parametrize(("id", "name"), [(ADA, "bob"), ("other", "ada"), ("other", "ADA")])
    async def test_ids_and_names_are_given_once(self, tenant: Tenant, id: str, name: str) -> None:
        before = await tenant.version()
        outcome = await tenant.here.add_subject(a_subject(id, name), None, events=[an_event()])
        assert outcome == Taken()
        assert await tenant.here.subjects() == (tenant.subject,)
        assert (await tenant.version(), await tenant.events()) == (before, ())

    async def test_a_save_replaces_the_subject_and_keeps_the_password(self, tenant: Tenant) -> None:
        changed = a_subject(
            username="Ada.L", roles=(), claims={}, disabled=True, epoch=8, epoch_event=EpochEvent.ROLE_CHANGE
        )
        assert await save(tenant, changed) == Saved()
        stored = replace(changed, revision=2)
        assert await tenant.here.subject(ADA) == stored
        assert await tenant.here.login("ada.l") == Login(stored, "$argon2id$before")
        assert await tenant.here.login("ada") is None
        assert await tenant.events() == (an_event(EventKind.SUBJECT_CHANGED),)

    async def test_a_save_may_set_another_password(self, tenant: Tenant) -> None:
        await save(tenant, tenant.subject, "$argon2id$after")
        login = await tenant.here.login("ada")
        assert login is not None
        assert login.password_hash == "$argon2id$after"

    async def test_a_save_of_what_somebody_changed_meanwhile_is_superseded(self, tenant: Tenant) -> None:
        await save(tenant, tenant.subject)
        version = await tenant.version()
        assert await save(tenant, replace(tenant.subject, roles=("root",)), "$x") == Superseded()
        assert await tenant.here.login("ada") == Login(replace(tenant.subject, revision=2), "$argon2id$before")
        assert (await tenant.version(), len(await tenant.events())) == (version, 1)

    async def test_a_save_cannot_take_somebody_elses_name(self, tenant: Tenant) -> None:
        await tenant.here.add_subject(a_subject("1", "bob"), None, events=())
        assert await save(tenant, replace(tenant.subject, username="BOB")) == Superseded()
        assert await save(tenant, replace(tenant.subject, username="ADA")) == Saved()

    async def test_a_save_may_end_the_subjects_sessions(self, tenant: Tenant) -> None:
        await tenant.here.add_subject(a_subject("1", "bob"), None, events=())
        other = a_session(b"o" * 32, subject=SubjectId("1"))
        for session in (a_session(), other):
            await tenant.here.start_session(session, replaces=None, events=())
        await save(tenant, tenant.subject)
        assert await tenant.here.session(a_session().digest) is not None
        await save(tenant, replace(tenant.subject, revision=2), end_sessions=True)
        assert await tenant.here.session(a_session().digest) is None
        assert await tenant.here.session(other.digest) is not None

    async def test_nobody_can_be_deleted_or_saved_who_is_not_there(self, tenant: Tenant) -> None:
        version = await tenant.version()
        gone = SubjectId("nobody")
        assert await tenant.here.delete_subject(gone, revoke=NOBODY, events=[an_event()]) == Superseded()
        assert await save(tenant, a_subject("nobody", "nobody")) == Superseded()
        assert (await tenant.version(), await tenant.events()) == (version, ())

    async def test_the_name_of_a_deleted_subject_is_free_again(self, tenant: Tenant) -> None:
        await tenant.here.delete_subject(ADA, revoke=NOBODY, events=())
        assert await tenant.here.add_subject(a_subject("again"), None, events=()) == Done()

    async def test_a_hash_is_replaced_by_a_stronger_one_of_the_same_password(self, tenant: Tenant) -> None:
        version = await tenant.version()
        await tenant.here.rehash(ADA, "$argon2id$before", "$argon2id$stronger")
        # The subject is as it was: nobody's save must fail because of this.
        assert await tenant.here.login("ada") == Login(tenant.subject, "$argon2id$stronger")
        assert await tenant.version() == version

    async def test_a_hash_is_not_replaced_if_the_password_changed_meanwhile(self, tenant: Tenant) -> None:
        await tenant.here.rehash(ADA, "$argon2id$another", "$argon2id$stronger")
        await tenant.here.rehash(SubjectId("nobody"), "$argon2id$before", "$argon2id$stronger")
        assert await tenant.here.login("ada") == Login(tenant.subject, "$argon2id$before")

    async def test_the_hash_is_not_shown(self, tenant: Tenant) -> None:
        assert "argon2id" not in repr(await tenant.here.login("ada"))
