"""Why edits wait for a person, and what helps: one table, which `cf_waiting` shows.

A reason is text in `cf_outbox.error`; its kind is told by how it begins. What begins like none of
these are the words of ClickFunnels, which refused a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cfsync.mirror.db.errors import OWN_CONSTRAINT

UNKNOWN = "unknown:"
"""How the reason begins of an edit that is parked because it may have arrived already."""
MAY_EXIST = f"{UNKNOWN} it may exist already"
MAY_HAVE_ARRIVED = f"{UNKNOWN} it may have arrived, and ClickFunnels doesn't show it"
GIVEN_UP = "given up after"
REFERS = "refers to"
NO_PARENT = "its parent record no longer exists"
FOREIGN = "its record belongs to a workspace that is not mirrored"
APART = "it names a record below another parent"
OWN_KEY = f"{OWN_CONSTRAINT}: the foreign key of"
"""How the reason begins of an insert whose row can't take its id, as other tables refer to it."""
NO_ROW = "its row is no longer in the mirror"
MASS = "a mass "
"""How the reason begins of an edit that is held with others because there were too many at once."""
MASS_UPDATE = "a mass update"
MASS_DELETION = "a mass deletion"
OTHER_PROGRAM = "the webhook endpoint of another program"
REFUSED = "refused by ClickFunnels"
"""The kind of a reason that is in ClickFunnels' own words."""
UNSEEN = "ClickFunnels holds a value here that no column can hold"

DISCARD = "cfsync outbox discard {seq}"
CHANGE = f"change the row, or {DISCARD}"
ADOPT = "cfsync outbox adopt {seq} {id}"
APPROVE = "cfsync outbox approve {seq}"
LOOK = f"look in ClickFunnels, then {DISCARD}, or cfsync outbox retry {{seq}}"

WHAT_HELPS: Mapping[str, str] = {
    MAY_EXIST: ADOPT,
    MAY_HAVE_ARRIVED: LOOK,
    UNKNOWN: "cfsync outbox adopt {seq} ID",
    GIVEN_UP: "cfsync outbox retry {seq}",
    REFERS: CHANGE,
    NO_PARENT: DISCARD,
    FOREIGN: DISCARD,
    APART: CHANGE,
    NO_ROW: DISCARD,
    OWN_KEY: "give the foreign key ON UPDATE CASCADE, then cfsync outbox retry {seq}",
    OWN_CONSTRAINT: "change the row in its way, then cfsync outbox retry {seq}",
    UNSEEN: f"change the value in ClickFunnels, or {DISCARD}",
    "": CHANGE,
}
"""How the reason of a parked edit begins -> what helps; the first that fits counts. `{seq}` is the
number of the edit, `{id}` the one record that it may be, or `ID` where these are several or none.
"""


def may_exist(found: Sequence[int]) -> str:
    """The reason of an insert whose record may be one of those `found`."""
    return f"{MAY_EXIST} ({', '.join(map(str, found)) or 'nothing to know it by'})"


def kind_of(reason: str) -> str:
    """The kind of a reason, without anything that ClickFunnels or the database said."""
    begins = next(begins for begins in WHAT_HELPS if reason.startswith(begins))
    return begins.rstrip(":") or REFUSED


def what_helps_sql() -> str:
    """The table as an SQL expression over the columns of `cf_outbox`, the same on both databases.
    A delete that ClickFunnels has refused has no row left to change.
    """
    found = f"rtrim(substr(error, {len(MAY_EXIST) + 3}), ')')"
    pieces = {
        "seq": "' || seq || '",
        "id": f"' || CASE replace({found}, ' ', '') WHEN {found} THEN {found} ELSE 'ID' END || '",
    }
    cases = [("state = 'held'", APPROVE)]
    for begins, helps in WHAT_HELPS.items():
        if not begins:
            cases.append(("op = 'delete'", DISCARD))
        cases.append((f"substr(coalesce(error, ''), 1, {len(begins)}) = {_quoted(begins)}", helps))
    when = (f"WHEN {condition} THEN '{text.format(**pieces)}'" for condition, text in cases)
    return "CASE " + "\n    ".join(when) + " END"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
