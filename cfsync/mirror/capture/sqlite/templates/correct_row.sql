UPDATE cf_writer SET mark = mark + 2 WHERE $condition;
-- Now the mark is above 1 where the condition holds, or it is lost.
UPDATE $table SET $values
  WHERE id = NEW.id AND coalesce((SELECT mark FROM cf_writer), 2) > 1;
UPDATE cf_writer SET mark = mark - 2 WHERE mark > 1;
