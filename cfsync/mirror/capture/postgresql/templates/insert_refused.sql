IF EXISTS (SELECT FROM unnest(ids) id WHERE id <> ALL (folded)) THEN
  PERFORM cf_refuse($message);
END IF;
RETURN NULL;
