INSERT INTO cf_changes (seq, resource, record_id, workspace_id, op, side, source, db_user, at, patch, batch)
  VALUES (OLD.seq, OLD.resource, OLD.record_id, OLD.workspace_id, OLD.op, 'local', 'user', OLD.db_user,
    OLD.captured_at, OLD.patch, OLD.batch)
  ON CONFLICT DO NOTHING;
