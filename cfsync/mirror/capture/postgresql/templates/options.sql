LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, $schema, pg_temp
-- A plan is kept for the session: see triggers.py.
SET enable_seqscan = off SET jit = off
