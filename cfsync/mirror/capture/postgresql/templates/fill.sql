CREATE FUNCTION $schema.$function() RETURNS trigger
$options
AS $$cfsync$$
BEGIN
  NEW.workspace_id := $workspace;
  RETURN NEW;
END $$cfsync$$
;;
CREATE TRIGGER $function BEFORE INSERT ON $schema.$table
FOR EACH ROW WHEN (NEW.workspace_id IS NULL AND NEW.cf_rev IS NULL)
EXECUTE FUNCTION $schema.$function()
