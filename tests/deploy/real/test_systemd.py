"""The units in a booted systemd, installed as docs/operating.md says."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from tests.deploy.operating import commands
from tests.deploy.real.booted import CONFIG, UNITS, Booted
from tests.deploy.real.conftest import ClickFunnels

Until = Callable[..., object]

QUERY = """import sqlite3, sys
db = sqlite3.connect("/var/lib/cfsync/cfsync.db", timeout=30)
print(*(db.execute(sys.argv[1], sys.argv[2:]).fetchone() or [""]))
db.commit()
"""
COUNT = "SELECT count(*) FROM contacts"
RENAME = "UPDATE contacts SET first_name = ? WHERE id = ? RETURNING id"


def query(machine: Booted, *arguments: str, user: str = "root") -> str:
    """SQL on the mirror with the system's own Python, as a user would."""
    return machine(
        "setpriv",
        f"--reuid={user}",
        f"--regid={user}",
        "--init-groups",
        "python3",
        "-c",
        QUERY,
        *arguments,
    )


def started(machine: Booted, until: Until) -> None:
    machine("systemctl", "start", "cfsync")
    until(lambda: query(machine, COUNT) == "30")


def test_the_units_are_right_for_the_systemd_they_are_for(machine: Booted) -> None:
    units = [f"/etc/systemd/system/{name}" for name in UNITS]
    services = [unit for unit in units if unit.endswith(".service")]

    verified = machine("systemd-analyze", "verify", "--man=no", "--recursive-errors=yes", *units)
    for service in services:
        name = service.rpartition("/")[2].replace("@.", "@shop.")
        machine("systemd-analyze", "security", "--threshold=20", "--no-pager", name)

    assert verified == ""


def test_it_is_ready_when_clickfunnels_has_answered_and_says_what_it_waits_for(
    machine: Booted, clickfunnels: ClickFunnels, until: Until
) -> None:
    clickfunnels.stop()
    machine("systemctl", "start", "--no-block", "cfsync")
    until(lambda: machine.shown("StatusText").startswith("waits: "))
    print(machine.shown("StatusText"))
    assert machine.shown("ActiveState") == "activating"

    clickfunnels.start()

    until(lambda: machine.shown("ActiveState") == "active")
    until(lambda: query(machine, COUNT) == "30")
    assert machine.shown("NRestarts") == "0"


def test_it_runs_with_a_credential_and_no_rights(
    machine: Booted, clickfunnels: ClickFunnels, until: Until
) -> None:
    started(machine, until)

    process = machine.shown("MainPID")
    status = machine("cat", f"/proc/{process}/status")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)

    assert (fields["CapBnd"], fields["NoNewPrivs"], fields["Seccomp"]) == ("0" * 16, "1", "2")
    assert machine("stat", "-c", "%U:%G", f"/proc/{process}") == "cfsync:cfsync"
    environ = machine("cat", f"/proc/{process}/environ")
    command = machine("cat", f"/proc/{process}/cmdline")
    assert "sandbox-token" not in environ + command + machine.log()
    assert machine("stat", "-c", "%a %U:%G", "/var/lib/cfsync") == "2770 cfsync:cfsync"
    assert machine("stat", "-c", "%a %G", "/var/lib/cfsync/cfsync.db") == "660 cfsync"


def test_a_member_of_the_group_edits_the_mirror_while_the_daemon_runs(
    machine: Booted, clickfunnels: ClickFunnels, until: Until
) -> None:
    machine("useradd", "--create-home", "--groups", "cfsync", "ada")
    machine("useradd", "--create-home", "eve")
    contact = clickfunnels.contact()
    started(machine, until)

    assert query(machine, RENAME, "Ada", str(contact), user="ada") == str(contact)

    until(lambda: clickfunnels.first_name(contact) == "Ada")
    assert machine.attempt("runuser", "-u", "eve", "--", "ls", "/var/lib/cfsync").returncode != 0
    # She was there first after a stop: what SQLite then makes anew must stay open to the daemon.
    machine("systemctl", "stop", "cfsync")
    query(machine, RENAME, "Augusta", str(contact), user="ada")
    machine("systemctl", "start", "cfsync")
    until(lambda: clickfunnels.first_name(contact) == "Augusta")


def test_a_daemon_that_hangs_is_killed_and_started_again(
    machine: Booted, clickfunnels: ClickFunnels, until: Until
) -> None:
    machine.write(
        "/etc/systemd/system/cfsync.service.d/fast.conf",
        "[Service]\nWatchdogSec=5s\nTimeoutAbortSec=2s\nRestartSec=0\n",
    )
    machine("systemctl", "daemon-reload")
    started(machine, until)
    time.sleep(7)
    assert machine.shown("NRestarts") == "0"

    machine("systemctl", "kill", "--kill-whom=main", "--signal=STOP", "cfsync")

    until(lambda: machine.shown("NRestarts") == "1")
    until(lambda: machine.shown("ActiveState") == "active")
    assert "Watchdog timeout (limit 5s)!" in machine.log()
    contact = clickfunnels.contact()
    query(machine, RENAME, "Ada", str(contact))
    until(lambda: clickfunnels.first_name(contact) == "Ada")


def test_a_killed_daemon_is_started_again_and_goes_on(
    machine: Booted, clickfunnels: ClickFunnels, until: Until
) -> None:
    contact = clickfunnels.contact()
    started(machine, until)

    machine("systemctl", "kill", "--kill-whom=main", "--signal=KILL", "cfsync")
    query(machine, RENAME, "Ada", str(contact))

    until(lambda: clickfunnels.first_name(contact) == "Ada")
    assert machine.shown("NRestarts") == "1"


def test_stopping_is_clean_and_quick(
    machine: Booted, clickfunnels: ClickFunnels, until: Until
) -> None:
    started(machine, until)

    began = time.monotonic()
    machine("systemctl", "stop", "cfsync")

    assert time.monotonic() - began < 10
    assert machine.shown("Result") == "success"
    assert machine.shown("ExecMainStatus") == "0"
    assert machine.shown("ActiveState") == "inactive"


def test_without_its_credential_it_does_not_start(
    machine: Booted, clickfunnels: ClickFunnels
) -> None:
    machine("rm", "/etc/cfsync/token")

    done = machine.attempt("systemctl", "start", "cfsync")

    assert done.returncode == 1
    assert "status=243/CREDENTIALS" in machine.log()
    assert clickfunnels.world.ledger.requests == {}


def test_wrong_settings_are_not_tried_again(machine: Booted, clickfunnels: ClickFunnels) -> None:
    machine.write("/etc/cfsync/config.toml", CONFIG + "pul_every = 5\n")

    done = machine.attempt("systemctl", "start", "cfsync")

    assert done.returncode == 1
    assert machine.shown("ExecMainStatus") == "2"
    time.sleep(6)
    assert (machine.shown("ActiveState"), machine.shown("NRestarts")) == ("failed", "0")
    assert "pul_every" in machine.log()


def test_two_accounts_run_side_by_side(
    machine: Booted, clickfunnels: ClickFunnels, until: Until
) -> None:
    for name in ("one", "two"):
        machine.write(f"/etc/cfsync/{name}.toml", f'{CONFIG}[web]\nlisten = "off"\n')
        machine.write(f"/etc/cfsync/{name}.token", "sandbox-token", mode="600")

    machine("systemctl", "start", "cfsync@one", "cfsync@two")

    for name in ("one", "two"):
        assert machine.shown("ActiveState", f"cfsync@{name}") == "active"
        assert machine("stat", "-c", "%a %G", f"/var/lib/cfsync-{name}/cfsync.db") == "660 cfsync"


def test_the_timer_exchanges_and_something_that_waits_for_a_human_is_no_failure(
    machine: Booted, clickfunnels: ClickFunnels
) -> None:
    contact = clickfunnels.contact()
    machine("systemctl", "start", "cfsync-sync.timer")
    machine("systemctl", "start", "cfsync-sync.service")
    assert query(machine, COUNT) == "30"
    clickfunnels.world.fault("status", method="PUT", status=422, times=None)
    query(machine, RENAME, "Ada", str(contact))

    machine("systemctl", "start", "cfsync-sync.service")

    assert machine.shown("ExecMainStatus", "cfsync-sync") == "5"
    assert machine.shown("Result", "cfsync-sync") == "success"
    listed = json.loads(machine("systemctl", "list-timers", "--output=json", "cfsync-sync.timer"))
    assert listed[0]["activates"] == "cfsync-sync.service"


def test_a_backup_is_restored_as_the_document_says(
    machine: Booted, clickfunnels: ClickFunnels, until: Until
) -> None:
    *_, fill = commands("systemd")
    backup, _ = commands("Back up")
    restore, _ = commands("Restore")
    contact = clickfunnels.contact()
    assert "30 new" in machine.shell(fill)
    machine.shell(backup)
    query(machine, RENAME, "Ada", str(contact))
    until(lambda: clickfunnels.first_name(contact) == "Ada")

    recovered = machine.shell(restore)

    assert "every list is walked whole" in recovered
    named = "SELECT first_name FROM contacts WHERE id = ?"
    assert query(machine, named, str(contact)) == "Ada"
    assert machine("stat", "-c", "%a %U:%G", "/var/lib/cfsync/cfsync.db") == "660 cfsync:cfsync"
    query(machine, RENAME, "Grace", str(contact))
    until(lambda: clickfunnels.first_name(contact) == "Grace")


def test_settings_are_taken_without_a_restart(
    machine: Booted, clickfunnels: ClickFunnels, until: Until
) -> None:
    (reload,) = commands("Change settings")
    started(machine, until)
    process = machine.shown("MainPID")
    machine.write("/etc/cfsync/config.toml", f"{CONFIG}[pull]\noverlap = '3m'\n")

    machine.shell(reload)

    until(lambda: '"taken": ["pull.overlap"]' in machine.log())
    assert machine.shown("MainPID") == process


def test_the_clock_may_jump(machine: Booted, clickfunnels: ClickFunnels, until: Until) -> None:
    faketime = machine.shell("echo /usr/lib/*/faketime/libfaketime.so.1")
    settings = [
        f"LD_PRELOAD={faketime}",
        "FAKETIME_TIMESTAMP_FILE=/etc/cfsync/clock",
        "FAKETIME_CACHE_DURATION=1",
        "FAKETIME_DONT_FAKE_MONOTONIC=1",
    ]
    lines = [f"Environment={setting}\n" for setting in settings]
    machine.write("/etc/systemd/system/cfsync.service.d/clock.conf", f"[Service]\n{''.join(lines)}")
    machine.write("/etc/cfsync/clock", "+0")
    machine("systemctl", "daemon-reload")
    started(machine, until)

    _set_clock(machine, until, "-1d")
    _exchange(machine, clickfunnels, until, "Yesterday")
    _set_clock(machine, until, "+1d")
    _exchange(machine, clickfunnels, until, "Tomorrow")

    assert machine.shown("NRestarts") == "0"


def _set_clock(machine: Booted, until: Until, offset: str) -> None:
    before = machine.log().count("clock.set")
    machine.write("/etc/cfsync/clock", offset)
    until(lambda: machine.log().count("clock.set") == before + 1)


def _exchange(machine: Booted, clickfunnels: ClickFunnels, until: Until, name: str) -> None:
    """A change of either side reaches the other one."""
    contact = clickfunnels.contact()
    query(machine, RENAME, name, str(contact))
    until(lambda: clickfunnels.first_name(contact) == name)
    clickfunnels.world.edit("contacts", contact, last_name=name)
    asked = "SELECT last_name FROM contacts WHERE id = ?"
    until(lambda: query(machine, asked, str(contact)) == name)
