"""A file without a name, for what would take much memory."""

from __future__ import annotations

import io
import tempfile
from typing import IO


def temporary_file() -> IO[bytes]:
    """In memory where there is no place for one, as in a container with nothing to write to."""
    try:
        return tempfile.TemporaryFile()
    except OSError:
        return io.BytesIO()
