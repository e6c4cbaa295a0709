"""cfsync keeps a ClickFunnels account and your own SQL database the same, in both directions.

The layers, from the top. An import goes down only; import-linter checks it:

    cli        commands: arguments in, report out, no logic
    daemon     puts the parts of `cfsync run` together
    web        health, metrics, webhooks
    sync       passes (backfill, pull, push, sweep): functions from both sides to a report
    api        the HTTP client, reading lists, the rate limit; the only package that knows httpx
    mirror     tables, triggers, outbox, checkpoints; the only package that knows SQLAlchemy
    logs       log lines; hides secrets
    tracing    spans for OpenTelemetry, where the environment asks for them
    config     settings: the model, the file, the environment
    merge      the three-way merge, where a conflict is decided: pure
    decode     a record from the API's JSON; `hints`: the record that an event names: pure
    values     a field's canonical value, and when two are equal: pure
    resources  the catalogue: every kind of record as data
    records    what flows between the layers: frozen
    errors     every error, grouped by what its catcher does

In: api -> Record -> merge -> mirror, with the checkpoint in the same transaction. Out: SQL ->
trigger -> outbox -> merge -> api, and the answer comes in as a record. Network first, then a
transaction; never a call inside one. `sandbox` is a fake ClickFunnels that knows the catalogue and
nothing else. docs/architecture.md has the details.
"""

__version__ = "0.1.0"
