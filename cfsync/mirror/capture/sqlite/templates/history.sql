-- An edit that is to be changed or deleted goes into the history as it was.
CREATE TRIGGER cf_history_changed AFTER UPDATE OF patch, record_id ON cf_outbox
WHEN (OLD.patch IS NOT NEW.patch OR OLD.record_id <> NEW.record_id) AND $is_kept
BEGIN
  $keep
END
;;
-- An unsent update that is deleted comes again in another place.
CREATE TRIGGER cf_history_deleted AFTER DELETE ON cf_outbox
WHEN NOT (OLD.op = 'update' AND OLD.state = 'pending') AND $is_kept
BEGIN
  $keep
END
;;
-- An unsent DELETE that an INSERT takes back: the row is there again. Only an INSERT into cf_outbox
-- gets a number within a trigger.
CREATE TRIGGER cf_history_undelete AFTER DELETE ON cf_outbox
WHEN OLD.op = 'delete' AND OLD.state IN ('pending', 'parked', 'held') AND $is_kept
BEGIN
  INSERT INTO cf_outbox (resource, record_id, workspace_id, op, state, db_user, captured_at, patch)
  SELECT OLD.resource, OLD.record_id, OLD.workspace_id, 'insert', 'discarded', OLD.db_user, $now, (
    SELECT json_group_object(key, json_array(NULL, json(OLD.patch -> key -> 0)))
    FROM json_each(OLD.patch) WHERE OLD.patch -> key -> 0 <> 'null');
  DELETE FROM cf_outbox WHERE seq = last_insert_rowid();
END
