CREATE FUNCTION $schema.$function() RETURNS trigger
$options
AS $$cfsync$$
DECLARE
  mark text := $schema.cf_mark();
  refusal jsonb;
  is_edit boolean;
  is_whole boolean;
BEGIN
  IF mark = 'fold' THEN RETURN NULL; END IF;
  IF mark = 'on' AND NOT EXISTS (
    SELECT FROM cf_new n JOIN cf_old o ON o.id = n.id WHERE n.cf_rev IS NOT DISTINCT FROM o.cf_rev
  ) THEN RETURN NULL; END IF;
  -- The patch of each row, or the reason of its refusal: [SQLSTATE, message].
  WITH edits AS MATERIALIZED (
    SELECT $workspace AS workspace_id, n.id, CASE
      WHEN o.id IS NULL THEN $id_stays
      WHEN n.cf_rev IS DISTINCT FROM o.cf_rev AND NOT $is_same_since THEN $stale
      $read_only
      $wrong_kinds
      $emptied
      $unknown
      $taken
      ELSE $changed_pairs END AS patch,
      $gives_old_values AS is_whole
    FROM cf_new n LEFT JOIN cf_old o ON o.id = n.id
    WHERE mark <> 'on' OR n.cf_rev IS NOT DISTINCT FROM o.cf_rev
  ), captured AS (
    INSERT INTO $schema.cf_outbox (resource, workspace_id, record_id, op, patch, db_user, application,
      captured_at)
    SELECT $resource, workspace_id, id, 'update', patch, $who, (SELECT clock_timestamp())
    FROM edits WHERE jsonb_typeof(patch) = 'object' AND patch <> '{}'
  )
  SELECT (SELECT patch FROM edits WHERE jsonb_typeof(patch) = 'array' LIMIT 1),
    EXISTS (SELECT FROM edits WHERE patch <> '{}'),
    EXISTS (SELECT FROM edits WHERE edits.is_whole)
  INTO refusal, is_edit, is_whole;
  $raise
  -- A program that writes whole rows has given values that it had kept: restore those of the rows.
  IF is_whole THEN
    $fold
    UPDATE $schema.$table t SET ($kept) = ROW($kept_values) FROM cf_old o, cf_new n
      WHERE o.id = t.id AND n.id = t.id AND $gives_old_values
      AND (mark <> 'on' OR n.cf_rev IS NOT DISTINCT FROM o.cf_rev);
    PERFORM set_config('cfsync.writer', mark, true);
    $close_path
  END IF;
  IF is_edit THEN PERFORM pg_notify($channel, ''); END IF;
  RETURN NULL;
END $$cfsync$$
;;
CREATE TRIGGER $function AFTER UPDATE ON $schema.$table
REFERENCING OLD TABLE AS cf_old NEW TABLE AS cf_new
FOR EACH STATEMENT EXECUTE FUNCTION $schema.$function()
