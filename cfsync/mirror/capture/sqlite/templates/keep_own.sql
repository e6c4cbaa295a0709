INSERT INTO cf_replaced SELECT $kept_as, id, $column FROM $table
  WHERE id = NEW.id AND $column IS NOT NULL
  AND EXISTS (SELECT 1 FROM cf_meta WHERE key = 'or_replace' AND value = 'yes');
