"""The history of both sides: rows before and after a write -> rows of `cf_changes`.

Edits by SQL get there by a trigger on `cf_outbox` (`capture/*/templates/history.sql`), in the
user's own transaction; what cfsync itself writes to a row gets there through `changes`, in the
transaction that writes it. `starts` has the marks from which on the history of a list is complete.

Read `changes` first. `last` reads the last change of a record back.
"""
