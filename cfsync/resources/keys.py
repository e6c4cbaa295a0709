"""The number of a record that ClickFunnels tells apart by a text: a country by its code. Pure.

Ids are integers everywhere in the mirror, so such a record gets a number that depends on its text
alone: the same on every machine and in every mirror. A short code is read in base 36 and can be
told from its number again, so lists can hang below it; any other text is hashed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from cfsync.records import PROVISIONAL_FROM, Listing
from cfsync.resources import ALL
from cfsync.resources.model import Resource

BASE = 36
SHORT = BASE**9
"""The numbers of codes of nine characters at most are below it, the hashes from it on."""

_CODE = re.compile(r"[A-Z1-9][A-Z0-9]{0,8}", re.ASCII)
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def number(text: str) -> int:
    """The id of the record with this text."""
    if _CODE.fullmatch(text):
        return int(text, BASE)
    digest = int.from_bytes(sha256(text.encode("utf-8", "surrogatepass")).digest()[:8])
    return SHORT + digest % (PROVISIONAL_FROM - SHORT)


def number_of(resource: Resource, body: Mapping[str, Any]) -> int | None:
    """The id of a record of a resource with a `key`; None where the record lacks it."""
    found = [body.get(name) for name in resource.key]
    given = [text for text in found if isinstance(text, str) and text]
    return number("/".join(given)) if given else None


def above(listing: Listing) -> int | str:
    """What stands in the path of a list for the record above it."""
    parent = ALL[listing.resource].parent
    return of(ALL[parent], listing.parent_id) if parent else listing.parent_id


def of(resource: Resource, id_or_public_id: int | str) -> int | str:
    """What stands in a path for the record with that id."""
    if not resource.key or not str(id_or_public_id).isdecimal():
        return id_or_public_id
    left, text = int(id_or_public_id), ""
    while 0 < left < SHORT:
        left, digit = divmod(left, BASE)
        text = _DIGITS[digit] + text
    return text or id_or_public_id
