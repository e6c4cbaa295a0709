"""The pages: data in, HTML out. Pure; htpy escapes every value, and nothing is marked as safe.

Read `layout` (what is around each page) and `words` (times, values and links) first. The other
modules have the names of their pages; `charts` draws.
"""
