IF EXISTS (SELECT FROM cf_old) THEN refusal := $refusal; END IF;
$raise
RETURN NULL;
