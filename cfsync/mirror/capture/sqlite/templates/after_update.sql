CREATE TRIGGER $trigger AFTER UPDATE ON $table
WHEN CASE $mark WHEN 0 THEN 1 WHEN 1 THEN NEW.cf_rev IS OLD.cf_rev ELSE 0 END
BEGIN
  -- Refused or captured in one: SQLite keeps conditions in half the memory where they belong to an
  -- INSERT. LIMIT keeps it from evaluating the expression twice.
  INSERT INTO cf_outbox (resource, workspace_id, record_id, op, patch, captured_at)
    SELECT $resource, $workspace, NEW.id, 'update', '{' || substr(parts, 2) || '}', $now
    FROM (SELECT CASE
      WHEN NEW.id IS NOT OLD.id THEN RAISE(ABORT, '$name.id is given once and stays')
      WHEN NEW.cf_rev IS NOT OLD.cf_rev AND NOT $is_same_since
        THEN RAISE(ABORT, '$name: $stale')
      $read_only
      $wrong_kinds
      $emptied
      $unknown
      $taken
      ELSE $changed_pairs
    END AS parts FROM (SELECT $compared) LIMIT 1) WHERE parts <> '';
  $restore
END
