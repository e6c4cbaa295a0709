"""The passes: bounded runs that bring news in, send edits out, and end with a report.

In: a `Context` (the API, the mirror, the settings, and when to stop). Out: a `Report`, and rows in
the mirror or calls to ClickFunnels.

Read `context` and `report` first, then `pass_run` (how a pass is recorded) and `passes` (backfill,
pull, sweep). Below them, `account` finds the workspaces, `walk` reads lists, `incoming` brings news
and deletions in, `events` follows what ClickFunnels announces, `push` sends edits, and `operator`
does what a person asks for. `health_rule` decides what is late, from what `health_facts` reads.
`progress` is where a pass reports how far it is, `walk_progress` adds a rate and the time left.
`mass_limit` says how many deletions are too many, `workspaces` which workspaces to mirror, and
`rate_sharing` shares the rate limit among processes.
"""
