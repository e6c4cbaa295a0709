-- For each row, and only where a statement names the column. It reads no table, so it needs no
-- rights and no settings of its own, which would cost more than all the rest.
CREATE FUNCTION $schema.$function() RETURNS trigger
LANGUAGE plpgsql
AS $$cfsync$$
BEGIN
  $sets
  RETURN NEW;
END $$cfsync$$
;;
CREATE TRIGGER $function BEFORE UPDATE OF $columns ON $schema.$table
FOR EACH ROW WHEN ($condition)
EXECUTE FUNCTION $schema.$function()
