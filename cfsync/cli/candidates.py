"""What a shell offers for a word that is being typed.

The scripts of the shells ask `cfsync completion SHELL -- WORDS`, the last of which is unfinished.
Commands, options and resources need no database. Numbers of pushes, edits and conflicts are read
from the mirror, read-only and for two seconds at most; what goes wrong there is silent.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Any

from cfsync.errors import UsageError

SCRIPTS = {
    "bash": """
_cfsync() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        COMPREPLY+=("$line")
    done < <(cfsync completion bash -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _cfsync cfsync
""",
    "zsh": """
_cfsync() {
    local -a found
    found=("${(@f)$(cfsync completion zsh -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    if [[ -n "$found" ]]; then _describe cfsync found; else _files; fi
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
compdef _cfsync cfsync
""",
    "fish": """
function __cfsync
    cfsync completion fish -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null
end
complete -c cfsync -a '(__cfsync)'
""",
}
"""Shell -> what makes it ask."""

MIRROR_S = 2.0
"""Seconds that the mirror may take."""

_NUMBERS = {
    "BATCH": "SELECT DISTINCT batch, '' FROM cf_outbox WHERE batch IS NOT NULL ORDER BY 1 DESC",
    "SEQ": "SELECT seq, resource FROM cf_outbox"
    " WHERE state IN ('pending', 'parked', 'held') ORDER BY 1 DESC",
    "conflicts ID": "SELECT id, resource FROM cf_conflicts WHERE state = 'open' ORDER BY 1 DESC",
}
"""What an argument means -> its values in the mirror, with a word about each; newest first."""

_MOST = 100

Candidate = tuple[str, str]
"""A word, and what it is."""


def script(shell: str) -> str:
    """What makes the shell complete cfsync's words. Raises UsageError."""
    if shell not in SCRIPTS:
        raise UsageError(f"there is no completion for {shell!r}, only for {', '.join(SCRIPTS)}")
    return SCRIPTS[shell].lstrip()


def lines(shell: str, found: Sequence[Candidate]) -> list[str]:
    """The candidates as the shell reads them: bash takes no descriptions."""
    gap = {"zsh": ":", "fish": "\t"}.get(shell)
    return [f"{word}{gap}{about}" if gap and about else word for word, about in found]


def candidates(
    root: Any, words: Sequence[str], numbers: Callable[[str], Sequence[Candidate]]
) -> list[Candidate]:
    """What can stand in place of the last word. `numbers` gives the values of what `_NUMBERS`
    names.
    """
    *before, part = _apart(words) or [""]
    fixed = words[-1].removesuffix(part) if words and words[-1].startswith("--") else ""
    command, path, option, given = root, "", None, list[str]()
    for word in before:
        if option is not None:
            option = None
        elif word.startswith("-"):
            option = _taking_value(command, word)
        elif hasattr(command, "commands"):
            command, path = command.commands.get(word), f"{path} {word}".strip()
            if command is None:
                return []
        else:
            given.append(word)
    if option is not None:
        found = _values(_metavar(option), path, given, numbers)
    elif part.startswith("-"):
        found = _options(command)
    elif hasattr(command, "commands"):
        found = [(name, c.get_short_help_str(60)) for name, c in command.commands.items()]
    else:
        found = _values(_argument(command, len(given)), path, given, numbers)
    return [(fixed + word, about) for word, about in found if word.startswith(part)]


def _apart(words: Sequence[str]) -> list[str]:
    """The words, with option and value of `--option=value` as two; bash gives them as three."""
    found: list[str] = []
    for word in words:
        if word.startswith("--"):
            found += word.split("=", 1)
        elif word != "=":
            found.append(word)
    return [*found, ""] if words and words[-1] == "=" else found


def _taking_value(command: Any, word: str) -> Any:
    """The option of that name, if the next word is its value."""
    for param in command.params:
        if word in param.opts and not getattr(param, "is_flag", False):
            return param
    return None


def _options(command: Any) -> list[Candidate]:
    return [
        (name, str(param.help or ""))
        for param in command.params
        if not getattr(param, "hidden", False)
        for name in (*param.opts, *param.secondary_opts)
        if name.startswith("--")
    ]


def _argument(command: Any, position: int) -> str:
    """What the argument at that place is called; the last one may stand there many times."""
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    here = arguments[position : position + 1] or [p for p in arguments[-1:] if p.nargs == -1]
    return str(here[0].metavar or "") if here else ""


def _metavar(option: Any) -> str:
    """What the option is said to take; of an enumeration, its members."""
    annotation = option.type_descriptor.annotation
    if option.metavar is None and isinstance(annotation, type) and issubclass(annotation, Enum):
        return "|".join(member.value for member in annotation)
    return str(option.metavar or "")


def _values(
    metavar: str, path: str, given: Sequence[str], numbers: Callable[[str], Sequence[Candidate]]
) -> list[Candidate]:
    """What a metavar stands for: names in capitals, and in `a|b` the words themselves."""
    found: list[Candidate] = []
    if "|" in metavar:
        found += [(word, "") for word in re.findall(r"\b[a-z_]+\b", metavar)]
    for name in re.findall(r"[A-Z]+", metavar):
        found += [(word, "") for word in _words(name, given)]
        for kind in (name, f"{path.partition(' ')[0]} {name}"):
            found += numbers(kind) if kind in _NUMBERS else []
    return found


def _words(name: str, given: Sequence[str]) -> Sequence[str]:
    """What a name in a metavar stands for, after the arguments that are given."""
    from cfsync.resources import RESOURCES

    match name:
        case "RESOURCE" if any(word.isdigit() for word in given):
            return ()  # of `[ID...|RESOURCE]`, the first word chose the numbers
        case "RESOURCE" | "TABLE":
            return tuple(RESOURCES)
        case "VIEW":
            from cfsync.mirror.views import VIEWS

            return tuple(VIEWS)
        case "ACTION" if given and given[0] in RESOURCES:
            return [n for n, action in RESOURCES[given[0]].actions.items() if action.does]
        case "SHELL":
            return tuple(SCRIPTS)
    return ()


def in_mirror(config: Path | None, kind: str) -> list[Candidate]:
    """Numbers that the mirror holds; none where they are not there within a moment."""
    found: list[Candidate] = []

    def read() -> None:
        with suppress(Exception):
            found.extend(_read(config, _NUMBERS[kind]))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    reader.join(MIRROR_S)
    return list(found) if not reader.is_alive() else []


def _read(config: Path | None, statement: str) -> list[Candidate]:
    from cfsync.config import database_url
    from cfsync.mirror.db.connect import place_of
    from cfsync.mirror.db.dialect import user_sql

    url = database_url(config, os.environ)
    if url is None:
        return []
    with user_sql.run(place_of(url), f"{statement} LIMIT {_MOST}") as answer:
        return [(str(number), str(about)) for number, about in answer.rows]
