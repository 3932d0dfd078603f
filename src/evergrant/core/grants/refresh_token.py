"""`refresh_token`: the heart. RFC 6749 §6."""

from evergrant.core.access import Asked
from evergrant.core.attempt import Shown, Stages, judge_shown, look_up
from evergrant.core.credential import Kind
from evergrant.core.grant import Proof
from evergrant.protocol.forms import Form
from evergrant.protocol.secret import Secret


def parse(form: Form) -> Shown:
    """Reads token, scope and resource. `redirect_uri`, sent by some clients, is a foreign parameter and ignored."""
    return Shown(Secret(form.require("refresh_token")), Kind.REFRESH, Proof(), Asked.of(form))


REFRESH_TOKEN = Stages("refresh_token", parse, look_up, judge_shown)
