"""The mirror: the SQL tables that users read and write, and all that cfsync knows about them.

In: records that ClickFunnels showed, answers to calls, and what a person decides; users' own SQL is
caught by triggers. Out: rows, claims on what is to be sent, and reports.

Read `db` (one database: connections, transactions, bulk statements) and `bookkeeping` (the `cf_`
tables, a module each) first, then the two ways of data: `incoming` writes what ClickFunnels shows,
`outgoing` claims edits and settles their answers. Beside them, `capture` generates the triggers and
`views` the views, `lists` knows which lists exist and which are due, `coordination` is for
processes that share a mirror, `user_decisions` is what a person decides, `reports` only reads, and
`privacy` forgets a person. `migrate` brings the schema up to date, and `retention` deletes old
bookkeeping rows, `wal` keeps the log of SQLite short, and `analyst` shows the mirror without
cfsync's own tables. `row_progress` and `temporary_file` are small things that many of these use.
"""
