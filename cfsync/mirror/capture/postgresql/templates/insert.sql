CREATE FUNCTION $schema.$function() RETURNS trigger
$options
AS $$cfsync$$
DECLARE
  mark text := $schema.cf_mark();
  ids bigint[];
  gone record;
  old_row $schema.$table;
  folded bigint[] := '{}';
  refusal jsonb;
  is_edit boolean;
BEGIN
  IF mark = 'fold' THEN RETURN NULL; END IF;
  ids := ARRAY(SELECT id FROM cf_new WHERE mark <> 'on' OR cf_rev IS NULL);
  IF ids = '{}' THEN RETURN NULL; END IF;
  -- Put rows back whose unsent DELETE the INSERT takes back, then update them.
  FOR gone IN
    DELETE FROM $schema.cf_outbox WHERE resource = $resource AND record_id = ANY (ids)
      AND op = 'delete' AND state IN ('pending', 'parked', 'held') RETURNING record_id, patch
  LOOP
    folded := folded || gone.record_id;
    old_row := jsonb_populate_record(NULL::$schema.$table, (
      SELECT jsonb_object_agg(key, value -> 0) FROM jsonb_each(gone.patch)));
    -- Values that stay, because NULL means "not given" here.
    INSERT INTO $schema.cf_notes AS noted (resource, field, kind, record_id, seen_at)
      SELECT $resource, key, 'null_left', n.id, clock_timestamp()
      FROM cf_new n, jsonb_each(gone.patch)
      WHERE n.id = gone.record_id AND key IN ($writable)
        AND value -> 0 NOT IN ('null', '""', '[]', '{}') AND to_jsonb(n) -> key = 'null'
        -- Not each time: those who write the same note wait for each other.
        AND NOT EXISTS (SELECT FROM $schema.cf_notes x WHERE x.resource = $resource
          AND x.field = key AND x.kind = 'null_left'
          AND x.seen_at > clock_timestamp() - interval '1 hour')
      ON CONFLICT (resource, field, kind)
        DO UPDATE SET record_id = excluded.record_id, seen_at = excluded.seen_at;
    $fold
    UPDATE $schema.$table t SET ($columns) = ROW($old_values) WHERE t.id = gone.record_id;
    PERFORM set_config('cfsync.writer', mark, true);
    UPDATE $schema.$table t SET $given_values FROM cf_new n
      WHERE t.id = gone.record_id AND n.id = t.id;
    $close_path
  END LOOP;
  $capture
END $$cfsync$$
;;
CREATE TRIGGER $function AFTER INSERT ON $schema.$table
REFERENCING NEW TABLE AS cf_new FOR EACH STATEMENT EXECUTE FUNCTION $schema.$function()
