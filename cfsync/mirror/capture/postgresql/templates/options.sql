-- The path holds no schema in which a user could make an operator or a function that fits better
-- than PostgreSQL's own: the functions name the schema of each table.
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
-- A plan is kept for the session: see triggers.py.
SET enable_seqscan = off SET jit = off
