-- Keep what the row that INSERT OR REPLACE removes has in columns of the user's own.
CREATE TRIGGER $trigger BEFORE INSERT ON $table
WHEN $by_user
BEGIN
  DELETE FROM cf_replaced WHERE resource IN ($all_kept);
  $note_policy
  $keep
  DELETE FROM cf_meta WHERE key = 'or_replace';
END
