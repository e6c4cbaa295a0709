-- The triggers let pass what is written next, which is no edit. Triggers and constraints of the
-- user's may need the mirror's schema: it is on the path for that one statement, which therefore
-- calls no function and no operator but those of pg_catalog with just these types.
PERFORM set_config('cfsync.writer', (
  SELECT value FROM $schema.cf_meta WHERE key = 'capture_fold'), true),
  set_config('search_path', $open_path, true);
