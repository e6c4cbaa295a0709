CREATE FUNCTION $schema."cf_truncate"() RETURNS trigger
$options
AS $$cfsync$$
BEGIN
  RAISE EXCEPTION USING ERRCODE = $state, MESSAGE = TG_TABLE_NAME ||
    ': TRUNCATE is refused: it would leave ClickFunnels as it is; use DELETE';
END $$cfsync$$
;;
-- For triggers of the user's. Some name it in their condition, so it is never dropped.
CREATE OR REPLACE FUNCTION $schema.$is_writing() RETURNS boolean LANGUAGE sql STABLE
AS $$cfsync$$SELECT $mark <> ''$$cfsync$$
