"""Tables and views as files for other programs.

In come names, out go files that appear whole or not at all. Read `relations` (what can be exported,
and its query), `formats` (how a row is written), then `files`.
"""
