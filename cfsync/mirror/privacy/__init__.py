"""Forgetting a person: every local copy, also inside other records.

In: a record. Out: the tables without the person, and how many rows of each held something.

Read `person` (who is meant, and values without that person; pure), then `purge` (the statements).
"""
