"""The records that an account starts with.

In come a seed and a size for each resource, out comes any record by its number. A record is
computed when somebody looks at it, so a million contacts cost no time and no memory.

Read `plan` (ids, parents and times by arithmetic), `records`, `makers`, then `people`, `shop` and
`service` (the fields); `sizes` (how many of each), `formats` (times and ids as text).
"""
