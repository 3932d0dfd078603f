"""Why something was refused or ended: for logs, metrics, events and `evergrant explain`, never for the caller."""

from enum import StrEnum


class Reason(StrEnum):
    """The private reason behind a public answer. The numbers are the rows of the judging table."""

    GARBAGE = "garbage"  # row 1: malformed, MAC wrong, wrong kind or realm; no grant was read
    UNKNOWN = "unknown"  # row 2: no such grant, or the secret does not match
    OTHER_CLIENT = "other_client"  # row 3
    WRONG_PROOF = "wrong_proof"  # row 4
    REVOKED = "revoked"  # row 5
    EXPIRED = "expired"  # row 6
    IDLE = "idle"  # row 6, idle expiry; revokes
    SUBJECT_DISABLED = "subject_disabled"  # row 7
    SUBJECT_GONE = "subject_gone"  # row 7
    CLIENT_DISABLED = "client_disabled"  # row 7
    PASSWORD_CHANGED = "password_changed"
    ROLES_CHANGED = "roles_changed"  # row 7
    SECRET_ROTATED = "secret_rotated"
    LOGGED_OUT = "logged_out"  # row 7 and logout itself
    TOO_FAR_AHEAD = "too_far_ahead"  # row 8
    RETIRED_KEY = "retired_key"  # row 8: signed by an older key than the row's
    REUSED = "reused"  # rows 9 and 10; revokes
    TOO_WIDE_SCOPE = "too_wide_scope"  # row 11
    NO_SCOPE_LEFT = "no_scope_left"  # row 11
    WRONG_TARGET = "wrong_target"  # row 11
    RETRY_STREAK = "retry_streak"  # the streak; revokes
    OVERTAKEN = "overtaken"  # lost the race so often, or so late, that only a retry can tell
    NEWER_KEY = "newer_key"  # another node signed with a master key that this one was not given
    TOO_LATE = "too_late"  # 15 s after the request was accepted nothing is committed any more
    MADE_ROOM = "made_room"  # least recently used grant beyond `max_grants`; revoked
    BY_CLIENT = "by_client"  # RFC 7009 revocation; revokes
    BY_OPERATOR = "by_operator"  # command line; revokes
    CLIENT_DELETED = "client_deleted"  # revokes
    UNKNOWN_CLIENT = "unknown_client"
    WRONG_SECRET = "wrong_secret"
    TWO_METHODS = "two_methods"
    WRONG_METHOD = "wrong_method"
    GRANT_NOT_ALLOWED = "grant_not_allowed"
    WRONG_PASSWORD = "wrong_password"
    UNKNOWN_SUBJECT = "unknown_subject"
    THROTTLED = "throttled"
    STORE_DOWN = "store_down"
    DENIED = "denied"
    NEVER_ASKED = "never_asked"  # prompt=none, and somebody would have to be asked
