-- Values that stay, because NULL means "not given" here.
DELETE FROM cf_notes WHERE resource = $resource AND kind = 'null_left'
  AND field IN (SELECT key $left);
INSERT INTO cf_notes (resource, field, kind, record_id, seen_at)
  SELECT $resource, key, 'null_left', NEW.id, $now $left;
