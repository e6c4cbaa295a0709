CREATE TRIGGER $trigger AFTER INSERT ON $table
WHEN $by_user AND $is_replacement
BEGIN
  $put_back
  DELETE FROM cf_replaced WHERE resource IN ($all_kept) AND record_id = NEW.id;
END
