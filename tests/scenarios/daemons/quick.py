"""`cfsync run` that tries again after seconds what it would leave for minutes. Everything that has
a setting is shortened by settings instead.
"""

from __future__ import annotations

import sys

from cfsync.daemon.jobs import backoff, pusher


def main() -> None:
    """Run the daemon until it is stopped."""
    pusher.RETRY_S = 2.0
    backoff.LONGEST_S = dict.fromkeys(backoff.LONGEST_S, backoff.FIRST_S)
    from cfsync.cli import command

    raise SystemExit(command(sys.argv[1:]))


if __name__ == "__main__":
    main()
