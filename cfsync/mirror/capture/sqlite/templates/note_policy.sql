-- Whether the statement says OR REPLACE: its policy also holds for the second INSERT here. Of
-- OR IGNORE and ON CONFLICT nothing must be kept: the row stays.
INSERT INTO cf_meta (key, value) SELECT 'or_replace', 'no' FROM $table WHERE id = NEW.id;
INSERT OR IGNORE INTO cf_meta (key, value) SELECT 'or_replace', 'yes' FROM $table
  WHERE id = NEW.id;
