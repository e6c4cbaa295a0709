-- LIMIT keeps SQLite from evaluating the expression twice.
INSERT INTO cf_outbox (resource, workspace_id, record_id, op, patch, captured_at)
  SELECT $resource, $workspace, NEW.id, 'update', '{' || substr(parts, 2) || '}', $now
  FROM (SELECT $changed_pairs AS parts LIMIT 1) WHERE parts <> '';
