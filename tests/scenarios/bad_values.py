"""Values that people and programs write by mistake, as SQL expressions of both databases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Expression(NamedTuple):
    sqlite: str
    postgresql: str


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_WORDS = {
    "an emoji": "🎉👩‍👩‍👧",
    "right to left": "\u202eשלום\u2067مرحبا",
    "blanks": "  ",
    "nothing": "",
    "a word": "x",
    "SQL": "'); DROP TABLE contacts; --",
    "lines": "a\r\nX-Header: 1",
    "an email with two ats": "ada@example@example.com",
    "an email with a line's end": "ada@example.com\n",
    "NaN": "NaN",
    "Infinity": "Infinity",
    "a negative id as text": "-7",
    "a very negative id as text": "-" + "9" * 30,
    "digits without end": "9" * 5000,
    "a precise sum": "9" * 40 + ".123456789",
    "the year 0": "0000-01-01T00:00:00Z",
    "the year 1": "0001-01-01T00:00:00Z",
    "the last moment of 9999": "9999-12-31T23:59:59.999Z",
    "the year 10000": "10000-01-01T00:00:00Z",
    "a 30th of February": "2025-02-30",
    "broken JSON": '{"a":',
    "JSON's null": "null",
    "JSON with a NUL": r'["\u0000"]',
    "JSON with a lone surrogate": r'["\ud800"]',
    "a key with a lone surrogate": r'{"\udfff": "x"}',
    "JSON with a pair of surrogates": r'["\ud83c\udf89"]',
    "JSON with a large number": "[123456789012345678901234567890]",
    "JSON with a number out of range": "[1e400]",
    "JSON of 60 levels": "[" * 60 + "]" * 60,
    "JSON of 600 levels": "[" * 600 + "]" * 600,
    "JSON of 990 levels": '{"a":' * 989 + "1" + "}" * 989,
    "odd keys": '{"🎉": 1, "a b": null, "aB": [1], "": "x"}',
    "ids that are nobody's": "[7, 9007199254740993, 9223372036854775807]",
    "a negative id that is nobody's": "[-77]",
}

_NUMBERS = {
    "a fraction": "12.5",
    "a number": "42",
    "2**53 + 1": "9007199254740993",
    "2**63 - 1": "9223372036854775807",
    "2**63": "9223372036854775808",
    "-1": "-1",
    "-2**63": "-9223372036854775808",
    "true": "TRUE",
    "NULL": "NULL",
}

VALUES: Mapping[str, Expression] = {
    **{name: Expression(quoted(text), quoted(text)) for name, text in _WORDS.items()},
    **{name: Expression(text, text) for name, text in _NUMBERS.items()},
    "a NUL": Expression("'a' || char(0)", "'a' || chr(0)"),
    "a lone surrogate": Expression("CAST(x'EDA080' AS TEXT)", r"E'\uD800'"),
    "bytes": Expression("x'00ff'", r"'\x00ff'::bytea"),
    "infinite": Expression("9e999", "'infinity'"),
    "a long text": Expression("printf('%.*c', 100000, 'x')", "repeat('x', 100000)"),
}
