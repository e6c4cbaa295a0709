WHEN $id_is_real
  THEN $not_an_id
WHEN EXISTS (SELECT 1 FROM cf_ids WHERE resource = $resource AND local_id = NEW.id)
  THEN $real_id
-- An update alone is that of a trigger of the user's, which has changed the new row before.
WHEN EXISTS (SELECT 1 FROM cf_outbox
    WHERE resource = $resource AND record_id = NEW.id AND op <> 'update')
  THEN $used_before
$not_insertable
$parents
$wrong_kinds
$unknown
$taken
