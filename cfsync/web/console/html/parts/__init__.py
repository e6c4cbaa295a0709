"""What pages are made of.

Read `layout` (what is around each page) and `words` (times, values and links) first. `tables`,
`list_rows`, `cards`, `passes` and `progress` are pieces that pages share; `charts` draws.
"""
