UPDATE cf_writer SET mark = mark + 2 WHERE $condition;
UPDATE $table SET $values WHERE id = NEW.id AND $condition;
UPDATE cf_writer SET mark = mark - 2 WHERE $condition;
