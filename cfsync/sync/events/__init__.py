"""Follows events: near-real-time hints that a record has changed.

In: hints, from webhook deliveries or from the events log. Out: the records that they name, read
again and written like any others.

Read `follow` (read what a hint names), then `log` (fetch hints from the events log) and `webhooks`
(create, replace and remove webhook endpoints, which ask for `event_types`).
"""
