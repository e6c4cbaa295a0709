"""`revert`: undo what a push sent."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from cfsync.cli.common import Config, Json, load_settings, with_mirror
from cfsync.cli.text import columns, plural, print_json


def register(app: typer.Typer) -> None:
    app.command()(revert)


def revert(
    batch: Annotated[int, typer.Argument(metavar="BATCH", help="The push's number.")],
    config: Config = None,
    json: Json = False,
) -> int:
    """Undo what a push sent, as edits that the next push sends.

    Each field that still has the value sent by that push gets back the value that ClickFunnels had
    before. All other fields are listed, and so is what can't be undone (creates, deletes,
    cancellations, uploads); then it exits 5. The push's report and
    `cfsync outbox list --state done` show the number. Until the next push, `cfsync plan` shows
    what it will send; after it, you can revert the revert.

    \b
    Example:
      cfsync revert 12
    """
    from cfsync.sync.decisions.revert import revert as inner

    done = with_mirror(load_settings(config, quiet=True), lambda mirror: inner(mirror, batch))
    if json:
        fields = [{"resource": r, "id": i, "fields": names} for r, i, names in done.fields]
        print_json({"batch": batch, "edits": fields, "left": [asdict(one) for one in done.left]})
        return done.exit_code
    if done.left:
        print(columns([(f"{o.resource} {o.record_id}", o.field, o.reason) for o in done.left]))
    count = sum(len(names) for *_, names in done.fields)
    then = "; the next push sends it" if count else ""
    print(f"taken back: {plural(count, 'field')} of {plural(len(done.fields), 'record')}{then}")
    return done.exit_code
