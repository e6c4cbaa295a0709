"""docs/troubleshooting.md: every reason why something waits is there, and every message is real."""

from __future__ import annotations

import re

import pytest

from cfsync.mirror.views.waiting import TEXT
from tests.meta.documents import document
from tests.meta.messages import SHORTEST, all_texts, reasons

DOC = document("docs/troubleshooting.md")
KNOWN = (
    "a mass update",
    "a mass deletion",
    "it may have arrived, and ClickFunnels doesn't show it",
    "ClickFunnels holds a value here that no column can hold",
    "its parent record no longer exists",
    "its record belongs to a workspace that is not mirrored",
    "a constraint or trigger of your own refuses the row",
)
"""Reasons that reach the outbox in a roundabout way."""

JOINTS = r"\.\.\.|[:;()]| of | 10 | won, |email_address"
"""Where the code puts a message together."""


def literals() -> list[str]:
    return re.findall(r"'([^']*)'", TEXT)


def kinds() -> set[str]:
    (states,) = re.findall(r"state IN \(([^)]*)\) AND", TEXT)
    return {*re.findall(r"'(\w+)'", states), *re.findall(r"UNION ALL\nSELECT '(\w+)'", TEXT)}


def cells() -> list[str]:
    """The messages in the first column of the tables."""
    rows = re.findall(r"^\| (.*?) \|", DOC.prose, re.MULTILINE)
    return [message for row in rows for message in re.findall(r"`([^`]+)`", row)]


def test_every_kind_has_its_section() -> None:
    assert kinds() == {"parked", "held", "conflict", "deletion", "refused"}
    assert {h for h in DOC.headings if h.startswith("Kind ")} == {f"Kind `{k}`" for k in kinds()}


@pytest.mark.parametrize(
    "reason", [t for t in literals() if " " in t.strip() and "cfsync " not in t]
)
def test_every_reason_of_the_view_is_there(reason: str) -> None:
    assert reason.strip(" :;,") in " ".join(cells())


@pytest.mark.parametrize("reason", sorted({*reasons(), *KNOWN}))
def test_every_reason_of_the_outbox_is_there(reason: str) -> None:
    assert reason in all_texts()
    assert reason in DOC.prose


@pytest.mark.parametrize("message", cells())
def test_every_message_is_one_of_cfsync(message: str) -> None:
    if message == "email_address is invalid":
        return  # ClickFunnels' own
    texts = all_texts()
    parts = [part.strip() for part in re.split(JOINTS, message)]
    assert [part for part in parts if len(part) >= SHORTEST and part not in texts] == []


def test_the_logged_events_that_it_names_are_logged() -> None:
    texts = all_texts()
    for span in DOC.spans:
        if re.fullmatch(r"(pass|list|webhook|edit)\.[a-z_]+", span):
            assert span in texts
