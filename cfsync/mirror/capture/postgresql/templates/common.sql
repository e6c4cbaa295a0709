CREATE FUNCTION $schema."cf_truncate"() RETURNS trigger
$options
AS $$cfsync$$
BEGIN
  RAISE EXCEPTION USING ERRCODE = '23000', MESSAGE = TG_TABLE_NAME ||
    ': TRUNCATE is refused: it would leave ClickFunnels as it is; use DELETE';
END $$cfsync$$
;;
-- An expression that raises the error when it is evaluated.
CREATE FUNCTION $schema.cf_refuse(message text) RETURNS jsonb
LANGUAGE plpgsql AS $$$$ BEGIN
  RAISE EXCEPTION USING ERRCODE = '23000', MESSAGE = message;
END $$$$
