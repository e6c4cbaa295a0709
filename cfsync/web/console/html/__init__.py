"""The pages: data in, HTML out. Pure; htpy escapes every value, and nothing is marked as safe.

The modules have the names of their pages; `parts` has what pages are made of, and is read first.
"""
