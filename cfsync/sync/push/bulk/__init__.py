"""Sends edits in bulk: one call that adds a tag to, or takes it from, many contacts.

In: edits that only change a set, such as `contacts.tag_ids`, in the same way in at least
`push.bulk_from` records of a workspace. Out: edits that are done, because their records were read
again and show the change, and edits that are left to be sent one by one.

Read `bulk_push` (the order of it), then `start` (which edits go together, and the calls) and
`finish` (waiting for the actions, and the proof).
"""
