WITH edits AS MATERIALIZED (
  SELECT $workspace AS workspace_id, n.id, CASE
    WHEN $id_is_real
      THEN cf_refuse('$name: no row has this id; leave id out, ClickFunnels gives it')
    WHEN n.id > 999999999999999
      THEN cf_refuse('$name: an id that you choose has 15 digits at the most')
    WHEN EXISTS (SELECT FROM cf_ids i WHERE resource = $resource AND i.local_id = n.id)
      THEN cf_refuse('$name: this id was used before; leave id out')
    WHEN EXISTS (SELECT FROM cf_outbox x WHERE resource = $resource AND x.record_id = n.id)
      THEN cf_refuse('$name: this id was used before; leave id out')
    $not_insertable
    $parents
    $wrong_kinds
    $known_already
    ELSE $given_pairs END AS patch
  FROM cf_new n
  WHERE (mark <> 'on' OR n.cf_rev IS NULL) AND n.id <> ALL (folded)
)
INSERT INTO cf_outbox (resource, workspace_id, record_id, op, patch, db_user, captured_at,
  highest_id)
SELECT $resource, workspace_id, id, 'insert', patch, session_user, clock_timestamp(),
  (SELECT coalesce(max(id), 0) FROM $table WHERE $real_ids)
FROM edits;
IF FOUND THEN PERFORM pg_notify($channel, ''); END IF;
RETURN NULL;
