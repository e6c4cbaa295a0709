CREATE FUNCTION $schema."cf_truncate"() RETURNS trigger
$options
AS $$cfsync$$
BEGIN
  RAISE EXCEPTION USING ERRCODE = $state, MESSAGE = TG_TABLE_NAME ||
    ': TRUNCATE is refused: it would leave ClickFunnels as it is; use DELETE';
END $$cfsync$$
