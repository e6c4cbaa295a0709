"""What a person decides about edits and deletions, written down.

In: numbers of edits, or a record. Out: edits that are sent, retried or discarded, and rows that
hold the values which follow from that.

Read `waiting_edits` (approve, retry), `discard` (the row goes back to ClickFunnels' values),
`replay` (which values these are; pure), `deleted_remotely` (a record that is gone while edits of it
are open), `undelete` (a deleted record is brought back) and `uncaptured_rows` (rows that were
inserted while no trigger captured them).
"""
