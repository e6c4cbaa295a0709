"""`python -m cfsync` is the command `cfsync`."""

from __future__ import annotations

from cfsync.cli import main

if __name__ == "__main__":
    main()
