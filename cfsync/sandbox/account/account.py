"""The fake account, and what people do to it outside the API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from threading import RLock
from typing import Any, Literal

from cfsync.resources import ALL, ROOT
from cfsync.sandbox.account import actions, resource_rules, rules
from cfsync.sandbox.account.access import Access
from cfsync.sandbox.account.ledger import Entry, Ledger
from cfsync.sandbox.account.store import Store
from cfsync.sandbox.seeds.formats import id_of
from cfsync.sandbox.seeds.plan import Plan
from cfsync.sandbox.seeds.records import Values
from cfsync.sandbox.seeds.sizes import counts

TOKEN = "sandbox-token"  # noqa: S105 - it opens nothing but the sandbox

OLD_ROUTES = frozenset(["POST /products/{parent}/prices"])
"""Routes that the API's documents no longer have; whether they still answer isn't known."""


def utc_now() -> datetime:
    return datetime.now(UTC)


class Account:
    """One ClickFunnels account: its records, who may read them, and what people do in its app.

    `sizes` says how many seeded records it starts with, by resource (`contacts=1_000_000`). A
    resource without a size gets a few records, or none in a `bare` account. `anonymous` contacts
    are hidden among the listed ones. All methods may be called from any thread.
    """

    def __init__(
        self,
        seed: int = 1,
        *,
        clock: Callable[[], datetime] = utc_now,
        bare: bool = False,
        anonymous: int | None = None,
        **sizes: int,
    ) -> None:
        plan = Plan(seed, *counts(sizes, anonymous, bare=bare))
        self.lock = RLock()
        self.store = Store(plan, clock)
        self.ledger = Ledger()
        self.tokens: dict[str, Access] = {TOKEN: Access()}
        self.gone_cursor: Literal["404", "empty"] = "404"
        self.closed_routes: set[str] = set(OLD_ROUTES)
        """Routes ('METHOD /path' of the catalogue) that are answered with 404."""
        #: Lists without pages come whole; else as all others, which the documents leave open.
        self.whole_lists = True
        #: Whether the trial of the workspace stats is open to the account.
        self.stats_open = False
        #: Whether the stats stand in an object of their own in the answer.
        self.stats_nested = False
        #: Whether saved filters answer with `results`; an older account ignores the parameter.
        self.filter_results = True
        #: Whether a filter for everybody leaves out what the list leaves out; the documents don't
        #: say, nor in which order the records come.
        self.filter_shows: Literal["listed", "all"] = "listed"
        self.filter_order: Literal["id", "newest", "changed"] = "id"
        #: How many records an answer holds before its time is up; None: all that are asked for.
        self.filter_rows_in_time: int | None = None
        #: How far a filter's records are counted.
        self.filter_count_cap = 10_000
        #: How long such a read takes, and until when those that run will take, by token and
        #: workspace, in monotonic seconds.
        self.filter_seconds = 0.0
        self.filtered_reads: dict[tuple[str, int], list[float]] = {}
        self._late: list[tuple[str, Values]] = []

    # read

    def ids(self, resource: str, parent: int | str = ROOT, *, hidden: bool = False) -> list[int]:
        """Ids of a list, all of them, in order; with `hidden`, also what the list leaves out."""
        with self.lock:
            above = ALL[resource].parent
            found = self.store.tables[resource].by_id(
                self._id(above, parent) if above else ROOT, None, False
            )
            return [id_ for id_ in found if hidden or self.store.is_listed(resource, id_)]

    def get(self, resource: str, id_: int | str, /) -> Values | None:
        """The record as the API shows it, with all fields; None if it is gone."""
        with self.lock:
            values = self.store.get(resource, self._id(resource, id_))
            if values is None:
                return None
            return self.store.shown(resource, values, ALL[resource].on_request)

    def records(self, resource: str, parent: int | str = ROOT) -> list[Values]:
        """All records of a list as the API shows them."""
        with self.lock:
            found = (self.get(resource, id_) for id_ in self.ids(resource, parent))
            return [values for values in found if values is not None]

    def warm(self, resource: str) -> None:
        """Compute the JSON of all records directly below workspaces, so that a benchmark does not
        measure it.
        """
        with self.lock:
            for workspace in self.workspaces:
                for id_ in self.ids(resource, workspace):
                    self.store.text(resource, id_)

    @property
    def workspaces(self) -> list[int]:
        with self.lock:
            return [id_ for team in self.ids("teams") for id_ in self.ids("workspaces", team)]

    # what people do in ClickFunnels' app: any field can be set, the API's rules don't apply

    def create(self, resource: str, /, parent: int | str = ROOT, **fields: Any) -> int:
        """Create a record below `parent`; returns its id."""
        with self.lock:
            values = self._draft(resource, parent, fields)
            self.store.add(resource, values)
            draft = resource_rules.Draft(
                self.store, resource, 0, values.get("workspace_id", 0), None, fields
            )
            resource_rules.after_write(draft, values["id"])
            return self._note("create", resource, values["id"], fields)

    def edit(self, resource: str, id_: int | str, /, **fields: Any) -> None:
        """Change fields. `updated_at=` sets the time of the change, which is now by default."""
        with self.lock:
            old = self._found(resource, id_)
            draft = resource_rules.Draft(
                self.store, resource, 0, old.get("workspace_id", 0), old, fields
            )
            self.store.change(resource, old, draft.stored)
            resource_rules.after_write(draft, old["id"])
            self._note("update", resource, old["id"], fields)

    def delete(self, resource: str, id_: int | str, /) -> None:
        with self.lock:
            old = self._found(resource, id_)
            rules.delete(self.store, resource, old)
            self._note("delete", resource, old["id"], {})

    def unlist(self, resource: str, id_: int | str, /, *, unlisted: bool = True) -> None:
        """Leave a record out of its list, or list it again; a GET of it works all the while."""
        with self.lock:
            key, known = (resource, self._found(resource, id_)["id"]), self.store.unlisted
            (known.add if unlisted else known.discard)(key)

    def archive(self, id_: int | str, /, *, archived: bool = True) -> None:
        """Archive a product, or unarchive it."""
        self.edit("products", id_, archived=archived)

    def live(self, id_: int | str, /, *, live: bool = True) -> None:
        """A live product can't be archived over the API (422)."""
        with self.lock:
            known = self.store.live_products
            (known.add if live else known.discard)(self._found("products", id_)["id"])

    def identify(self, id_: int | str, /, **fields: Any) -> None:
        """Give an anonymous contact a name: from now on it is listed, among older ids."""
        with self.lock:
            old = self._found("contacts", id_)
            new = self.store.change("contacts", old, {"anonymous": None, **fields})
            self.store.log_event("contacts", "identified", new)
            self._note("identify", "contacts", new["id"], fields)

    def redact(self, id_: int | str, /) -> None:
        """The GDPR deletion of a contact."""
        with self.lock:
            old = self._found("contacts", id_)
            actions.redact(self.store, old, {})
            self._note("gdpr_destroy", "contacts", old["id"], {})

    def appear_late(
        self,
        resource: str,
        id_: int | str | None = None,
        /,
        *,
        parent: int | str = ROOT,
        **fields: Any,
    ) -> int:
        """Edit record `id`, or create one below `parent`, with the time of now, but show it only
        once `appear` is called. Returns the id. `appear` overwrites later edits of the same record.
        """
        with self.lock:
            if id_ is None:
                values = self._draft(resource, parent, fields)
            else:
                old = self._found(resource, id_)
                values = old | {"updated_at": self.store.now(old["updated_at"])} | fields
            self._late.append((resource, values))
            return int(values["id"])

    def appear(self) -> None:
        """Show what `appear_late` holds back, with its original times."""
        with self.lock:
            for resource, values in self._late:
                verb = "updated" if self.store.get(resource, values["id"]) else "created"
                self.store.put(resource, values)
                self.store.log_event(resource, verb, values)
                self._note("appear", resource, values["id"], {})
            self._late.clear()

    # what a token reaches

    def add_token(
        self,
        token: str,
        *,
        workspaces: list[int] | None = None,
        teams: list[int] | None = None,
        denied: dict[str, int] | None = None,
    ) -> Access:
        """Accept another token, which reaches these workspaces and teams (None: all, []: none), and
        to which calls about the resources in `denied` are answered with a status (see `Access`).
        """
        with self.lock:
            access = Access(_set(workspaces), _set(teams), denied=denied or {})
            self.tokens[token] = access
            return access

    def refuse(self, workspace: int, status: int = 403, *, token: str = TOKEN) -> None:
        """Answer everything in a workspace with 403 or 404; status 0 undoes it."""
        with self.lock:
            refused = self.tokens[token].refused
            refused.pop(workspace, None)
            refused.update({workspace: status} if status else {})

    def empty(self, workspace: int, emptied: bool = True, *, token: str = TOKEN) -> None:
        """Answer as if a workspace were empty."""
        with self.lock:
            known = self.tokens[token].emptied
            (known.add if emptied else known.discard)(workspace)

    def _found(self, resource: str, id_: int | str) -> Values:
        if (values := self.store.get(resource, self._id(resource, id_))) is None:
            raise KeyError(f"{resource} {id_}")
        return values

    def _id(self, resource: str, id_: int | str) -> int:
        found = id_of(resource, str(id_))
        if found is None:
            raise KeyError(f"{resource} {id_}")
        return found

    def _draft(self, resource: str, parent: int | str, fields: dict[str, Any]) -> Values:
        above = ALL[resource].parent
        draft = resource_rules.Draft(self.store, resource, 0, 0, None, fields)
        first = resource_rules.defaults(resource) | draft.stored
        return self.store.draft(resource, self._id(above, parent) if above else ROOT, first)

    def _note(self, verb: str, resource: str, id_: int, fields: dict[str, Any]) -> int:
        self.ledger.add(Entry("person", verb, resource, id_, fields, self.store.now()))
        return id_


def _set(ids: list[int] | None) -> set[int] | None:
    return None if ids is None else set(ids)
