"""`/playground/grant?gid=`: development mode only. The playground's own grant, for the holder of its access token."""

from starlette.requests import Request
from starlette.responses import Response

from evergrant.core.explanations import KINDS
from evergrant.core.facts import Event
from evergrant.protocol.bearer import bearer
from evergrant.protocol.errors import InvalidRequest, InvalidToken
from evergrant.protocol.values import grant_id_from_text, grant_id_text
from evergrant.server.http.answering import json_answer
from evergrant.server.http.reading import authorization, issuer, read_query
from evergrant.server.playground import GrantReport


async def endpoint(request: Request) -> Response:
    """Answers for a revoked grant too, as long as the access token itself is genuine and has not expired."""
    here = issuer(request)
    if here.playground is None:
        return json_answer({"error": "not_found"}, status=404)
    token, gid = bearer(authorization(request)), read_query(request).require("gid")
    try:
        grant_id = grant_id_from_text(gid)
    except ValueError:
        raise InvalidRequest("The parameter gid is not a grant.") from None
    report = None if token is None else await here.playground.report(token, grant_id)
    if report is None:
        raise InvalidToken("The access token is not one of this grant.")
    return json_answer(_body(report))


def _body(report: GrantReport) -> dict[str, object]:
    grant = report.grant
    return {
        "grant": {
            "id": grant_id_text(grant.id),
            "state": grant.state,
            "generation": grant.generation,
            "renewed_at": grant.renewed_at,
            "expires_at": grant.expires_at,
            "idle_expires_at": report.idle_expires_at,
            "retries": grant.retries,
            "revoked_reason": None if grant.revocation is None else grant.revocation.reason,
        },
        "events": [_event(event) for event in report.events],
    }


def _event(event: Event) -> dict[str, object]:
    return {
        "at": event.at,
        "kind": event.kind,
        "reason": event.reason,
        "correlation_id": event.correlation_id,
        "text": KINDS[event.kind],
    }
