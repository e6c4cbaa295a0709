-- Notes which transactions can still commit lower numbers than these, and tells programs.
CREATE FUNCTION $schema.cf_note_numbers(first bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$cfsync$$
DECLARE
  own bigint := pg_current_xact_id()::text::bigint;
BEGIN
  -- Whoever has taken a lower number is in this list, or has ended. It shows the lower 32 bits.
  INSERT INTO $schema.cf_horizons (seq, horizon)
  SELECT first, 1 + max(own - 2147483648 + mod(
    transactionid::text::bigint - mod(own, 4294967296) + 6442450944, 4294967296))
  FROM pg_locks WHERE locktype = 'transactionid' AND granted;
  PERFORM pg_notify($channel, '');
END $$cfsync$$
;;
-- Numbers for so many changes that are no edits, in order.
CREATE FUNCTION $schema.cf_take_numbers(count bigint) RETURNS bigint[]
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$cfsync$$
DECLARE
  own xid8 := pg_current_xact_id();  -- before any number is taken
  numbers bigint[] := ARRAY(SELECT nextval($sequence) FROM generate_series(1, count));
BEGIN
  PERFORM $schema.cf_note_numbers(numbers[1]);
  RETURN numbers;
END $$cfsync$$
;;
CREATE FUNCTION $schema.cf_history() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$cfsync$$
DECLARE
  first bigint := (SELECT min(seq) FROM cf_new);
BEGIN
  IF first IS NOT NULL THEN PERFORM $schema.cf_note_numbers(first); END IF;
  RETURN NULL;
END $$cfsync$$
;;
CREATE TRIGGER cf_history AFTER INSERT ON $schema.cf_outbox
REFERENCING NEW TABLE AS cf_new FOR EACH STATEMENT EXECUTE FUNCTION $schema.cf_history()
;;
-- An edit that is to be changed or deleted goes into the history as it was.
CREATE FUNCTION $schema.cf_history_changed() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$cfsync$$
BEGIN
  IF $is_kept THEN
    $keep
  END IF;
  RETURN NULL;
END $$cfsync$$
;;
CREATE TRIGGER cf_history_changed AFTER UPDATE OF patch, record_id ON $schema.cf_outbox
FOR EACH ROW WHEN (OLD.patch IS DISTINCT FROM NEW.patch OR OLD.record_id <> NEW.record_id)
EXECUTE FUNCTION $schema.cf_history_changed()
;;
CREATE FUNCTION $schema.cf_history_deleted() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$cfsync$$
BEGIN
  IF $is_kept THEN
    $keep
    -- An unsent DELETE that an INSERT takes back: the row is there again.
    IF OLD.op = 'delete' AND OLD.state IN ('pending', 'parked', 'held') THEN
      INSERT INTO $schema.cf_changes (seq, resource, record_id, workspace_id, op, side, source,
        db_user, at, patch)
      SELECT ($schema.cf_take_numbers(1::bigint))[1], OLD.resource, OLD.record_id, OLD.workspace_id, 'insert',
        'local', 'user', OLD.db_user, clock_timestamp(), coalesce(jsonb_object_agg(
          key, jsonb_build_array(NULL, value -> 0)) FILTER (WHERE value -> 0 <> 'null'), '{}')
      FROM jsonb_each(OLD.patch);
    END IF;
  END IF;
  RETURN NULL;
END $$cfsync$$
;;
-- An unsent update that is deleted comes again in another place.
CREATE TRIGGER cf_history_deleted AFTER DELETE ON $schema.cf_outbox
FOR EACH ROW WHEN (NOT (OLD.op = 'update' AND OLD.state = 'pending'))
EXECUTE FUNCTION $schema.cf_history_deleted()
