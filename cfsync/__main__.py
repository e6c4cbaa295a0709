"""The command `cfsync`, also as `python -m cfsync`."""

from __future__ import annotations

import gc
import os
import signal
import sys
import warnings

from cfsync import streams


def main() -> None:
    """Run what the arguments say and end with its exit code, stopped or not."""
    # Before a command listens for it itself, SIGTERM is the same as Ctrl-C, from here on: the
    # import alone takes half a second.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Nearly all that is made while the libraries load stays (some 150,000 objects): to look for
    # garbage meanwhile is up to a tenth of the time that a short command takes.
    gc.set_threshold(200_000)
    # Warnings of libraries, with their lines of source, are for developers: `python -W` shows them.
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    # No plugin of pydantic is wanted: to look for one reads what every installed package offers.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # Nor httpx's own command, for which it loads rich, click and Pygments where it can.
    sys.modules["httpx._main"] = None  # type: ignore[assignment]
    streams.set_up()
    try:
        from cfsync.cli import command
    except KeyboardInterrupt:
        print("cfsync: interrupted before anything was done", file=sys.stderr)
        sys.exit(4)
    code = command(sys.argv[1:])
    # What is left goes with the process: to look through it for garbage takes a fifth of a second.
    gc.freeze()
    sys.exit(code)


if __name__ == "__main__":
    main()
