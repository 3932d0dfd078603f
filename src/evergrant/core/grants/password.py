"""`password`: only for clients whose profile is `legacy` (RFC 6749 §4.3; RFC 9700 §2.4 advises against it)."""

from dataclasses import dataclass, replace

from evergrant.core.access import Asked, grantable, narrow
from evergrant.core.attempt import Ask, Judged, Setting, Stages
from evergrant.core.decisions import Open, Refuse
from evergrant.core.facts import GrantState, Subject
from evergrant.core.issuance import for_grant
from evergrant.core.opening import draft, expires_at
from evergrant.core.policy import Profile
from evergrant.core.reasons import Reason
from evergrant.protocol.errors import InvalidGrant, InvalidScope, InvalidTarget, UnauthorizedClient
from evergrant.protocol.forms import Form
from evergrant.protocol.secret import Secret

WRONG = "The user name or password is wrong."


@dataclass(frozen=True, slots=True)
class PasswordRequest:
    """A parsed request. RFC 6749 §4.3.2."""

    username: str
    password: Secret
    asked: Asked


def parse(form: Form) -> PasswordRequest:
    """Reads user name, password and scope (RFC 6749 §4.3.2)."""
    return PasswordRequest(form.require("username"), Secret(form.require("password")), Asked.of(form))


async def gather(request: PasswordRequest, ask: Ask) -> Subject | None:
    """Who that is, if the password is right."""
    return await ask.check_password(request.username, request.password)


def decide(request: PasswordRequest, subject: Subject | None, setting: Setting) -> Judged:
    """A grant at generation 1; the profile is asked here too, so that no registry change can open it by mistake."""
    client = setting.client
    if client.profile is not Profile.LEGACY:
        error = UnauthorizedClient("This client may not use the password grant.", reason=Reason.GRANT_NOT_ALLOWED)
        return Judged(Refuse(error, Reason.GRANT_NOT_ALLOWED))
    if subject is None or subject.disabled:
        return Judged(Refuse(InvalidGrant(WRONG, reason=Reason.WRONG_PASSWORD), Reason.WRONG_PASSWORD))
    try:
        granted = grantable(request.asked, client, setting.resources, setting.issuer)
        target = Asked(None, request.asked.resources[:1])
        access = narrow(target, granted, client, setting.resources, setting.issuer, setting.policy)
    except (InvalidScope, InvalidTarget) as refused:
        return Judged(Refuse(refused, Reason(refused.reason or Reason.TOO_WIDE_SCOPE)))
    pending = draft(
        client=client,
        subject=subject,
        realm=setting.realm,
        granted=granted,
        auth_time=setting.now,
        amr=("pwd",),
        session_id=None,
        caller=setting.caller,
        now=setting.now,
    )
    end = expires_at(pending, setting.policy, access.lifetime, setting.now)
    grant = replace(pending, state=GrantState.ACTIVE, generation=1, expires_at=end, pending_expires_at=end)
    return Judged(Open(grant, for_grant(grant, subject, client, access, nonce=None)))


PASSWORD = Stages("password", parse, gather, decide)
