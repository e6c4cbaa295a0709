-- With recursive_triggers on, INSERT OR REPLACE comes here too.
CREATE TRIGGER $trigger AFTER DELETE ON $table
WHEN $mark = 0
BEGIN
  SELECT RAISE(ABORT, $message) WHERE NOT EXISTS (
    SELECT 1 FROM cf_replaced WHERE resource = $resource AND record_id = OLD.id);
END
