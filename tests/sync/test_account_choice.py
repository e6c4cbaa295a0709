from __future__ import annotations

import pytest

from cfsync.errors import UnknownWorkspace
from cfsync.sync.workspaces import choose

KNOWN = [(7, "wLkAbc"), (8, "wRtDef"), (9, None)]


@pytest.mark.parametrize(
    ("wanted", "exclude", "chosen"),
    [
        ([], [], [7, 8, 9]),
        (["8"], [], [8]),
        (["wRtDef"], [], [8]),
        (["9", "wLkAbc"], [], [7, 9]),
        (["7", "wLkAbc"], [], [7]),
        ([], ["8"], [7, 9]),
        ([], ["wRtDef", "9"], [7]),
        (["7", "8"], ["wLkAbc"], [8]),
        (["7"], ["7"], []),
        ([], ["7", "8", "9"], []),
    ],
)
def test_workspaces_are_chosen_by_id_or_public_id_less_the_excluded(
    wanted: list[str], exclude: list[str], chosen: list[int]
):
    assert choose(KNOWN, wanted, exclude) == chosen


@pytest.mark.parametrize(
    ("wanted", "exclude", "name"),
    [
        (["7", "10"], [], "10"),
        (["wlkabc"], [], "wlkabc"),
        (["None"], [], "None"),
        ([""], [], ""),
        ([], ["10"], "10"),
        (["10"], ["11"], "10"),
    ],
)
def test_a_workspace_that_the_token_does_not_reach_is_named(
    wanted: list[str], exclude: list[str], name: str
):
    with pytest.raises(UnknownWorkspace) as raised:
        choose(KNOWN, wanted, exclude)

    assert raised.value.exit_code == 2
    assert str(raised.value) == (
        f"the token reaches no workspace {name}; `cfsync doctor` lists those it reaches"
    )
