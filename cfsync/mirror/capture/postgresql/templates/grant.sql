-- The rights of the users' role of `deploy/roles.sql`, where it exists. And nobody but their owner may
-- attach the functions to another table: they write edits, which cfsync sends, with their owner's rights.
-- (A trigger that is there runs whoever may execute its function.)
DO $$$$
DECLARE
  captures regprocedure;
BEGIN
  IF to_regrole('cfsync_app') IS NOT NULL THEN
    GRANT SELECT, INSERT, UPDATE, DELETE ON $tables TO cfsync_app;
    GRANT SELECT ON $views TO cfsync_app;
  END IF;
  FOR captures IN
    SELECT oid FROM pg_proc WHERE starts_with(proname, 'cf_') AND prorettype = 'trigger'::regtype
      AND pronamespace = current_schema()::regnamespace
  LOOP
    EXECUTE concat('REVOKE EXECUTE ON FUNCTION ', captures, ' FROM PUBLIC');
  END LOOP;
END $$$$
