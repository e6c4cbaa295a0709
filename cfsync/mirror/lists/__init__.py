"""Which lists there are, whose turn it is to be pulled, and which of the mirror's rows they lack.

In: parents' rows, checkpoints, and what an answer has shown. Out: `Listing`s in the order in which
to walk them, and candidates for deletion.

Read `listings`, then `row_counts` (how long they are), `absent` (lists that the account doesn't
have) and `added` (those that are new here), then `missing_rows`, then `event_coverage`: where
events report every change, pulls may be rarer.
"""
