WHEN $id_is_real
  THEN RAISE(ABORT, '$name: no row has this id; leave id out, ClickFunnels gives it')
WHEN EXISTS (SELECT 1 FROM cf_ids WHERE resource = $resource AND local_id = NEW.id)
  THEN RAISE(ABORT, '$name: this id was used before; leave id out')
WHEN EXISTS (SELECT 1 FROM cf_outbox WHERE resource = $resource AND record_id = NEW.id)
  THEN RAISE(ABORT, '$name: this id was used before; leave id out')
$not_insertable
$parents
$wrong_kinds
$known_already
