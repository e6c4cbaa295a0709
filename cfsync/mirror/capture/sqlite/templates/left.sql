FROM cf_replaced, json_each(patch) WHERE resource = $resource AND record_id = NEW.id
  AND json_extract(value, '$$[0]') NOT IN ('', '[]', '{}')
  AND CASE key $is_null ELSE 0 END
