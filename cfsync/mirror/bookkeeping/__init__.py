"""The `cf_` tables about records: one module for each, and the statements that are about it alone.

In: a transaction and values. Out: rows of the table as frozen dataclasses; their states as enums.

Read `bases` (records as last read), `outbox` and `open_edits` (edits, and what is open on a record)
and `conflicts` first: the merge is about these. Then `tombstones` (deletions) and `ids` (real ids
for inserted rows). `rows` writes the users' tables. `decided` notes who has decided about them.
`webhook_secrets`, `imports` (the edits of an import) and `redacted` (who is not to be imported
again) are small. What passes note about themselves is in `progress`.
"""
