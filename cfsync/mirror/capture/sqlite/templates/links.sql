CREATE TRIGGER "cf_${name}_insert" INSTEAD OF INSERT ON $view
BEGIN
  SELECT CASE
    $refusals
  END FROM (SELECT 1) LEFT JOIN $table r ON r.id = NEW.$record;
  UPDATE $table SET $field = json_insert(coalesce($field, '[]'), '$$[#]', given.id)
    FROM (SELECT CASE WHEN NEW.$by_name IS NULL
      THEN coalesce((SELECT id FROM $members WHERE id = NEW.$member), NEW.$member)
      ELSE (SELECT CASE count(*)
          WHEN 0 THEN $unknown_name
          WHEN 1 THEN min(id)
          ELSE $ambiguous_name
        END FROM $members WHERE name = NEW.$by_name AND id = coalesce(NEW.$member, id)
          AND workspace_id = (SELECT workspace_id FROM $table WHERE id = NEW.$record))
      END AS id LIMIT 1) given
    WHERE $table.id = NEW.$record
    AND given.id NOT IN (SELECT value FROM json_each(coalesce($field, '[]')));
END
;;
CREATE TRIGGER "cf_${name}_delete" INSTEAD OF DELETE ON $view
BEGIN
  UPDATE $table SET $field =
    (SELECT json_group_array(value) FROM json_each($field) WHERE value <> OLD.$member)
    WHERE id = OLD.$record;
END
;;
CREATE TRIGGER "cf_${name}_update" INSTEAD OF UPDATE ON $view
WHEN $is_other
BEGIN
  SELECT $update;
END
