"""All kinds of faults, by name."""

from __future__ import annotations

from collections.abc import Mapping

from cfsync.sandbox.faults.answer_kinds import ANSWER_KINDS
from cfsync.sandbox.faults.exchange import Kind
from cfsync.sandbox.faults.list_kinds import LIST_KINDS
from cfsync.sandbox.faults.result_kinds import RESULT_KINDS

KINDS: Mapping[str, Kind] = {**ANSWER_KINDS, **LIST_KINDS, **RESULT_KINDS}
