-- Values that stay, because NULL means "not given" here.
INSERT INTO cf_notes (resource, field, kind, record_id, seen_at)
  SELECT $resource, key, 'null_left', NEW.id, $now FROM cf_replaced, json_each(patch)
  WHERE resource = $resource AND record_id = NEW.id
  AND json_extract(value, '$$[0]') NOT IN ('', '[]', '{}') AND CASE key $is_null ELSE 0 END
  ON CONFLICT (resource, field, kind)
    DO UPDATE SET record_id = excluded.record_id, seen_at = excluded.seen_at;
