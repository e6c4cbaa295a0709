"""A refused token is asked for again where a file or a program gives it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cfsync.api import Api
from cfsync.config import load
from cfsync.errors import TokenRefused
from cfsync.sandbox import TOKEN, Running, World, running
from tests.api.calls import ONCE


@pytest.fixture
def server() -> Iterator[Running]:
    with running(World(contacts=1)) as server:
        yield server


@pytest.fixture(autouse=True)
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("token").write_text(f"{TOKEN}\n")
    return Path("token")


COMMAND = {"CFSYNC_API__TOKEN_COMMAND": "sh -c 'echo asked >>log; cat token'"}
each_source = pytest.mark.parametrize("source", [{"CFSYNC_API__TOKEN_FILE": "token"}, COMMAND])


def calls(server: Running, source: dict[str, str], before: Callable[[], object]) -> list[int]:
    """The statuses of five calls at once, after something has happened."""

    async def main() -> list[int]:
        settings = load(environ={"CFSYNC_API__BASE_URL": server.api} | source).for_api()
        async with Api(settings, retry=ONCE) as api:
            before()
            posts = [api.raw("POST", "/teams/1000/workspaces", body={}) for _ in range(2)]
            reads = [api.raw("GET", "/teams") for _ in range(3)]
            found = await asyncio.gather(*posts, *reads, return_exceptions=True)
            for error in found:
                if isinstance(error, TokenRefused):
                    raise error
            return [getattr(answer, "status", 0) for answer in found]

    return asyncio.run(main())


@each_source
def test_calls_go_on_with_the_new_token(source: dict[str, str], server: Running, token: Path):
    def renew() -> None:
        server.world.tokens["another"] = server.world.tokens.pop(TOKEN)
        token.write_text("another")

    assert calls(server, source, renew)[2:] == [200, 200, 200]
    if source is COMMAND:  # at the start, and once for all calls
        assert Path("log").read_text().split() == ["asked", "asked"]


@each_source
def test_the_same_token_is_refused_for_good(source: dict[str, str], server: Running):
    setting = "api.token_command" if source is COMMAND else "api.token_file"
    words = rf"^ClickFunnels refuses the token \(401\); check {setting}$"
    with pytest.raises(TokenRefused, match=words):
        calls(server, source, server.world.tokens.clear)


def test_a_program_that_fails_then_is_named(server: Running, token: Path):
    def lose() -> None:
        server.world.tokens.clear()
        token.unlink()

    with pytest.raises(TokenRefused, match=r"api\.token_command failed with exit code 1"):
        calls(server, COMMAND, lose)
