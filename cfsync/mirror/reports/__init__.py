"""What the mirror can say about itself. Reads only.

Out: `status` counts rows, edits, conflicts, deletions and passes for a person; `freshness` measures
how old the mirror is, cheap enough to be read often; `provenance` gathers all that is known of one
record; `known_rows` finds many by what people know them by; `waiting` counts what waits for a
person. The modules are independent.
"""
