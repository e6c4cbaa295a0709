LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, $schema, pg_temp
SET timezone = 'UTC' SET enable_nestloop = off SET enable_seqscan = off SET jit = off
