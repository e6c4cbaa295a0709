INSERT INTO $schema.cf_outbox (resource, workspace_id, record_id, op, patch, db_user, application,
  captured_at)
SELECT $resource, $workspace, o.id, 'delete',
  jsonb_build_object($row_as_patch),
  $who, clock_timestamp()
FROM cf_old o;
IF FOUND THEN PERFORM pg_notify($channel, ''); END IF;
RETURN NULL;
