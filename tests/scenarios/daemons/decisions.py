"""People who decide about what waits, and the edits that they make by it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cfsync.resources import RESOURCES, Resource
from tests.push.conftest import Account
from tests.scenarios.book import Book
from tests.scenarios.daemons.crew import Crew, command
from tests.scenarios.daemons.steps import Decide

ENDS = (0, 1, 2, 4, 5)
"""1 to 5: what was to be decided is decided already, a database is busy, some is left."""

WAITING: Mapping[str, str] = {
    "approve": "SELECT seq FROM cf_outbox WHERE state = 'held' ORDER BY seq",
    "retry": "SELECT seq FROM cf_outbox WHERE state = 'parked' ORDER BY seq",
    "discard": "SELECT seq FROM cf_outbox WHERE state IN ('parked', 'held') ORDER BY seq",
    "local": "SELECT id FROM cf_conflicts WHERE state = 'open' ORDER BY id",
    "remote": "SELECT id FROM cf_conflicts WHERE state = 'open' ORDER BY id",
    "accept": "SELECT DISTINCT resource FROM cf_tombstones WHERE state = 'held' ORDER BY 1",
    "reject": "SELECT DISTINCT resource FROM cf_tombstones WHERE state = 'held' ORDER BY 1",
    "revert": "SELECT DISTINCT batch FROM cf_outbox WHERE batch IS NOT NULL ORDER BY 1",
    "undelete": """SELECT resource || ' ' || record_id FROM cf_tombstones
 UNION SELECT resource || ' ' || record_id FROM cf_outbox WHERE op = 'delete' ORDER BY 1""",
    "import": """SELECT workspace_id || ' ' || email_address FROM contacts
 WHERE email_address IS NOT NULL ORDER BY id""",
    "pause": "SELECT 'contacts' UNION SELECT 'products' UNION SELECT 'all' ORDER BY 1",
    "resume": "SELECT 'all'",
}
"""What can be decided about."""

DISCARDED = "SELECT seq FROM cf_outbox WHERE state = 'discarded'"

BY_COMMAND: Mapping[str, str] = {
    **{name: f"outbox {name} {{}} --yes" for name in ("approve", "retry", "discard")},
    **{side: f"conflicts resolve {{}} --{side} --yes" for side in ("local", "remote")},
    "accept": "deletions approve {} --yes",
    "reject": "deletions reject {} --yes",
    "revert": "revert {} --yes",
    "undelete": "undelete {} --yes",
    "import": "import {} --yes",
    "pause": "pause {}",
    "resume": "resume {}",
}
IN_CONSOLE: Mapping[str, tuple[str, str]] = {
    **{name: ("/edits/{}", name) for name in ("approve", "retry", "discard")},
    **{side: ("/conflicts/{}", side) for side in ("local", "remote")},
    "revert": ("/revert/{}", "revert"),
    "undelete": ("/undelete/{}", "undelete"),
    "pause": ("/pause/{}", "pause"),
    "resume": ("/pause/{}", "resume"),
}


def decide(crew: Crew, book: Book, step: Decide) -> None:
    account = crew.account
    found = account.column(WAITING[step.what])
    if not found:
        return
    which, last = str(found[step.pick % len(found)]), _last(account)
    if step.what == "import":
        which = _file(crew, book, which)
    dropped = set(account.column(DISCARDED))
    is_done = False
    if step.console and step.what in IN_CONSOLE:
        path, choice = IN_CONSOLE[step.what]
        is_done = crew.press(path.format(which.replace(" ", "/")), choice)
    if is_done:
        book.counts["decisions in the console"] += 1
    else:
        words = [w for w in BY_COMMAND[step.what].format(which).split() if w != "all"]
        done = command(account, *words)
        book.counts["decisions by command"] += 1
        if done.returncode not in ENDS or "Traceback" in done.stderr:
            crew.wrong.append(f"{words} ended with {done.returncode}: {done.stderr}")
    book.discarded |= set(account.column(DISCARDED)) - dropped
    note_since(account, book, last)


def _file(crew: Crew, book: Book, which: str) -> str:
    """A table of a contact that is there and one that is not, and how to import it."""
    (workspace, known), file = which.split(), crew.folder / "contacts.csv"
    new, name = book.token("here"), book.token("here")
    rows = ["email_address,first_name", f"{known},{name}", f"{new}@example.com,{new}"]
    file.write_text("\n".join(rows))
    return f"{file} --match email_address --workspace {workspace}"


def _last(account: Account) -> int:
    return account.one("SELECT coalesce(max(seq), 0) FROM cf_outbox")


def note_since(account: Account, book: Book, last: int) -> None:
    """Write down the edits after that one: what a decision does to the mirror is an edit of it."""
    query = "SELECT op, resource, record_id, patch FROM cf_outbox WHERE seq > ? ORDER BY seq"
    for op, table, record, patch in account.sql(query, last):
        if op != "update":
            book.note("here", op, table, record)
        for name, (old, new) in _patch(patch).items():
            _note_field(book, op, RESOURCES[table], record, name, old, new)


def _patch(stored: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(stored) if isinstance(stored, str) else stored
    return found


def _note_field(
    book: Book, op: str, resource: Resource, record: int, name: str, old: Any, new: Any
) -> None:
    field, table = resource.by_name[name], resource.name
    if op == "delete":
        return
    if field.merge == "map":
        was, now = old or {}, new or {}
        for key in sorted(was.keys() | now.keys()):
            if was.get(key) != now.get(key):
                values = was.get(key, ""), now.get(key, "")
                book.note("here", "update", table, record, f"{name}.{key}", *values)
    elif field.merge == "set":
        for member in sorted(set(old or ()) ^ set(new or ())):
            is_in = member in set(new or ())
            book.note("here", "toggle", table, record, f"{name}:{member}", not is_in, is_in)
    elif field.shown and (field.actions or field.type == "boolean"):
        book.note("here", "toggle", table, record, name, old, new)
    elif field.shown and field.type in ("text", "money"):
        book.note("here", op, table, record, name, old, new)
