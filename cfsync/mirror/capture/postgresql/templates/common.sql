CREATE FUNCTION $schema."cf_truncate"() RETURNS trigger
$options
AS $$cfsync$$
BEGIN
  RAISE EXCEPTION USING ERRCODE = $state, MESSAGE = TG_TABLE_NAME ||
    ': TRUNCATE is refused: it would leave ClickFunnels as it is; use DELETE';
END $$cfsync$$
;;
-- The mark under which a statement runs: 'on' (a daemon writes), 'fold' (a trigger of cfsync's does)
-- or ''. Any session can set cfsync.writer: it counts for roles that may write cfsync's own tables,
-- and, inside a statement of any role, where it is a text that only these tables hold.
CREATE FUNCTION $schema.cf_mark() RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$cfsync$$
DECLARE
  given text := current_setting('cfsync.writer', true);
  role name := coalesce(nullif(current_setting('role'), 'none'), session_user);
  rule name := (SELECT rulename FROM pg_rewrite WHERE ev_class = $outbox::regclass LIMIT 1);
BEGIN
  IF coalesce(given, '') = '' THEN
    IF rule IS NOT NULL THEN
      RAISE EXCEPTION USING ERRCODE = $obstructed, MESSAGE = replace($ruled, '{}', rule);
    END IF;
    RETURN '';
  END IF;
  IF given = 'on' THEN
    RETURN CASE WHEN has_table_privilege(role, $base::regclass, 'INSERT')
      THEN 'on' ELSE '' END;
  END IF;
  RETURN CASE WHEN given = (SELECT value FROM $schema.cf_meta WHERE key = 'capture_fold')
    THEN 'fold' ELSE '' END;
END $$cfsync$$
;;
INSERT INTO $schema.cf_meta (key, value) VALUES ('capture_fold', pg_catalog.gen_random_uuid())
ON CONFLICT (key) DO NOTHING
;;
-- For triggers of the user's. Some name it in their condition, so it is never dropped.
CREATE OR REPLACE FUNCTION $schema.$is_writing() RETURNS boolean LANGUAGE sql STABLE
AS $$cfsync$$
SELECT CASE WHEN coalesce(pg_catalog.current_setting('cfsync.writer', true), '') = '' THEN false
  ELSE $schema.cf_mark() <> '' END
$$cfsync$$
;;
-- The workspaces, for the words of a refusal.
CREATE FUNCTION $schema.cf_workspaces() RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$cfsync$$
SELECT coalesce('one of ' || string_agg(concat(id, ' (', name, ')'), ', ' ORDER BY id)
    FILTER (WHERE place <= 5)
  || CASE WHEN count(*) > 5 THEN ', ... (SELECT id, name FROM workspaces)' ELSE '' END,
  'the mirror knows no workspace yet; run cfsync backfill')
FROM (SELECT id, name, row_number() OVER (ORDER BY id) AS place FROM $schema.workspaces) w
$$cfsync$$
