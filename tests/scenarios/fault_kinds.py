"""Every way in which one call can go wrong, as data: what is armed, with which calls it has a
meaning, and with which exit codes the pass may end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal
from urllib.parse import parse_qs

from cfsync.api.retry import Retry
from cfsync.resources import ALL, ROOT
from tests.push.conftest import Account

IMPATIENT_S = 0.3
"""The time-out of a pass whose call is not answered, in seconds."""

ONCE = Retry(attempts=1)
AGAIN = Retry(attempts=3, first=0.001)

TROUBLE, TOKEN_REFUSED = frozenset({4}), frozenset({3})
ANY = frozenset({0, 1, 4, 5})
"""Of answers that may be taken at their word: what the pass says must then be true."""

DATABASE = frozenset({2, 4})
"""The mirror can't be written, or could not where it had to be."""

AS_EVER = frozenset[int]()
"""As when nothing goes wrong."""


@dataclass(frozen=True)
class Call:
    """The `n`th request of a pass that nothing disturbs."""

    n: int
    method: str
    target: str

    def __str__(self) -> str:
        return f"{self.n} {self.method} {self.target}"

    @cached_property
    def query(self) -> Mapping[str, str]:
        return {k: v[0] for k, v in parse_qs(self.target.partition("?")[2]).items()}

    @cached_property
    def listing(self) -> tuple[str, int] | None:
        """(resource, parent) of the list that it reads."""
        path = self.target.partition("?")[0]
        for resource in ALL.values() if self.method == "GET" else ():
            pattern = resource.list_path.replace("{parent}", r"(\d+)")
            if found := re.fullmatch(pattern, path):
                return resource.name, int(found[1]) if found.groups() else ROOT
        return None

    @property
    def after(self) -> int | None:
        return int(self.query["after"]) if "after" in self.query else None

    @property
    def is_look(self) -> bool:
        """Whether it only follows what something else has told of: an event, a gap in a list."""
        is_log = "/events" in self.target
        return self.method == "GET" and (is_log or not self.is_walk)

    @property
    def is_walk(self) -> bool:
        """Whether it is a page of a list that is not looked into with a filter."""
        return self.listing is not None and not any("filter" in name for name in self.query)


Arm = Callable[[Account, Call], object]
Undo = Callable[[Account], object]
Fits = Callable[[Call], bool]


@dataclass(frozen=True)
class Kind:
    """`ends`: the exit codes with which the pass may end. `sweep`: only a pull and a sweep can find
    what the fault hid or changed. `changes`: somebody changes what is in ClickFunnels. `undo`: what
    ends it, beside that the sandbox is well again. `database`: the one that it strikes alone.
    """

    name: str
    arm: Arm
    ends: frozenset[int] = TROUBLE
    fits: Fits = lambda _: True
    settings: Mapping[str, str] = field(default_factory=dict)
    retry: Retry = ONCE
    sweep: bool = False
    changes: bool = False
    undo: Undo = lambda _: None
    database: Literal["sqlite", "postgresql", "both"] = "both"


def fault(kind: str, **more: Any) -> Arm:
    """A fault of the sandbox that strikes that one call."""
    return lambda account, call: account.world.fault(kind, nth=call.n, **more)


def shut(account: Account, call: Call) -> None:
    """Nobody listens when the call comes: the connection of the one before it was the last."""
    if call.n == 1:
        account.served.listener.set_open(open_=False)
    else:
        account.world.fault("shut", nth=call.n - 1)


def meanwhile(act: Callable[[Account, Call], object]) -> Arm:
    """Somebody does something between the call before and this one."""

    def arm(account: Account, call: Call) -> None:
        account.world.fault("meanwhile", nth=call.n, act=lambda: act(account, call))

    return arm


def _list_of(call: Call) -> tuple[str, int]:
    assert call.listing is not None
    return call.listing


def _at_cursor(account: Account, call: Call) -> int:
    """The record behind which the page begins. The cursor may be an id that no record has."""
    return max(i for i in account.world.ids(*_list_of(call)) if i <= (call.after or 0))


def _edit_cursor(account: Account, call: Call) -> None:
    account.world.edit(_list_of(call)[0], _at_cursor(account, call))


def _delete_cursor(account: Account, call: Call) -> None:
    account.world.delete(_list_of(call)[0], _at_cursor(account, call))


def _create(account: Account, call: Call) -> None:
    name, parent = _list_of(call)
    account.world.create(name, parent, **{ALL[name].natural[0]: "meanwhile@example.com"})


def _delete_ends(account: Account, call: Call) -> None:
    """The first record of the list, if any, which was read, and the last, which was not."""
    ids = account.world.ids(*_list_of(call))
    for record in {*ids[:1], *ids[-1:]}:
        account.world.delete(_list_of(call)[0], record)


def _is_get(call: Call) -> bool:
    return call.method == "GET"


def is_write(call: Call) -> bool:
    return call.method != "GET"


def _deletion(call: Call) -> bool:
    """Where a 404 is taken for success: the record comes back with the next sweep."""
    return call.method == "DELETE"


def _is_page(call: Call) -> bool:
    return call.is_walk and call.after is not None


def _lists(call: Call) -> bool:
    """Of records that people make and delete, not of the account itself or its log."""
    found = call.listing
    return call.is_walk and found is not None and bool(ALL[found[0]].natural)


def _deletes(call: Call) -> bool:
    return _lists(call) and ALL[_list_of(call)[0]].delete


def _hurried(kind: str, **more: Any) -> dict[str, Any]:
    return {
        "arm": fault(kind, seconds=3 * IMPATIENT_S, **more),
        "settings": {"CFSYNC_API__TIMEOUT_S": str(IMPATIENT_S)},
    }


def _pragma(account: Account, pragma: str) -> Any:
    """Ask or tell the mirror's own connection, from any thread."""
    with account.mirror._engine.connect() as conn:
        return conn.exec_driver_sql(f"PRAGMA {pragma}").scalar()


def _end(account: Account) -> None:
    account.sql("ROLLBACK")


def _lock(account: Account, _: Call) -> None:
    """Somebody begins a transaction, and goes home."""
    account.mirror._worker.submit(_pragma, account, "busy_timeout = 1").result()
    account.sql("BEGIN IMMEDIATE")


def _unlock(account: Account) -> None:
    _end(account)
    account.mirror._worker.submit(_pragma, account, "busy_timeout = 10000").result()


def _fill(account: Account, _: Call) -> None:
    """The file can't grow any more."""
    pages = account.one("PRAGMA page_count")
    account.mirror._worker.submit(_pragma, account, f"max_page_count = {pages}").result()


def _make_room(account: Account) -> None:
    account.mirror._worker.submit(_pragma, account, f"max_page_count = {2**30}").result()


def _end_sessions(account: Account, *_: Call) -> None:
    """The administrator ends the mirror's sessions, with the locks that they hold."""
    account.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


def _lock_tables(account: Account, _: Call) -> None:
    """Somebody begins to change tables, and goes home."""
    account.sql("BEGIN")
    account.sql("LOCK TABLE contacts, products, cf_outbox, cf_runs IN EXCLUSIVE MODE")


def _forbid_writes(account: Account, _: Call) -> None:
    """The server becomes one that may only be read."""
    name = account.one("SELECT current_database()")
    account.sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    _end_sessions(account)


def _allow_writes(account: Account) -> None:
    name = account.one("SELECT current_database()")
    account.sql(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    _end_sessions(account)


def _shows_workspaces(call: Call) -> bool:
    """Without its answer a pass that knows no workspace has nothing to read."""
    return call.target.startswith("/teams")


def _may_be_missing(call: Call) -> bool:
    return call.method != "DELETE" and not _shows_workspaces(call)


def is_census(call: Call) -> bool:
    return any(name.startswith("results") for name in call.query)


def _delete_filter(account: Account, _: Call) -> None:
    world = account.world
    (filter_,) = world.ids("refine_filters", world.workspaces[0])
    world.delete("refine_filters", filter_)


def _edit_filter(account: Account, _: Call) -> None:
    world = account.world
    (filter_,) = world.ids("refine_filters", world.workspaces[0])
    nobody = [{"attribute": "first_name", "clause": "eq", "value": "Nobody"}]
    world.edit("refine_filters", filter_, criteria=nobody)


def _census(name: str, **more: Any) -> Kind:
    """An odd census, which leads to the walk or to the same records: nothing else shows."""
    return Kind(name.replace("_", " "), fault(name, **more), AS_EVER, is_census)


def _meanwhile(name: str, act: Callable[[Account, Call], object], fits: Fits) -> Kind:
    return Kind(name, meanwhile(act), ANY, fits, sweep=True, changes=True)


KINDS = (
    Kind("connection refused", shut),
    Kind("reset before", fault("reset_before")),
    Kind("reset after", fault("reset_after"), fits=is_write),
    Kind("time-out", **_hurried("hang")),
    Kind("time-out, applied", **_hurried("hang", applied=True), fits=is_write),
    Kind("slow body", **_hurried("slow_body"), fits=lambda c: c.method != "DELETE"),
    Kind("truncated JSON", fault("truncated"), fits=lambda c: c.method != "DELETE"),
    Kind("empty body", fault("empty_body"), fits=lambda c: c.method in ("GET", "PUT")),
    Kind("HTML 200", fault("html_200")),
    Kind("HTML 200, applied", fault("html_200", applied=True), fits=is_write),
    Kind("HTML 403", fault("html_403")),
    Kind("HTML 503, applied", fault("html_503", applied=True), fits=is_write),
    Kind("401", fault("status", status=401), ends=TOKEN_REFUSED),
    Kind("403", fault("status", status=403), ends=ANY | TOKEN_REFUSED),
    Kind("404", fault("status", status=404), ends=ANY, fits=_may_be_missing),
    Kind("404 to the teams", fault("status", status=404), ANY | TOKEN_REFUSED, _shows_workspaces),
    Kind("404 to a delete", fault("status", status=404), ANY, _deletion, sweep=True, changes=True),
    Kind("409", fault("status", status=409), ends=ANY),
    Kind("422", fault("status", status=422), ends=ANY),
    Kind("429", fault("status", status=429)),
    Kind("429 with Retry-After", fault("status", status=429, retry_after=0.02)),
    Kind("500", fault("status", status=500)),
    Kind("500, applied", fault("status", status=500, applied=True), fits=is_write),
    Kind("503", fault("status", status=503)),
    Kind("error under 200", fault("error_under_200"), ends=ANY),
    Kind("not a list", fault("not_a_list"), ends=ANY, fits=_is_get),
    Kind("page twice", fault("page_twice"), ends=ANY, fits=_is_page),
    Kind("cursor repeats", fault("repeat_cursor"), ends=ANY, fits=lambda c: c.is_walk),
    Kind("page skips", fault("page_skips"), ends=ANY, fits=lambda c: c.is_walk, sweep=True),
    Kind("wrong order", fault("wrong_order"), ends=ANY, fits=lambda c: c.is_walk),
    Kind("sort ignored", fault("ignore_sort"), ends=ANY, fits=lambda c: "sort_order" in c.query),
    Kind(
        "cursor edited", meanwhile(_edit_cursor), ends=ANY, changes=True, fits=_is_page, sweep=True
    ),
    Kind(
        "cursor deleted",
        meanwhile(_delete_cursor),
        ends=ANY,
        changes=True,
        fits=_is_page,
        sweep=True,
    ),
    _meanwhile("created meanwhile", _create, _lists),
    Kind(
        "deleted meanwhile",
        meanwhile(_delete_ends),
        ends=ANY,
        changes=True,
        fits=_deletes,
        sweep=True,
    ),
    Kind("file locked", meanwhile(_lock), DATABASE, undo=_unlock, database="sqlite"),
    Kind("disk full", meanwhile(_fill), ANY | DATABASE, undo=_make_room, database="sqlite"),
    Kind("sessions ended", meanwhile(_end_sessions), ANY | DATABASE, database="postgresql"),
    Kind("tables locked", meanwhile(_lock_tables), DATABASE, undo=_end, database="postgresql"),
    Kind(
        "read-only server",
        meanwhile(_forbid_writes),
        DATABASE,
        undo=_allow_writes,
        database="postgresql",
    ),
    _census("results_ignored"),
    _census("results_busy"),
    _census("results_one_field"),
    _census("results_swapped"),
    _census("results_reversed"),
    _census("results_lost"),
    _census("results_extra", ids=(987_654,)),
    _census("results_twice"),
    _census("results_old_times"),
    _census("results_no_times"),
    _census("results_endless"),
    _census("results_no_cursor"),
    _census("results_cut"),
    _census("results_too_slow"),
    _census("results_capped"),
    _census("results_text_ids"),
    _census("results_empty"),
    Kind("filter deleted", meanwhile(_delete_filter), AS_EVER, is_census),
    Kind("filter edited", meanwhile(_edit_filter), AS_EVER, is_census),
    Kind("503 once", fault("status", status=503), ends=AS_EVER, fits=_is_get, retry=AGAIN),
    Kind("reset once", fault("reset_before"), ends=AS_EVER, fits=_is_get, retry=AGAIN),
    Kind("429 once", fault("status", status=429), ends=AS_EVER, retry=AGAIN),
    Kind("refused once", shut, ends=TROUBLE, fits=lambda c: c.n % 7 == 0, retry=AGAIN),
)
