CREATE TRIGGER $trigger AFTER UPDATE ON $table
WHEN CASE $mark WHEN 0 THEN 1 WHEN 1 THEN NEW.cf_rev IS OLD.cf_rev ELSE 0 END
BEGIN
  SELECT CASE
    WHEN NEW.id IS NOT OLD.id THEN RAISE(ABORT, '$name.id is given once and stays')
    WHEN NEW.cf_rev IS NOT OLD.cf_rev AND NOT $is_same_since
      THEN RAISE(ABORT, '$name: $stale')
    $read_only
    $wrong_kinds
    $emptied
    $unknown
    $taken
  END;
  $restore
  $capture
END
