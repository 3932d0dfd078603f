"""`authorization_code`: the code is generation 0 of its grant. RFC 6749 §4.1.3, RFC 7636 §4.5."""

from evergrant.core.access import Asked
from evergrant.core.attempt import Shown, Stages, judge_shown, look_up
from evergrant.core.credential import Kind
from evergrant.core.grant import Proof
from evergrant.protocol.forms import Form
from evergrant.protocol.secret import Secret


def parse(form: Form) -> Shown:
    """Reads code, redirect URI, verifier and resource; `scope` has no meaning here and is ignored."""
    code = Secret(form.require("code"))
    proof = Proof(verifier=form.get("code_verifier"), redirect_uri=form.get("redirect_uri"))
    return Shown(code, Kind.CODE, proof, Asked(None, form.all("resource")))


AUTHORIZATION_CODE = Stages("authorization_code", parse, look_up, judge_shown)
