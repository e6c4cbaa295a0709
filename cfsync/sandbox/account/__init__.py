"""The account behind the API: its records, the rules for changing them, and who may see them.

In come writes, from the API's handlers and from `Account`'s methods (what people do in the app).
Out come records as the API shows them, pages of ids, events for webhooks, and a ledger of every
write.

Read `account`, then `store` (records, events) with `table`, `emails` and `views` below it; `rules`
(create, update, delete) with `resource_rules` (what one resource has in addition) and `checks`
(single values); `listing` (pages and filters); `access`, `ledger`, `problems`.
"""
