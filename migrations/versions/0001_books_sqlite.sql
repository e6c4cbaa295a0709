-- cfsync's own tables on SQLite, as of revision 0001. Frozen: later revisions add to it.

-- What users changed and ClickFunnels has not confirmed; the triggers write it, push works it off.
CREATE TABLE cf_outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,  -- in the order of capture; never used twice
    resource TEXT NOT NULL,
    workspace_id BIGINT,
    record_id BIGINT NOT NULL,
    op TEXT NOT NULL,  -- insert, update, delete
    patch TEXT NOT NULL,  -- {field: [old, new]}; a delete: every column, new null
    -- pending: waits to be sent       -> sending, done, parked, held, discarded
    -- sending: journalled; its call may be under way, or its outcome is unknown
    --                                 -> done, pending (it had no effect), parked, held, discarded
    -- parked:  ClickFunnels refused it -> pending (retried), sending, done, held, discarded
    -- held:    a guard stopped it     -> pending (approved), discarded
    -- done: confirmed; discarded: dropped by a person
    state TEXT NOT NULL DEFAULT 'pending',
    attempts BIGINT NOT NULL DEFAULT 0,
    error TEXT,
    db_user TEXT,
    application TEXT,
    captured_at TEXT NOT NULL,  -- by the database's clock
    sent_at TEXT,
    batch BIGINT,
    sent TEXT,  -- {field: value} as journalled before the call
    approved BOOLEAN,  -- a human has said that this mass may be sent
    highest_id BIGINT  -- insert: the highest id that the mirror then had of that resource
);
CREATE INDEX cf_outbox_record ON cf_outbox (resource, record_id);
CREATE INDEX cf_outbox_state ON cf_outbox (state, seq);

-- Each record as last read from ClickFunnels; `body` is the whole record as sent, without secrets.
CREATE TABLE cf_base (
    resource TEXT NOT NULL,
    id BIGINT NOT NULL,
    body TEXT NOT NULL,
    updated_at TEXT,
    rev BIGINT NOT NULL,
    lane TEXT,
    same_since BIGINT,
    stored_forms TEXT,  -- {field: [sent, stored]}
    PRIMARY KEY (resource, id)
);

CREATE TABLE cf_checkpoints (
    resource TEXT NOT NULL,
    parent_id BIGINT NOT NULL,  -- 0: the list hangs below nothing
    lane TEXT NOT NULL,
    part BIGINT NOT NULL DEFAULT 0,  -- a range of ids of a walk that is cut in several
    cursor BIGINT,
    upper BIGINT,
    watermark TEXT,
    seen_at TEXT,
    pending TEXT,
    began_at TEXT,
    done_at TEXT,
    PRIMARY KEY (resource, parent_id, lane, part)
);
CREATE INDEX cf_checkpoints_turn ON cf_checkpoints (resource, lane, began_at, parent_id);

CREATE TABLE cf_conflicts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    resource TEXT NOT NULL,
    record_id BIGINT NOT NULL,
    kind TEXT NOT NULL,  -- changed, drift, deleted_here, deleted_remotely
    field TEXT NOT NULL,  -- empty: it is about the whole record
    base TEXT,
    local TEXT,
    remote TEXT,
    winner TEXT,  -- clickfunnels, local, hold
    -- open: nobody has looked -> resolved (by a person), superseded (by a newer one of this field)
    state TEXT NOT NULL,
    found_at TEXT NOT NULL
);
CREATE UNIQUE INDEX cf_conflicts_open ON cf_conflicts (resource, record_id, field)
    WHERE state = 'open';

CREATE TABLE cf_tombstones (
    resource TEXT NOT NULL,
    record_id BIGINT NOT NULL,
    parent_id BIGINT,
    workspace_id BIGINT,
    side TEXT,
    cause TEXT,
    -- candidate: missing in a walk -> confirmed, hidden, held; or this row goes: it is listed again
    -- held: a guard asks a person  -> approved, rejected
    -- approved                     -> confirmed, hidden
    -- confirmed: proved to be gone; hidden: exists and is not listed; rejected: stays in the mirror
    state TEXT NOT NULL,
    first_seen TEXT NOT NULL,
    confirmed_at TEXT,
    body TEXT,  -- its last state
    rev BIGINT,
    PRIMARY KEY (resource, record_id)
);
CREATE INDEX cf_tombstones_state ON cf_tombstones (state, resource);

-- The real id that a row inserted here has got.
CREATE TABLE cf_ids (
    resource TEXT NOT NULL,
    local_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    PRIMARY KEY (resource, local_id)
);
CREATE INDEX cf_ids_id ON cf_ids (resource, id);

CREATE TABLE cf_runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    pass TEXT NOT NULL,
    resource TEXT,
    state TEXT NOT NULL,  -- done, stopped, failed
    started_at TEXT NOT NULL,
    ended_at TEXT,
    requests BIGINT,
    quiet BIGINT NOT NULL DEFAULT 0,  -- quiet passes since, which are no rows of their own
    counts TEXT,
    error TEXT,
    trouble TEXT  -- what ended it early: token, limit, server, database, answer or error
);
CREATE INDEX cf_runs_pass ON cf_runs (pass, resource, id);

CREATE TABLE cf_leases (
    name TEXT NOT NULL PRIMARY KEY,
    owner TEXT,
    fence BIGINT NOT NULL DEFAULT 0,
    expires_at TEXT
);

-- The daemons that run, or have been running.
CREATE TABLE cf_daemons (
    name TEXT NOT NULL PRIMARY KEY,
    host TEXT NOT NULL,
    pid BIGINT NOT NULL,
    started_at TEXT NOT NULL,  -- these three by the database's clock
    seen_at TEXT NOT NULL,
    ended_at TEXT  -- it was stopped; NULL: it runs, or has gone without a word
);

CREATE TABLE cf_budget (
    kind TEXT NOT NULL PRIMARY KEY,
    value REAL,
    updated_at TEXT
);

-- Hints to look at a record.
CREATE TABLE cf_events (
    event_id TEXT NOT NULL PRIMARY KEY,
    source TEXT NOT NULL,  -- receiver, log, busy (somebody held the row), refused (a user's constraint)
    workspace_id BIGINT,
    event_type TEXT,
    resource TEXT,
    record_id BIGINT,
    state TEXT NOT NULL,  -- new -> done
    received_at TEXT NOT NULL,
    body TEXT,
    error TEXT  -- why the row was refused
);
CREATE INDEX cf_events_state ON cf_events (state, resource, received_at);

-- cf_secrets stands apart from these: cfsync/mirror/db/dialect/secrets_table.py.

CREATE TABLE cf_meta (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT
);

-- How many records each lane found first, by how long that took from their updated_at on.
CREATE TABLE cf_found (
    resource TEXT NOT NULL,
    lane TEXT NOT NULL,
    delay_ms BIGINT NOT NULL,  -- at most so long; 0: not measured (a first walk, an own write)
    records BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (resource, lane, delay_ms)
);

-- Fields that are not as the catalogue says, each with one record as the example.
CREATE TABLE cf_notes (
    resource TEXT NOT NULL,
    field TEXT NOT NULL,
    kind TEXT NOT NULL,  -- unholdable, unknown, converted, ahead, tidied, null_left, vanished
    record_id BIGINT,
    seen_at TEXT,
    PRIMARY KEY (resource, field, kind)
);

-- The number that every write of the daemon takes.
INSERT INTO cf_meta (key, value) VALUES ('cf_rev', '0');

-- The daemon's mark: 1 inside its transactions, 0 otherwise; 2 is added while a trigger of cfsync
-- puts a row right.
CREATE TABLE cf_writer (mark INTEGER NOT NULL);
INSERT INTO cf_writer (mark) VALUES (0);

-- The row that an INSERT OR REPLACE under way is about to replace, and, as resource.column, what it
-- has in columns of the user's own: a value of any type.
CREATE TABLE cf_replaced (
    resource TEXT NOT NULL,
    record_id BIGINT NOT NULL,
    patch NOT NULL
);
