-- The three roles of a mirror on PostgreSQL. Run this file as a superuser in the mirror's database,
-- before the first `cfsync migrate`. Then give the roles passwords or certificates, as your server
-- requires:
--
--   psql -d cfsync -f roles.sql
--   cfsync migrate        with database.url = postgresql://cfsync_owner@HOST/cfsync
--   cfsync run            with database.url = postgresql://cfsync_daemon@HOST/cfsync
--
-- cfsync_owner   owns tables and triggers; used by `cfsync migrate` only
-- cfsync_daemon  reads and writes all of cfsync's tables; can't change the schema. Nobody else has
--                access to the schema cfsync_secrets, which holds the secrets of webhooks.
-- cfsync_app     for your programs: reads and writes the mirror's tables and the views of tags, and
--                reads the other views; has no access to cfsync's own tables
--
-- You can run it again at any time. It takes one right away: that of everybody to create in the schema
-- public, which PostgreSQL gave before version 15. Whoever may create there can make functions and
-- operators that cfsync's roles would run. Programs with tables of their own in public need it granted
-- by name, or better a schema of their own.

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
  EXECUTE format('GRANT CREATE ON DATABASE %I TO cfsync_owner', current_database());
  IF to_regclass('cfsync_secrets.cf_secrets') IS NOT NULL THEN
    GRANT USAGE ON SCHEMA cfsync_secrets TO cfsync_daemon;
    GRANT SELECT, INSERT, UPDATE, DELETE ON cfsync_secrets.cf_secrets TO cfsync_daemon;
  END IF;
  FOR relation IN
    SELECT c.relname AS name, c.relkind AS kind,
      EXISTS (SELECT FROM pg_trigger WHERE tgrelid = c.oid) AS is_written
    FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'S')
      AND pg_get_userbyid(c.relowner) = 'cfsync_owner'
  LOOP
    IF relation.kind = 'S' THEN
      EXECUTE format('GRANT SELECT, USAGE ON SEQUENCE public.%I TO cfsync_daemon', relation.name);
    ELSE
      EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON public.%I TO cfsync_daemon', relation.name);
    END IF;
    IF relation.kind = 'r' AND NOT starts_with(relation.name, 'cf_')
      OR relation.kind = 'v' AND relation.is_written THEN
      EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON public.%I TO cfsync_app', relation.name);
    ELSIF relation.kind = 'v' AND relation.name <> 'cf_feed' THEN
      EXECUTE format('GRANT SELECT ON public.%I TO cfsync_app', relation.name);
    END IF;
  END LOOP;
END
$$;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO cfsync_owner;
GRANT USAGE ON SCHEMA public TO cfsync_daemon, cfsync_app;

-- The history of people's records is not for every application. To give it to one:
-- GRANT SELECT ON cf_feed TO cfsync_app;

-- Rights on the tables of later migrations. cfsync_app gets its rights from `cfsync migrate`, table by
-- table, and so does cfsync_daemon those on the schema cfsync_secrets.
ALTER DEFAULT PRIVILEGES FOR ROLE cfsync_owner IN SCHEMA public
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO cfsync_daemon;
ALTER DEFAULT PRIVILEGES FOR ROLE cfsync_owner IN SCHEMA public
  GRANT SELECT, USAGE ON SEQUENCES TO cfsync_daemon;
