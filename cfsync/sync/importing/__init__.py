"""Imports a file: its rows become edits by SQL, as if a person had written the statements.

In: a CSV file or JSON lines, and the options of `cfsync import`. Out: a report of what each line is
(new, changed, unchanged, refused, ...), and edits in the outbox that carry the import's number.

Read `source` (the bytes, and how their text is written), `table` (the rows in them), `columns` (the
fields that the columns stand for), `values` (the values in cells), `compare` (what a row changes),
`seen` (what has to be known of the whole file: on disk, since files are large), `job` (the file,
understood), `report`, and `run` (preview and import). `columns`, `values` and `compare` are pure.
"""
