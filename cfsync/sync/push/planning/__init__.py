"""Shows what a push would send, and sends nothing.

In: the edits that wait. Out: a `Plan`, which a file can keep so that a push sends just that.

Read `plan` first. `cost` counts the calls, `in_bulk` says which edits would go in bulk,
`plan_file` writes a plan and reads it again, and `member_names` names the tags and other records
that an edit adds or takes away.
"""
