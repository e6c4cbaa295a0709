"""Reads a list many pages at a time and writes what it reads.

In: a list, and checkpoints that say how far it was walked. Out: pages, written to the mirror
together with their checkpoints.

Read `records` (write what was read, read a record again), then `page_writer` (several pages in one
transaction), `growth` (when a list is too long), `ranges` (how a list is cut, pure) and
`range_walkers` (one task for each range).
"""
