"""The sentences that a terminal shows for the steps of an edit and for what a person decides; log
files keep event and keys.
"""

from __future__ import annotations

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


def as_sentence(event: EventDict) -> EventDict:
    """The same event with its sentence as text, without the keys that the sentence tells."""
    sentence = SENTENCES.get(event.get("event", ""))
    if sentence is None:
        return event
    told = {name: _text(value) for name, value in event.items()}
    left = {name: value for name, value in event.items() if f"{{{name}}}" not in sentence}
    return {**left, "event": sentence.format(**told).rstrip(" :")}


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
