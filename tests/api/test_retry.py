from __future__ import annotations

import pytest

from cfsync.api.retry import Retry
from cfsync.errors import NotJson, RateLimited, ServerError, Transient, Unreachable

RETRY = Retry(attempts=5, total=60.0, first=0.5, longest=20.0)


def delay(
    error: Transient,
    attempt: int = 1,
    *,
    repeatable: bool = True,
    waited: float = 0.0,
    jitter: float = 1.0,
) -> float | None:
    return RETRY.delay(error, attempt, repeatable=repeatable, waited=waited, jitter=jitter)


def server_error(status: int = 500, retry_after: float | None = None) -> ServerError:
    return ServerError("failed", call="GET /", status=status, retry_after=retry_after)


@pytest.mark.parametrize(
    ("attempt", "jitter", "seconds"),
    [(1, 0.0, 0.25), (1, 1.0, 0.5), (2, 1.0, 1.0), (3, 1.0, 2.0), (4, 0.5, 3.0), (4, 1.0, 4.0)],
)
def test_waits_grow_and_are_jittered(attempt: int, jitter: float, seconds: float):
    assert delay(server_error(), attempt, jitter=jitter) == seconds


def test_a_wait_is_never_longer_than_the_longest():
    patient = Retry(attempts=100, total=10_000.0, longest=20.0)

    assert patient.delay(server_error(), 30, repeatable=True, waited=0.0, jitter=1.0) == 20.0


def test_the_last_attempt_is_the_last():
    assert delay(server_error(), 5) is None


def test_all_waits_together_are_bounded():
    assert delay(server_error(), 3, waited=58.0) == 2.0
    assert delay(server_error(), 3, waited=58.1) is None


def test_what_the_server_names_wins():
    assert delay(RateLimited(retry_after=7.0), jitter=0.0) == 7.0
    assert delay(server_error(503, 7.0), 4, jitter=0.0) == 7.0
    assert delay(RateLimited(retry_after=7.0), jitter=1.0) == 7.5
    assert delay(RateLimited(retry_after=0.0), jitter=1.0) == 0.5


def test_a_named_time_beyond_our_patience_ends_it():
    assert delay(RateLimited(retry_after=3600.0)) is None


@pytest.mark.parametrize(
    "error",
    [
        Unreachable("broke", sent=True),
        Unreachable("refused", sent=False),
        RateLimited(),
        server_error(),
        server_error(503, 1.0),
        NotJson("a page"),
    ],
)
def test_what_can_be_repeated_is_repeated_after_every_transient_error(error: Transient):
    assert delay(error) is not None


@pytest.mark.parametrize("error", [Unreachable("refused", sent=False), RateLimited()])
def test_a_write_is_repeated_where_it_is_certain_that_nothing_was_applied(error: Transient):
    assert delay(error, repeatable=False) == 0.5


@pytest.mark.parametrize(
    "error",
    [
        Unreachable("broke", sent=True),
        server_error(),
        server_error(503),
        server_error(503, 1.0),
        NotJson("a page"),
    ],
)
def test_a_write_of_unknown_outcome_is_never_repeated(error: Transient):
    assert delay(error, repeatable=False) is None
