-- Outside of any statement, so that the error's context is this one line.
IF refusal IS NOT NULL THEN
  RAISE EXCEPTION USING ERRCODE = refusal ->> 0, MESSAGE = refusal ->> 1,
    SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME;
END IF;
