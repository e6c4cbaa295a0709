-- Refused or captured in one, as in after_update.
INSERT INTO cf_outbox (resource, workspace_id, record_id, op, patch, captured_at, highest_id)
  SELECT $resource, $filled_workspace, NEW.id, 'insert',
    '{' || substr(parts, 2) || '}', $now,
    (SELECT coalesce(max(id), 0) FROM $table WHERE $real_ids)
  FROM (SELECT $filled_workspace, CASE
    WHEN $is_replacement THEN NULL
    $refusals
    ELSE $given_pairs
  END AS parts FROM (SELECT $workspace AS $filled_workspace) LIMIT 1) WHERE parts IS NOT NULL;
-- What a trigger of the user's has changed in the new row before comes after it.
INSERT INTO cf_outbox (resource, workspace_id, record_id, op, patch, captured_at)
  SELECT resource, $workspace, record_id, op, patch, captured_at FROM cf_outbox
  WHERE resource = $resource AND record_id = NEW.id AND op = 'update' AND NOT $is_replacement
  ORDER BY seq;
DELETE FROM cf_outbox WHERE resource = $resource AND record_id = NEW.id AND op = 'update'
  AND NOT $is_replacement AND seq < (SELECT max(seq) FROM cf_outbox
    WHERE resource = $resource AND record_id = NEW.id AND op = 'insert');
