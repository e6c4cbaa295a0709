"""Edits become claims, claims become calls (made by `cfsync.sync.push`), answers settle them.

In: open edits of the outbox, and what ClickFunnels answered. Out: `Claim`s, and edits that are
done, parked, or sent again.

Read `debounce` (when edits may be sent) and `unsent` (which there are), `fold` (all edits of a
record as one claim; pure), `claims` (the claims of a push), `send_journal` (edits that are being
sent), `fates` (what became of each value; pure), `answers` (an answer is merged like any record)
and `new_ids` (rows that can't take their id, or whose record is gone). `user_edits` makes an edit
for a person, through the triggers, and `many_edits` those of a file; `recovery` is for a restored
backup.
"""
