"""Brings news and deletions in: one list at a time.

In: a list and its checkpoint. Out: records in the mirror, an advanced checkpoint, and candidates
for deletion.

Read `backfill` (the first walk by id), `pull` (what changed, newest first), `watermark` (where a
pull may end, pure), `sweep` (the complete comparison), `deletions` (what becomes of records that a
sweep did not find), `presence` (what a single look at a list proves), and `pace` (how often the
daemon looks at a list, pure).
"""
