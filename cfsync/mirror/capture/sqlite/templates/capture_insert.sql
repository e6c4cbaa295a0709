INSERT INTO cf_outbox (resource, workspace_id, record_id, op, patch, captured_at, highest_id)
  SELECT $resource, $workspace, NEW.id, 'insert',
    '{' || substr($given_pairs, 2) || '}', $now,
    (SELECT coalesce(max(id), 0) FROM $table WHERE $real_ids)
  WHERE NOT $is_replacement;
-- What a trigger of the user's has changed in the new row before comes after it.
INSERT INTO cf_outbox (resource, workspace_id, record_id, op, patch, captured_at)
  SELECT resource, $workspace, record_id, op, patch, captured_at FROM cf_outbox
  WHERE resource = $resource AND record_id = NEW.id AND op = 'update' AND NOT $is_replacement
  ORDER BY seq;
DELETE FROM cf_outbox WHERE resource = $resource AND record_id = NEW.id AND op = 'update'
  AND NOT $is_replacement AND seq < (SELECT max(seq) FROM cf_outbox
    WHERE resource = $resource AND record_id = NEW.id AND op = 'insert');
