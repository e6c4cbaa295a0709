-- The rights of the users' role of `deploy/roles.sql`, where it exists.
DO $$$$ BEGIN IF to_regrole('cfsync_app') IS NOT NULL THEN
  GRANT SELECT, INSERT, UPDATE, DELETE ON $tables TO cfsync_app;
  GRANT SELECT ON $views TO cfsync_app;
END IF; END $$$$
