"""What passes note about themselves: how far they have come, and what they found on the way.

In: a transaction and values. Out: rows of the `cf_` table of a module as frozen dataclasses.

Read `checkpoints` (how far walks have come), `events` (records to read again) and `runs` (passes
that ended) first. `notes` (unknown or unstorable fields), `latency`, `counted` and `meta` are
small.
"""
