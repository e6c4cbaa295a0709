-- The links of a statement become UPDATEs of the records' sets, whose triggers apply all the rules.
-- Until then they wait in a setting of the transaction: only triggers for each row can take the
-- place of a view's INSERT, and an UPDATE for each link would be slow.
CREATE FUNCTION $schema."cf_${name}_apply"(op text) RETURNS void LANGUAGE plpgsql
AS $$cfsync$$
DECLARE
  place text := 'cfsync.${name}_' || op;
  links jsonb := ('[' || rtrim(current_setting(place, true), ',') || ']')::jsonb;
BEGIN
  IF links IS NULL OR links = '[]' THEN RETURN; END IF;
  -- The triggers and constraints of the user's may need the mirror's schema, as in fold.sql.
  PERFORM set_config(place, '', true), set_config('search_path', $open_path, true);
  IF op = 'INSERT' THEN
    UPDATE $schema.$table r SET $field = coalesce(r.$field, '[]') || given.members
    FROM (SELECT (link ->> 0)::bigint AS id, pg_catalog.jsonb_agg(link -> 1) AS members
      FROM pg_catalog.jsonb_array_elements(links) link GROUP BY 1) given
    WHERE r.id = given.id AND EXISTS (
      SELECT pg_catalog.jsonb_array_elements(given.members)
      EXCEPT SELECT pg_catalog.jsonb_array_elements(r.$field));
  ELSE
    UPDATE $schema.$table r SET $field = (
      SELECT coalesce(pg_catalog.jsonb_agg(kept.member), '[]') FROM (
        SELECT pg_catalog.jsonb_array_elements(r.$field) AS member
        EXCEPT SELECT pg_catalog.jsonb_array_elements(given.members)) kept)
    FROM (SELECT (link ->> 0)::bigint AS id, pg_catalog.jsonb_agg(link -> 1) AS members
      FROM pg_catalog.jsonb_array_elements(links) link GROUP BY 1) given
    WHERE r.id = given.id;
  END IF;
  $close_path
END $$cfsync$$
;;
CREATE FUNCTION $schema.$function() RETURNS trigger
$options
AS $$cfsync$$
DECLARE
  place text := 'cfsync.${name}_' || TG_OP;
  link record;
  links text;
  workspace bigint;
  ids bigint[];
  refusal jsonb;
BEGIN
  IF TG_LEVEL = 'STATEMENT' THEN
    PERFORM $schema."cf_${name}_apply"(TG_OP);
    RETURN NULL;
  END IF;
  IF TG_OP = 'DELETE' THEN
    link := OLD;
  ELSE
    IF TG_OP = 'UPDATE' AND ROW($new) IS NOT DISTINCT FROM ROW($old) THEN RETURN NEW; END IF;
    SELECT r.workspace_id INTO workspace FROM $schema.$table r WHERE r.id = NEW.$record;
    refusal := CASE
      WHEN TG_OP = 'UPDATE' THEN $update
      $refusals
    END;
    IF refusal IS NULL AND NEW.$by_name IS NOT NULL THEN
      ids := ARRAY(SELECT id FROM $schema.$members t WHERE t.name = NEW.$by_name
        AND t.workspace_id = workspace AND t.id = coalesce(NEW.$member, t.id) LIMIT 2);
      refusal := CASE cardinality(ids) WHEN 0 THEN $unknown_name WHEN 2 THEN $ambiguous_name END;
      NEW.$member := ids[1];
    END IF;
    $raise
    NEW.workspace_id := workspace;
    link := NEW;
  END IF;
  links := concat(current_setting(place, true), '[', link.$record, ',', link.$member, '],');
  PERFORM set_config(place, links, true);
  IF length(links) > $most THEN PERFORM $schema."cf_${name}_apply"(TG_OP); END IF;
  RETURN link;
END $$cfsync$$
;;
CREATE TRIGGER $function INSTEAD OF INSERT OR DELETE OR UPDATE ON $schema.$view
FOR EACH ROW EXECUTE FUNCTION $schema.$function()
;;
CREATE TRIGGER $at_end AFTER INSERT OR DELETE ON $schema.$view
FOR EACH STATEMENT EXECUTE FUNCTION $schema.$function()
