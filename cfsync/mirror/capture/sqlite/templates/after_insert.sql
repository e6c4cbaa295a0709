CREATE TRIGGER $trigger AFTER INSERT ON $table
WHEN $by_user
BEGIN
  $capture
  -- Unseen by the triggers: complete a new row, put back the old one of a replacement, ...
  UPDATE cf_writer SET mark = mark + 2;
  $fill_in
  UPDATE $table SET $old_values FROM cf_replaced WHERE $table.id = NEW.id
    AND resource = $resource AND record_id = NEW.id;
  UPDATE cf_writer SET mark = mark - 2;
  $note_nulls
  DELETE FROM cf_outbox WHERE resource = $resource AND record_id = NEW.id
    AND op = 'delete' AND state IN ('pending', 'parked', 'held') AND $is_replacement;
  -- ... then make an UPDATE of the given values, whose trigger applies all the rules.
  UPDATE $table SET $given_values WHERE id = NEW.id AND $is_replacement;
  DELETE FROM cf_replaced WHERE resource = $resource AND record_id = NEW.id;
END
