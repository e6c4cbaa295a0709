-- Keep the row that INSERT OR REPLACE removes without running its DELETE trigger. INSERT OR IGNORE
-- skips a row that another one makes impossible.
CREATE TRIGGER $trigger BEFORE INSERT ON $table
WHEN $by_user
BEGIN
  -- Behind the highest ones AUTOINCREMENT would soon give ids of 16 digits. An id that is left out is -1 here.
  SELECT $id_too_long
    WHERE NEW.id > 989999999999999;
  $ignore
  DELETE FROM cf_replaced WHERE resource = $resource;
  $note_policy
  INSERT INTO cf_replaced SELECT $resource, id, $row_as_patch FROM $table WHERE id = NEW.id
    AND EXISTS (SELECT 1 FROM cf_meta WHERE key = 'or_replace' AND value = 'yes');
  DELETE FROM cf_meta WHERE key = 'or_replace';
  -- A row whose DELETE has not been sent comes back.
  INSERT INTO cf_replaced SELECT resource, record_id, patch FROM cf_outbox
    WHERE resource = $resource AND record_id = NEW.id
    AND op = 'delete' AND state IN ('pending', 'parked', 'held')
    AND NOT EXISTS (SELECT 1 FROM $table WHERE id = NEW.id) ORDER BY seq DESC LIMIT 1;
END
