"""What a token reaches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from cfsync.sandbox.account.problems import Problem, missing
from cfsync.sandbox.seeds.records import Values

_SCOPES = frozenset(("teams", "workspaces"))


@dataclass
class Access:
    """`workspaces` and `teams`: the ids that it reaches, None for all. `refused`: workspace -> the
    status of every answer in it. `emptied`: workspaces that answer as if they were empty. `denied`:
    resource -> the status of every answer about it, for a token without its scope, or 'workspaces
    list' -> that of its lists alone.
    """

    workspaces: set[int] | None = None
    teams: set[int] | None = None
    refused: dict[int, int] = field(default_factory=dict)
    emptied: set[int] = field(default_factory=set)
    denied: dict[str, int] = field(default_factory=dict)

    def check_scope(self, resource: str, kind: str) -> None:
        """Check that this kind of call may be made. Raises Problem (403, 404)."""
        if status := self.denied.get(resource) or self.denied.get(f"{resource} {kind}"):
            raise _problem(status)

    def check(self, above: str, values: Values) -> None:
        """Check that the record in a path, one of the resource `above`, may be used. Raises Problem
        (403, 404).
        """
        if above == "teams":
            if self.teams is not None and values["id"] not in self.teams:
                raise missing()
            return
        workspace = values["workspace_id"]
        if self.workspaces is not None and workspace not in self.workspaces:
            raise missing()
        if status := self.refused.get(workspace):
            raise _problem(status)
        if workspace in self.emptied and above not in _SCOPES:
            raise missing()

    def is_emptied(self, workspace: int) -> bool:
        return workspace in self.emptied

    def filter(self, resource: str) -> Callable[[int], bool]:
        """A predicate: whether the token sees an id in the list of a resource."""
        seen = {"teams": self.teams, "workspaces": self.workspaces}.get(resource)
        return (lambda _: True) if seen is None else seen.__contains__


def _problem(status: int) -> Problem:
    return missing() if status == 404 else Problem(status, {"error": "Not allowed"})
