-- The three roles of a mirror on PostgreSQL. Run it as a superuser in the mirror's database, before
-- the first `cfsync migrate`, and set passwords or certificates as your server asks for them:
--
--   psql -d cfsync -f roles.sql
--   cfsync migrate        with database.url = postgresql://cfsync_owner@HOST/cfsync
--   cfsync run            with database.url = postgresql://cfsync_daemon@HOST/cfsync
--
-- cfsync_owner   owns tables and triggers; for `cfsync migrate` alone
-- cfsync_daemon  reads and writes all of cfsync's tables, changes no schema
-- cfsync_app     your programs: reads and writes the mirror's tables, sees nothing of cfsync's own
--
-- It may be run again; it takes nothing away.

DO $$
DECLARE
  role text;
  relation record;
BEGIN
  FOREACH role IN ARRAY ARRAY['cfsync_owner', 'cfsync_daemon', 'cfsync_app'] LOOP
    IF to_regrole(role) IS NULL THEN
      EXECUTE format('CREATE ROLE %I LOGIN', role);
    END IF;
  END LOOP;
  FOR relation IN
    SELECT c.relname AS name, c.relkind AS kind FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'S')
      AND pg_get_userbyid(c.relowner) = 'cfsync_owner'
  LOOP
    IF relation.kind = 'S' THEN
      EXECUTE format('GRANT SELECT, USAGE ON SEQUENCE public.%I TO cfsync_daemon', relation.name);
    ELSE
      EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON public.%I TO cfsync_daemon', relation.name);
    END IF;
    IF relation.kind = 'r' AND NOT starts_with(relation.name, 'cf_') THEN
      EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON public.%I TO cfsync_app', relation.name);
    ELSIF relation.kind = 'v' THEN
      EXECUTE format('GRANT SELECT ON public.%I TO cfsync_app', relation.name);
    END IF;
  END LOOP;
END
$$;

GRANT USAGE, CREATE ON SCHEMA public TO cfsync_owner;
GRANT USAGE ON SCHEMA public TO cfsync_daemon, cfsync_app;

-- What later migrations make. The users' role gets its rights from `cfsync migrate`, table by table.
ALTER DEFAULT PRIVILEGES FOR ROLE cfsync_owner IN SCHEMA public
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO cfsync_daemon;
ALTER DEFAULT PRIVILEGES FOR ROLE cfsync_owner IN SCHEMA public
  GRANT SELECT, USAGE ON SEQUENCES TO cfsync_daemon;
