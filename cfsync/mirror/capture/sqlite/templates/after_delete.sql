CREATE TRIGGER $trigger AFTER DELETE ON $table
WHEN $mark = 0
BEGIN
  INSERT INTO cf_outbox (resource, workspace_id, record_id, op, patch, captured_at)
    SELECT $resource, $workspace, OLD.id, 'delete', $row_as_patch, $now;
END
