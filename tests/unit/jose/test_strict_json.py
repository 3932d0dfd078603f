"""JSON that means one thing only. RFC 8725 §3.7; S-085."""

import json

import pytest

from evergrant.jose.errors import JoseReason
from evergrant.jose.strict_json import read_object
from tests.unit.jose.forging import forge, header, payload, reason


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":1,"a":1}',
        b'{"a":{"b":1,"b":2}}',
        b'{"a":1,"\\u0061":2}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        b'{"a":1e400}',
        b'{"a":9007199254740993}',
        b'{"a":-9007199254740993}',
        b'{"a":1e17}',
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":"\\ud800"}',
        b'{"\\udfff":1}',
        b'{"a":"\xff"}',
        b'{"a":"\xed\xa0\x80"}',
        b'\xef\xbb\xbf{"a":1}',
        '{"a":1}'.encode("utf-16"),
        b'{"a":' + b"[" * 16 + b"]" * 16 + b"}",
        b"[" * 12_000,
        b'{"a":' * 2_000 + b"1" + b"}" * 2_000,
        b'{"a":1} {"b":2}',
        b'{"a":"\n"}',
        b"{'a':1}",
        b'{"a":1,}',
        b"[]",
        b'"text"',
        b"null",
        b"",
    ],
)
def test_s085_json_that_two_programs_read_differently_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"JSON|nested|surrogate"):
        read_object(text)

    assert reason(forge(text, payload())) is JoseReason.MALFORMED
    assert reason(forge(header(), text)) is JoseReason.MALFORMED


def test_s085_ordinary_json_is_read() -> None:
    text = '{"a":[1,-2,0.5,true,null,"é😀\\ud83d\\ude00"],"b":{"c":9007199254740992}}'

    assert read_object(text.encode()) == json.loads(text)
    assert read_object(b'{"a":' + b"[" * 15 + b"]" * 15 + b"}")
