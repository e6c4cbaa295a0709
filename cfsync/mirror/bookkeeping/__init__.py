"""The `cf_` tables: one module for each, and the statements that are about it alone.

In: a transaction and values. Out: rows of the table as frozen dataclasses; their states as enums.

Read `bases` (records as last read), `outbox` and `open_edits` (edits, and what is open on a record)
and `conflicts` first: the merge is about these. Then `tombstones` (deletions), `ids` (real ids for
inserted rows), `checkpoints` (how far walks have come), `events` (records to read again) and `runs`
(passes that ended). `rows` writes the users' tables. `notes`, `latency`, `webhook_secrets` and
`meta` are small.
"""
