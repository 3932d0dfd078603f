"""What a logout request deserves. Pure. OpenID Connect RP-Initiated Logout 1.0 §2, §3."""

from dataclasses import dataclass

from evergrant.core.facts import Client
from evergrant.core.sessions import SignedIn
from evergrant.protocol.forms import Form
from evergrant.protocol.secret import Secret
from evergrant.protocol.values import ClientId


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """Nothing of it is proven yet."""

    id_token_hint: Secret | None
    client_id: ClientId | None
    post_logout_redirect_uri: str | None
    state: str | None


@dataclass(frozen=True, slots=True)
class Hint:
    """A genuine ID token of ours, however old."""

    client_id: ClientId
    subject: str
    sid: str | None


@dataclass(frozen=True, slots=True)
class ProvenReturn:
    """A post-logout redirect URI that the proven client registered to the letter; `decide` alone makes one."""

    client_id: ClientId
    client_name: str
    uri: str
    state: str | None


@dataclass(frozen=True, slots=True)
class LeaveAtOnce:
    """End this session: its own ID token was shown."""

    signed_in: SignedIn
    to: ProvenReturn | None


@dataclass(frozen=True, slots=True)
class AskFirst:
    """Anybody could have sent this browser here: ask the person."""

    signed_in: SignedIn
    client: Client | None
    to: ProvenReturn | None


@dataclass(frozen=True, slots=True)
class NobodyHere:
    """Nobody is signed in; there is nothing to end."""

    to: ProvenReturn | None


LogoutDecision = LeaveAtOnce | AskFirst | NobodyHere


def read(form: Form) -> LogoutRequest:
    """Reads the request. Raises InvalidRequest for repeated parameters."""
    named = form.get("client_id")
    return LogoutRequest(
        id_token_hint=form.secret("id_token_hint"),
        client_id=None if named is None else ClientId(named),
        post_logout_redirect_uri=form.get("post_logout_redirect_uri"),
        state=form.get("state"),
    )


def client_of(request: LogoutRequest, hint: Hint | None) -> ClientId | None:
    """Whose request it is. A hint for another client than the one named proves neither (§2)."""
    if hint is None:
        # A hint that is not ours says something is wrong; then its request proves nothing either.
        return request.client_id if request.id_token_hint is None else None
    return hint.client_id if request.client_id in (None, hint.client_id) else None


def decide(request: LogoutRequest, hint: Hint | None, client: Client | None, who: SignedIn | None) -> LogoutDecision:
    """`client` is the one that `client_of` names. What failed to be proven is not used (§4); the logout goes on."""
    proven = client if client is not None and not client.disabled else None
    to = _proven_return(request, proven)
    if who is None:
        return NobodyHere(to)
    if proven is not None and hint is not None and (hint.sid, hint.subject) == (who.session.sid, who.subject.id):
        return LeaveAtOnce(who, to)
    return AskFirst(who, proven, to)


def _proven_return(request: LogoutRequest, client: Client | None) -> ProvenReturn | None:
    uri = request.post_logout_redirect_uri
    if client is None or uri is None or uri not in client.post_logout_redirect_uris:
        return None
    return ProvenReturn(client.id, client.name, uri, request.state)
