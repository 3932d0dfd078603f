"""Whether a posted form was posted by one of our own pages (S-124, Q-14). The sealed field is asked for besides."""

from urllib.parse import urlsplit

from starlette.requests import Request

from evergrant.core.reasons import Reason
from evergrant.protocol.errors import InvalidRequest
from evergrant.server.issuer import Issuer


def check_same_origin(request: Request, issuer: Issuer) -> None:
    """Raises InvalidRequest for a form of another site.

    Browsers say where a form was posted from in `Sec-Fetch-Site`; `none` is the person, who reloads. Old browsers say
    it in `Origin`. Our pages send no referrer, which makes browsers write `Origin: null`, so that is believed only
    beside `Sec-Fetch-Site: same-origin`: a sandboxed frame of a stranger sends it too.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site not in (None, "same-origin", "none") or not _is_ours(origin, site, issuer):
        raise InvalidRequest("This form was sent from another site.", reason=Reason.GARBAGE)


def _is_ours(origin: str | None, site: str | None, issuer: Issuer) -> bool:
    if origin == "null":
        return site == "same-origin"
    parts = urlsplit(issuer.url)
    return origin in (None, f"{parts.scheme}://{parts.netloc}")
