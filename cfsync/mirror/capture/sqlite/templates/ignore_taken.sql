-- The statement's policy holds for this INSERT too: OR IGNORE alone leaves the row as it is.
INSERT OR REPLACE INTO cf_meta (key, value)
  SELECT key, value FROM cf_meta WHERE key = 'cf_rev' AND $taken;
SELECT RAISE(IGNORE) WHERE changes() = 0 AND $taken;
