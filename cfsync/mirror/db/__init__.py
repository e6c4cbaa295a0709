"""One database: connect to it, run transactions, read and write rows in bulk.

In comes a URL and functions that take a transaction (`Tx`), out go their results. Nothing here
knows what an outbox or a checkpoint is for: that is `mirror.bookkeeping`'s job.

Read `engine` first (`Mirror` and `Tx`), then `statements` (bulk reads and writes), `tables` and
`types` (what is in the database) and `dialect` (what differs between SQLite and PostgreSQL). The
others are small: `connect` parses URLs, `errors` says what can go wrong, `clock` is the database's,
`quoting` writes names and texts in SQL, `notifications` waits for edits, `write_pause` lets other
programs write to an SQLite file, `beside` reads what takes seconds without stopping the passes,
`crash_points` lets tests kill the process.
"""
