CREATE FUNCTION $schema.$function() RETURNS trigger
$options
AS $$cfsync$$
DECLARE
  refusal jsonb;
BEGIN
  IF $schema.cf_mark() <> '' THEN RETURN NULL; END IF;
  $capture
END $$cfsync$$
;;
CREATE TRIGGER $function AFTER DELETE ON $schema.$table
REFERENCING OLD TABLE AS cf_old FOR EACH STATEMENT EXECUTE FUNCTION $schema.$function()
