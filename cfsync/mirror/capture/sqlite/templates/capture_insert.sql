INSERT INTO cf_outbox (resource, workspace_id, record_id, op, patch, captured_at, highest_id)
  SELECT $resource, $workspace, NEW.id, 'insert',
    '{' || substr($given_pairs, 2) || '}', $now, 
    (SELECT coalesce(max(id), 0) FROM $table WHERE $real_ids)
  WHERE NOT $is_replacement;
