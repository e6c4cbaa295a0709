"""Who may read and write the files of a mirror, and those with secrets."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from cfsync.config import Settings, readable_by
from cfsync.config.secrets import SHORTEST, secrets_of
from cfsync.errors import MirrorError
from cfsync.mirror import backups
from cfsync.mirror.db.connect import place_of
from cfsync.mirror.db.dialect.place import Files, Place
from cfsync.sync.inspection.probes import Check


def check(settings: Settings, file: Path | None) -> list[Check]:
    """Files with secrets or personal data must not be readable by every user of the machine, nor
    the one with the secrets of webhooks by a group. This user must be able to write those of the
    mirror: a command that root ran may have made some of them. `file`: that of the settings.
    """
    place = _place(settings)
    files = place.files() if place else Files()
    texts = [
        f"others can read {path}: chmod o-rwx {path}"
        for path in (*_secret_files(settings, file), *files.data, *_copies(settings, place))
        if readable_by(path, stat.S_IROTH)
    ]
    secrets = place.secrets_file if place else None
    if secrets and readable_by(secrets, stat.S_IRGRP | stat.S_IROTH):
        advice = f"chmod 600 {secrets}, then cfsync webhooks rotate"
        texts.append(f"others can read {secrets}: {advice}")
    mirror = place.file if place else None
    for path in (*files.data, *files.locks):
        if not _may_write(path):
            with suppress(FileNotFoundError):  # it is gone by now
                texts.append(_not_writable(path, mirror))
    if not texts:
        return [Check("file permissions", "ok", "no secret is readable by others")]
    return [Check("file permissions", "todo", text, 5) for text in texts]


def _secret_files(settings: Settings, file: Path | None) -> Iterator[Path]:
    if file:
        text = file.read_text(encoding="utf-8", errors="replace")
        if any(secret in text for secret in secrets_of(settings) if len(secret) >= SHORTEST):
            yield file
    named = (settings.api.token_file, settings.database.url_file, settings.web.tls_key)
    yield from (path for path in named if path and path.exists())


def _copies(settings: Settings, place: Place | None) -> list[Path]:
    """Backups in a folder that others may enter."""
    folder = settings.backup.dir
    if place is None or folder is None or not folder.is_dir():
        return []
    is_closed = not folder.stat().st_mode & stat.S_IXOTH
    return [] if is_closed else backups.files(settings.database.url, folder)


def _may_write(path: Path) -> bool:
    return os.access(path, os.W_OK, effective_ids=True)


def _not_writable(path: Path, mirror: Path | None) -> str:
    """Members of a group may edit the mirror, and none of them takes the locks of its owner."""
    told = f"this user may not write {path}, which belongs to {_owner(path)}"
    if mirror and _may_write(mirror) and mirror.stat().st_uid == path.stat().st_uid:
        return f"{told} as the mirror does: run cfsync as that user"
    return f"{told}: give it to the user that runs cfsync (chown)"


def _owner(path: Path) -> str:
    try:
        return path.owner()
    except KeyError:  # a number without a name
        return str(path.stat().st_uid)


def _place(settings: Settings) -> Place | None:
    """Where the mirror is; None: the URL leads nowhere, which has a check of its own."""
    try:
        return place_of(settings.database.url)
    except MirrorError:
        return None
