INSERT INTO $schema.cf_changes
  (seq, resource, record_id, workspace_id, op, side, source, db_user, at, patch, batch)
VALUES (old.seq, old.resource, old.record_id, old.workspace_id, old.op, 'local', 'user', old.db_user,
  old.captured_at, old.patch, old.batch)
ON CONFLICT DO NOTHING;
