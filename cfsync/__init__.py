"""cfsync keeps a ClickFunnels account and your own SQL database the same, in both directions.

The rooms, from the top; an import goes down only, and import-linter guards it:

    cli        commands: arguments in, report out, no logic
    daemon     the composition root of `cfsync run`        web   health, metrics, webhooks
    sync       passes: backfill, pull, push, sweep: plain functions (api, mirror, ...) -> report
    api        the HTTP client, walks, budget: the only room that knows httpx
    mirror     tables, triggers, outbox, checkpoints: the only room that knows sqlalchemy
    merge      the three-way merge and its decision table: pure
    values     a field's canonical value, and when two are equal: pure
    resources  the catalogue: every kind of record as data
    records    what flows between the rooms: frozen
    errors     every error, grouped by what its catcher does

Data flows one way in each direction. In: api -> Record -> merge -> mirror, checkpoint in the same
transaction. Out: SQL -> trigger -> outbox -> merge -> api, and the answer comes in as a record.
Network first, then a transaction, never a call inside one. `sandbox` is a fake ClickFunnels that
knows the catalogue and nothing else.
"""

__version__ = "0.1.0"
