SELECT RAISE(ABORT, $message) WHERE NOT $is_replacement;
