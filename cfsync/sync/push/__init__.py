"""Sends edits: what users changed by SQL becomes calls to ClickFunnels.

In: claims on the outbox. Out: calls, and outbox rows that are done, parked or held.

Read `conductor` (the order of a push), then `reread` (read the records again before they are
changed), `changes` (updates and deletes), `creates`, and `lost_creates` (whether a create whose
answer was lost has arrived). `calls` decides which calls an edit takes (pure), `perform` makes
them, and `outcome` says what becomes of an edit whose call failed. `email_order` keeps edits that
share an email in order, and `mass_guard` holds masses. `bulk` sends many edits in one call, and
`planning` shows what a push would send.
"""
