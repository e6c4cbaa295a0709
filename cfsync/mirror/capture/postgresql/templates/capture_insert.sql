-- The patch of each row, or the reason of its refusal: [SQLSTATE, message].
WITH edits AS MATERIALIZED (
  SELECT $workspace AS workspace_id, n.id, CASE
    WHEN EXISTS (SELECT FROM $schema.cf_ids i WHERE i.resource = $resource AND i.local_id = n.id)
      THEN (SELECT $real_id FROM $schema.cf_ids i WHERE i.resource = $resource AND i.local_id = n.id)
    $taken
    WHEN $id_is_real AND $counter < $first THEN $counter_reset
    WHEN $id_is_real THEN $not_an_id
    WHEN n.id > 989999999999999 THEN $id_too_long
    -- An update alone is that of a trigger of the user's, which has changed the new row before.
    WHEN EXISTS (SELECT FROM $schema.cf_outbox x
      WHERE x.resource = $resource AND x.record_id = n.id AND x.op <> 'update') THEN $used_before
    $not_insertable
    $parents
    $wrong_kinds
    $missing
    $unknown
    ELSE $given_pairs END AS patch
  FROM cf_new n
  WHERE (mark <> 'on' OR n.cf_rev IS NULL) AND n.id <> ALL (folded)
), captured AS (
  INSERT INTO $schema.cf_outbox (resource, workspace_id, record_id, op, patch, db_user, application,
    captured_at, highest_id)
  SELECT $resource, workspace_id, id, 'insert', patch, $who, clock_timestamp(),
    (SELECT coalesce(max(id), 0) FROM $schema.$table WHERE $real_ids)
  FROM edits WHERE jsonb_typeof(patch) = 'object'
)
SELECT (SELECT patch FROM edits WHERE jsonb_typeof(patch) = 'array' LIMIT 1),
  EXISTS (SELECT FROM edits)
INTO refusal, is_edit;
$raise
-- Such updates come after the insert.
WITH early AS (
  DELETE FROM $schema.cf_outbox x WHERE x.resource = $resource AND x.record_id = ANY (ids)
    AND x.record_id <> ALL (folded) AND x.op = 'update' RETURNING x.*
)
INSERT INTO $schema.cf_outbox (resource, workspace_id, record_id, op, patch, db_user, application,
  captured_at)
SELECT resource, workspace_id, record_id, op, patch, db_user, application, captured_at
FROM early ORDER BY seq;
IF is_edit THEN PERFORM pg_notify($channel, ''); END IF;
RETURN NULL;
