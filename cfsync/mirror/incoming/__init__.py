"""What ClickFunnels shows becomes rows.

In: the records of one answer and the `Reading` that was begun before the request. Out: rows, bases,
conflicts, and a `Written` that says what became of the records.

Read `reading`, then `page` (records without open edits, a page at a time), then `edited_record`
(one record with open edits: the merge).
"""
