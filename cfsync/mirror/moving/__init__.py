"""Moves a mirror from one kind of database to another.

In come two URLs; out goes the same mirror in the other database: rows, edits that wait, conflicts,
history, ids, secrets. Read `move` first: locks, the order of commits, the mark. `rows` copies
tables and compares them, `values` has single values.
"""
