WHEN $id_is_real AND $counter < $first
  THEN $counter_reset
WHEN $id_is_real
  THEN $not_an_id
-- A generated id was never used before, unless the counter was reset.
WHEN NEW.id = 1 + max($counter, coalesce((SELECT max(id) FROM $table WHERE id < NEW.id), 0))
  AND (EXISTS (SELECT 1 FROM cf_ids WHERE resource = $resource AND local_id = NEW.id)
    OR EXISTS (SELECT 1 FROM cf_outbox
      WHERE resource = $resource AND record_id = NEW.id AND op <> 'update'))
  THEN $counter_reset
WHEN EXISTS (SELECT 1 FROM cf_ids WHERE resource = $resource AND local_id = NEW.id)
  THEN $real_id
-- An update alone is that of a trigger of the user's, which has changed the new row before.
WHEN EXISTS (SELECT 1 FROM cf_outbox
    WHERE resource = $resource AND record_id = NEW.id AND op <> 'update')
  THEN $used_before
$not_insertable
$parents
$wrong_kinds
$missing
$unknown
$taken
