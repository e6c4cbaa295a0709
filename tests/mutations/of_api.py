"""Breakages of the client: whom it talks to, what it believes, how fast it is."""

from __future__ import annotations

from tests.mutations.breakage import Breakage

BREAKAGES = (
    Breakage(
        "a redirect is followed with the token",
        "cfsync/api/transport.py",
        "        response = await self._transport.handle_async_request(request)\n",
        "        response = await self._transport.handle_async_request(request)\n"
        '        if "location" in response.headers:\n'
        '            request.url = request.url.join(response.headers["location"])\n'
        "            response = await self._transport.handle_async_request(request)\n",
        "whoever can answer in the server's place gets the token",
        ("tests/api/test_answers.py::test_a_redirect_is_not_followed_nor_named",),
    ),
    Breakage(
        "certificates are not verified",
        "cfsync/api/transport.py",
        "_AiohttpTransport(limits=limits, proxy=proxy, verify=verify)",
        "_AiohttpTransport(limits=limits, proxy=proxy, verify=False)",
        "anybody between here and the server can read the token",
        ("tests/api/test_network.py::test_a_certificate_that_nobody_vouches_for_is_refused",),
    ),
    Breakage(
        "an answer may be eight times as large",
        "cfsync/api/transport.py",
        "MAX_ANSWER = 32 * 2**20",
        "MAX_ANSWER = 256 * 2**20",
        "one answer takes all the memory of a small machine",
        (
            "tests/api/test_packed.py::test_an_answer_is_only_read_up_to_a_limit_and_takes_no_more_memory",
        ),
    ),
    Breakage(
        "a path may contain ..",
        "cfsync/api/transport.py",
        "if any(unquote(part) in _UPWARDS",
        "if False and any(unquote(part) in _UPWARDS",
        "the token reaches other services on the gateway's host",
        ("tests/api/test_calls.py::test_raw_stays_below_the_base_url",),
    ),
    Breakage(
        "a broken connection counts as never sent",
        "cfsync/api/transport.py",
        "sent = not isinstance(cause, _NEVER_SENT)",
        "sent = False",
        "a create whose answer was lost is sent twice",
        (
            "tests/api/test_network.py::test_a_broken_connection_may_have_acted_and_no_write_is_sent_twice",
        ),
    ),
    Breakage(
        "the HTTP library repeats a request by itself",
        "cfsync/api/transport.py",
        "session._retry_connection = False",
        "session._retry_connection = True",
        "a write is sent twice without cfsync's knowledge",
        (
            "tests/api/test_network.py::test_a_broken_connection_may_have_acted_and_no_write_is_sent_twice",
        ),
    ),
    Breakage(
        "a write of unknown outcome is repeated",
        "cfsync/api/sender.py",
        'repeatable=request.method == "GET"',
        "repeatable=True",
        "a POST that was applied creates a second record",
        ("tests/api/test_repeats.py::test_a_write_is_repeated_after_429_alone",),
    ),
    Breakage(
        "a 429 doesn't lower the rate",
        "cfsync/api/rate.py",
        "            self._fall(now, is_named=bool(retry_after))\n",
        "            pass\n",
        "the limit is exceeded for ever, and the token is blocked",
        ("tests/api/test_rate.py::test_a_429_takes_the_rate_to_nine_tenths_of_what_was_achieved",),
    ),
    Breakage(
        "Retry-After is ignored",
        "cfsync/api/rate.py",
        "self._paused = max(self._paused, now + seconds)",
        "pass",
        "the server asks for a pause and gets none",
        ("tests/api/test_rate.py::test_retry_after_stops_everybody_that_long",),
    ),
    Breakage(
        "a wait that the server names has no bound",
        "cfsync/api/retry.py",
        "return None if named is None else min(named, longest)",
        "return named",
        "one answer silences the daemon for years",
        ("tests/api/test_repeats.py::test_no_wait_that_the_server_names_is_endless",),
    ),
    Breakage(
        "all passes have the same priority",
        "cfsync/api/budget.py",
        "self._waiting.setdefault(priority, deque())",
        "self._waiting.setdefault(0, deque())",
        "an edit waits for hours behind a backfill",
        ("tests/api/test_budget.py::test_a_push_goes_before_the_backlog_that_came_first",),
    ),
    Breakage(
        "no lane has a guaranteed share",
        "cfsync/api/turns.py",
        "owed = [p for p in waiting if self._credit.get(p, 0) >= PLACE]",
        "owed = []",
        "under a storm of edits nothing is pulled",
        (
            "tests/api/test_turns.py::test_each_gets_its_share_and_the_best_priority_the_rest",
            "tests/sync/test_priority.py::test_pulls_and_sweeps_go_on_under_a_storm_of_edits",
        ),
    ),
    Breakage(
        "the requests of other processes don't count",
        "cfsync/api/rate.py",
        "        return fair_share(min(rate, self._ceiling), self._others)\n",
        "        return fair_share(min(rate, self._ceiling), ())\n",
        "two processes together exceed the limit, and each learns a part of it",
        (
            "tests/sync/test_rate_sharing.py"
            "::test_processes_that_come_to_a_learned_limit_take_equal_parts_of_it",
        ),
    ),
    Breakage(
        "an answer with another record's id is accepted",
        "cfsync/api/codec.py",
        "if asked is not None and not found.has_id(asked)",
        "if False and not found.has_id(str(asked))",
        "one contact's values are written to another's row",
        ("tests/api/test_calls.py::test_an_answer_with_another_record_is_an_error",),
    ),
    Breakage(
        "an empty 404 counts as an answer of the API",
        "cfsync/api/codec.py",
        "        if status < 300:\n            return None\n",
        "        if status < 300 or status == 404:\n            return None\n",
        "a proxy's 404 deletes records from the mirror",
        ("tests/api/test_answers.py::test_what_every_call_makes_of_it",),
    ),
    Breakage(
        "the order of a page is not checked",
        "cfsync/api/pages.py",
        "        if all(a < b for a, b in pairwise(ids)):\n            break\n",
        "        break\n",
        "if the server ignores the order, the walk misses records",
        ("tests/api/test_walks.py::test_ids_not_behind_the_place_of_resumption_are_an_error",),
    ),
    Breakage(
        "a walk in the list's own order trusts any end",
        "cfsync/api/pages.py",
        "            walk.check_end(again)\n",
        "",
        "if the cursor's record moves to the end, the walk misses all records after it",
        ("tests/api/test_walks.py::test_a_cursor_that_has_moved_to_the_end_is_no_end",),
    ),
    Breakage(
        "the watermark's own record counts as newer",
        "cfsync/api/pages.py",
        "record.updated_at and record.updated_at <= floor",
        "record.updated_at and record.updated_at < floor",
        "each quiet pull reads the newest records again, for ever (`<` in place of `<=`)",
        ("tests/api/test_newest_first.py::test_a_quiet_list_costs_one_request",),
    ),
    Breakage(
        "a walk by time trusts the first end",
        "cfsync/api/pages.py",
        "page.next is None and (self.cursor is None or (self._ended and not fresh))",
        "page.next is None",
        "if the cursor's record is deleted, that looks like the end of the list",
        (
            "tests/api/test_newest_first.py::test_without_a_floor_it_ends_at_an_end_that_a_repeat_confirms",
        ),
    ),
)
