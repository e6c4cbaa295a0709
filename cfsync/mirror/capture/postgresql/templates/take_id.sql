-- Any other id is refused after the INSERT, in words of its own.
IF NEW.id >= $first AND NOT EXISTS (
  SELECT FROM $schema.cf_ids i WHERE i.resource = $resource AND i.local_id = NEW.id
) THEN
  NEW.id := coalesce($taken, NEW.id);
END IF;
