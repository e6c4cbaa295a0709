UPDATE $table SET $values
  WHERE id = NEW.id AND NOT $is_replacement AND ($missing);
