"""The sentences that a terminal shows for the steps of an edit, for what a person decides, and for
warnings of a pass; log files keep event and keys.
"""

from __future__ import annotations

from collections import defaultdict

from structlog.typing import EventDict

_EDIT = "edit {seqs} of {resource} {id}"
SENTENCES = {
    "edit.held": f"{_EDIT} waits for approval: {{reason}}",
    "edit.blocked": f"{_EDIT} {{reason}}",
    "edit.waiting": f"{_EDIT} {{reason}}",
    "edit.missing": f"{_EDIT} is not in ClickFunnels, and is sent again",
    "edit.settled": f"{_EDIT} needs no call: ClickFunnels has its values already",
    "edit.sending": f"{_EDIT} is being sent as {{op}} in batch {{batch}}: {{fields}}",
    "edit.sent": f"{_EDIT} was sent in batch {{batch}}",
    "edit.found": f"{_EDIT} is in ClickFunnels already, as {{record_id}}",
    "edit.refused": f"{_EDIT} was {{reason}} in batch {{batch}} because of {{fields}}",
    "edit.ignored": f"{_EDIT} was sent, but ClickFunnels kept its value of {{field}}",
    "edit.parked": f"{_EDIT} is parked and waits for you: {{reason}} {{fields}}",
    "edit.deleted_remotely": f"{_EDIT} waits for you: the record was deleted in ClickFunnels",
    "edit.postponed": f"{_EDIT} was not sent and is tried again: {{reason}}",
    "edit.unconfirmed": f"{_EDIT} may have arrived and is looked up first: {{reason}}",
    "edit.approved": f"{_EDIT} was approved by {{by}}",
    "edit.retried": f"{_EDIT} is to be sent again: retried by {{by}}",
    "edit.discarded": f"{_EDIT} was discarded by {{by}}",
    "edit.adopted": f"{_EDIT} was given record {{record_id}} by {{by}}",
    "conflict.resolved": "conflict {conflict} about {field} of {resource} {id} was resolved by"
    " {by}: {choice}",
    "deletion.approved": "the deletion of {resource} {id} was approved by {by}",
    "deletion.rejected": "the deletion of {resource} {id} was rejected by {by}",
    "record.reverted": "batch {batch} was taken back by {by}: {fields} of {resource} {id}",
    "record.undeleted": "{resource} {id} was brought back by {by}; its new id: {new_id}",
    "record.redacted": "{resource} {id} was redacted by {by}",
    "record.acted": "{action} of {resource} {id} was done in ClickFunnels by {by}",
    "resource.paused": "{resource} was paused by {by}",
    "resource.resumed": "{resource} was resumed by {by}",
}

WARNINGS = {
    "bulk.off": "{resource} of workspace {workspace} go one by one for a day: the call for many"
    " {reason}",
    "capture.lost": "edits by SQL are not captured: {reason}",
    "capture.restored": "triggers that had been removed are back: {objects}",
    "census.doubted": "{list} is walked, its saved filter is not trusted: {reason}",
    "census.left": "{list} is walked: {reason}",
    "census.off": "{list} is walked, without its saved filter: {reason}",
    "conflict.found": "{field} of {resource} {id} was changed on both sides: a conflict, winner"
    " {winner}",
    "database.locked": "another program holds the database; trying again",
    "deletions.held": "{count} {resource} of workspace {workspace} are missing in ClickFunnels and"
    " wait for you: cfsync deletions list",
    "drift.found": "{resource} were changed here while edits were not captured ({ids}):"
    " cfsync conflicts list",
    "drift.tidied": "a trigger of yours changes {fields} of {resource} as cfsync writes them",
    "edits.held": "{count} edits of {resource} are many at once and wait for you: cfsync plan",
    "list.empty_where_rows_are": "{list} is empty now; the mirror keeps its rows",
    "list.failed": "{list} could not be read: {error}",
    "list.in_trouble": "{list} could not be read: {error}",
    "list.unreachable": "{list} is not readable with this token ({status})",
    "pull.sort_ignored": "{list} is not sorted by time: it is read whole",
    "pull.watermark_ahead": "{list} has times in the future: it is read whole",
    "record.of_another_workspace": "{resource} of another workspace were listed and left: {ids}",
    "request.repeated": "{method} {route} is tried again: {why}",
    "requests.paused": "no requests until {until}: {why}",
    "walk.as_listed": "{list} is not in the order of ids: it is read as it is listed",
    "walk.in_one_line": "{list} can't be read in several parts at once: it takes longer",
}

_CONFLICT_OF_RECORD = (
    "{resource} {id} was deleted on one side and changed on the other: a conflict, winner {winner}"
)


def as_sentence(event: EventDict) -> EventDict:
    """The same event with its sentence as text, without the keys that the sentence tells."""
    sentence = _sentence(event)
    if sentence is None:
        return event
    told = defaultdict(lambda: "?", {name: _text(value) for name, value in event.items()})
    left = {n: value for n, value in event.items() if f"{{{n}}}" not in sentence and value != ""}
    return {**left, "event": sentence.format_map(told).rstrip(" :")}


def is_told(event: EventDict) -> bool:
    """Whether there is a sentence for it."""
    return _sentence(event) is not None


def _sentence(event: EventDict) -> str | None:
    name = event.get("event", "")
    if name == "conflict.found" and event.get("field") == "":
        return _CONFLICT_OF_RECORD
    return SENTENCES.get(name) or WARNINGS.get(name)


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
