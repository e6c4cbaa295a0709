"""`cfsync run` that tries again after seconds what it would leave for minutes. Everything that has
a setting is shortened by settings instead. Its clock can be set.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from cfsync.daemon.jobs import backoff, pusher
from tests.scenarios.daemons import clock


def main() -> None:
    """Run the daemon until it is stopped."""
    pusher.RETRY_S = 2.0
    clock.follow(Path(os.environ[clock.FILE]))
    backoff.LONGEST_S = dict.fromkeys(backoff.LONGEST_S, backoff.FIRST_S)
    from cfsync.cli import command

    raise SystemExit(command(sys.argv[1:]))


if __name__ == "__main__":
    main()
