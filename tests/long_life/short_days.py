"""`cfsync run` with days of a minute: what the daemon does each day, hour and few minutes, it does
that much more often. Everything that has a setting is shortened by settings instead.
"""

from __future__ import annotations

from cfsync.daemon import maintenance
from cfsync.daemon.health import sampler
from cfsync.mirror import retention

DAY_S = 60.0

FASTER = 86_400.0 / DAY_S


def main() -> None:
    """Run the daemon until it is stopped."""
    maintenance.DAY_S = DAY_S
    maintenance.HOUR_S = DAY_S / 24
    maintenance.FIRST_PRUNE_S = DAY_S / 4
    maintenance.WAL_S /= 60
    sampler.EVERY_S = DAY_S / 100
    retention.REMEMBERED_S /= FASTER
    from cfsync.cli import command

    raise SystemExit(command(["run"]))


if __name__ == "__main__":
    main()
