IF EXISTS (SELECT FROM unnest(ids) id WHERE id <> ALL (folded)) THEN refusal := $refusal; END IF;
$raise
RETURN NULL;
