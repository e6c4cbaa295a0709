CREATE FUNCTION $schema.$function() RETURNS trigger
$options
AS $$cfsync$$
BEGIN
  NEW.workspace_id := coalesce(NEW.workspace_id, $workspace);
  $take_id
  $sets
  RETURN NEW;
END $$cfsync$$
;;
CREATE TRIGGER $function BEFORE INSERT ON $schema.$table
FOR EACH ROW WHEN ($condition)
EXECUTE FUNCTION $schema.$function()
