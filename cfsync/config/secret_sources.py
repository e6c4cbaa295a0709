"""Secrets from where people keep them: a file, a systemd credential, or what a program prints.

Each is wanted from one place: two at once are refused, and the environment wins over the file.
No sentence about them holds a word of a command, of its output, or of a file's content.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from cfsync.config.sections import ApiSettings
from cfsync.config.values import token_of, words_of

CREDENTIAL = "cfsync-token"

COMMAND_S = 10.0
"""The most seconds that a command may take."""

MAX_OUTPUT = 64 * 2**10
"""The most bytes of a command's output that are read."""

HEADERS = "api.headers."
_FORMS = (
    ("api.token", "api.token_file", "api.token_command"),
    ("database.url", "database.url_file", "database.url_command"),
)


@dataclass(frozen=True, slots=True)
class Given:
    """A value as written, and its origin: a path, an environment variable, or a credential."""

    value: Any
    origin: str


def merged(
    written: dict[str, Given], exported: dict[str, Given], problems: list[str]
) -> dict[str, Given]:
    """The file's settings and the environment's, which win: of a secret, whatever form it has.
    A sentence is added for each secret that either gives in two forms.
    """
    for forms in (*_FORMS, *_forms_of_headers(written | exported)):
        if any(key in exported for key in forms):
            written = {key: given for key, given in written.items() if key not in forms}
    given = written | exported
    for forms in (*_FORMS, *_forms_of_headers(given)):
        both = [key for key in forms if key in given and given[key].value != []]
        if len(both) > 1:
            problems.append(f"{both[0]} and {both[1]} are both given: keep one")
    return given


def _forms_of_headers(given: Mapping[str, Given]) -> list[tuple[str, str]]:
    names = {key.removesuffix(".file") for key in given if key.startswith(HEADERS)}
    return [(name, f"{name}.file") for name in sorted(names)]


def with_plain_names(given: Mapping[str, Given], problems: list[str]) -> dict[str, Given]:
    """The settings with the names of headers as they are sent: `maton_connection`, as a variable
    has it, is Maton-Connection.
    """
    found: dict[str, Given] = {}
    for key, entry in given.items():
        plain = _plain(key) if key.startswith(HEADERS) else key
        if plain in found:
            problems.append(f"{plain} is given twice (from {entry.origin})")
        found[plain] = entry
    return found


def _plain(key: str) -> str:
    name, dot, rest = key.removeprefix(HEADERS).partition(".")
    words = (word.capitalize() for word in name.replace("_", "-").split("-"))
    return f"{HEADERS}{'-'.join(words)}{dot}{rest}"


def read(
    given: dict[str, Given], environ: Mapping[str, str], problems: list[str], *, ask: bool = True
) -> None:
    """Read the secrets that stand elsewhere, each into the setting that it is the value of. Unless
    programs are to be asked, `***` stands for what they would print.
    """
    credential = Path(environ.get("CREDENTIALS_DIRECTORY", ""), CREDENTIAL)
    if "CREDENTIALS_DIRECTORY" in environ and credential.is_file():
        _read_credential(credential, given, problems)
    for key, file, command in _FORMS:
        if key not in given:
            found = _from_file(given, file, problems) or _from_command(
                given, command, problems, ask=ask
            )
            given |= {key: found} if found else {}
    for name, file in _forms_of_headers(given):
        if file in given and isinstance(given[file].value, str):
            found = _from_file(given, file, problems)
            given |= {name: found} if found else {}
            del given[file]


def _read_credential(path: Path, given: dict[str, Given], problems: list[str]) -> None:
    named = f"the systemd credential {CREDENTIAL}"
    if others := [key for key in _FORMS[0] if key in given]:
        problems.append(f"{others[0]} and {named} are both given: keep one")
        return
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        problems.append(f"{named} can't be read")
    else:
        given["api.token"] = Given(text, named.removeprefix("the "))


def _from_file(given: Mapping[str, Given], key: str, problems: list[str]) -> Given | None:
    if key not in given or not isinstance(given[key].value, str):
        return None  # validation says what is wrong with it
    path, origin = given[key].value, given[key].origin
    try:
        return Given(Path(path).read_text(encoding="utf-8").strip(), path)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        # any other value may be the secret itself
        named = f" {path}" if path.startswith("/") else ""
        problems.append(f"{key}{named} can't be read: {reason} (from {origin})")
        return None


def _from_command(
    given: Mapping[str, Given], key: str, problems: list[str], *, ask: bool
) -> Given | None:
    if key not in given or given[key].value == []:
        return None
    try:
        command = words_of(given[key].value)
    except ValueError:
        return None  # validation says what is wrong with it
    try:
        return Given(output_of(command) if ask else "***", key)
    except ValueError as error:
        problems.append(f"{key} {error} (from {given[key].origin})")
        return None


def token_now(settings: ApiSettings) -> SecretStr | None:
    """The token as its file or command gives it now; None where it has neither. Raises ValueError
    with what is wrong, without a subject.
    """
    if settings.token_command:
        return SecretStr(token_of(output_of(settings.token_command)))
    if settings.token_file is None:
        return None
    with suppress(OSError, UnicodeDecodeError):
        return SecretStr(token_of(settings.token_file.read_text(encoding="utf-8")))
    return None


def output_of(command: Sequence[str]) -> str:
    """The one line that the program prints. It runs without a shell and without a terminal, and
    what it says on standard error is thrown away: that may hold the secret. Raises ValueError with
    what is wrong, without a subject.
    """
    try:
        process = subprocess.Popen(  # noqa: S603 - the settings name it
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise ValueError(f"can't be run: {error.strerror}") from None
    try:
        output, code = _finished(process)
    except BaseException:
        _kill(process)
        raise
    if code:
        raise ValueError(f"failed with exit code {code}")
    return _line(output)


def _finished(process: subprocess.Popen[bytes]) -> tuple[bytes, int]:
    """The output and the exit code. Raises ValueError when it takes or prints too much."""
    deadline, output = time.monotonic() + COMMAND_S, b""
    pipe = process.stdout
    assert pipe is not None
    with pipe, selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while selector.select(max(0.0, deadline - time.monotonic())):
            chunk = os.read(pipe.fileno(), MAX_OUTPUT)
            output += chunk
            if not chunk:
                with suppress(subprocess.TimeoutExpired):
                    return output, process.wait(max(0.0, deadline - time.monotonic()))
                break
            if len(output) > MAX_OUTPUT:
                raise ValueError("printed far more than a secret")
    raise ValueError(f"gave no answer within {COMMAND_S:.0f} s")


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the program and its children."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _line(output: bytes) -> str:
    try:
        text = output.decode().strip()
    except UnicodeDecodeError:
        raise ValueError("printed something that is not UTF-8") from None
    if not text:
        raise ValueError("printed nothing")
    if len(text.splitlines()) > 1:
        raise ValueError("printed more than one line: let it print the secret alone")
    return text
