-- What revision 0003 adds on PostgreSQL. Frozen: later revisions add to it.

-- The history of both sides: a row for each change of a record. Edits by SQL are read from cf_outbox
-- and get here before they are changed or deleted there; both tables share their numbers.
CREATE TABLE cf_changes (
    seq BIGINT NOT NULL PRIMARY KEY,
    resource TEXT NOT NULL,
    record_id BIGINT,  -- NULL: `start`
    workspace_id BIGINT,
    op TEXT NOT NULL,  -- insert, update, delete, renumber; start: from here on it is complete
    side TEXT NOT NULL,  -- clickfunnels, local
    source TEXT NOT NULL,  -- backfill, pull, events, sweep, push, user
    db_user TEXT,
    at TIMESTAMPTZ NOT NULL,  -- when the mirror learned of it
    changed_at TIMESTAMPTZ,  -- `updated_at` of ClickFunnels
    patch JSONB NOT NULL,  -- {field: [old, new]}
    run BIGINT,
    batch BIGINT
);
CREATE INDEX cf_changes_record ON cf_changes (resource, record_id, seq);
CREATE INDEX cf_changes_batch ON cf_changes (batch) WHERE batch IS NOT NULL;
CREATE INDEX cf_outbox_batch ON cf_outbox (batch) WHERE batch IS NOT NULL;

-- False: this edit is of what the row holds already, and no change of it.
ALTER TABLE cf_outbox ADD COLUMN is_news BOOLEAN;

-- From the number `seq` on, transactions below `horizon` can still take or commit lower numbers.
CREATE TABLE cf_horizons (
    seq BIGINT NOT NULL,
    horizon BIGINT NOT NULL
);
CREATE INDEX cf_horizons_horizon ON cf_horizons (horizon, seq);

-- What a person has decided about an edit, a conflict or a deletion, who it was, and when.
ALTER TABLE cf_outbox ADD COLUMN decision TEXT;
ALTER TABLE cf_outbox ADD COLUMN decided_by TEXT;
ALTER TABLE cf_outbox ADD COLUMN decided_at TIMESTAMPTZ;
ALTER TABLE cf_conflicts ADD COLUMN decision TEXT;
ALTER TABLE cf_conflicts ADD COLUMN decided_by TEXT;
ALTER TABLE cf_conflicts ADD COLUMN decided_at TIMESTAMPTZ;
ALTER TABLE cf_tombstones ADD COLUMN decision TEXT;
ALTER TABLE cf_tombstones ADD COLUMN decided_by TEXT;
ALTER TABLE cf_tombstones ADD COLUMN decided_at TIMESTAMPTZ;
CREATE INDEX cf_outbox_decided ON cf_outbox (decided_at, decision, decided_by, resource)
    WHERE decided_at IS NOT NULL;
CREATE INDEX cf_conflicts_decided ON cf_conflicts (decided_at, decision, decided_by, resource)
    WHERE decided_at IS NOT NULL;
CREATE INDEX cf_tombstones_decided ON cf_tombstones (decided_at, decision, decided_by, resource)
    WHERE decided_at IS NOT NULL;

-- A time series: what passes did in each five minutes, and how old the lists were.
CREATE TABLE cf_samples (
    at TIMESTAMPTZ NOT NULL,  -- when the span begins
    minutes BIGINT NOT NULL,  -- 5; after two weeks 1440, a whole day
    resource TEXT NOT NULL,  -- '': a pass over several
    lane TEXT NOT NULL,  -- the pass; '': how the list stood
    passes BIGINT NOT NULL,
    quiet BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    requests BIGINT NOT NULL,
    news BIGINT NOT NULL,
    sent BIGINT NOT NULL,
    lag_s BIGINT,
    open_edits BIGINT,
    p50_ms BIGINT,
    PRIMARY KEY (minutes, at, resource, lane)
);
