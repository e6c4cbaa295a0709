"""SQLite: a file on this machine, and the SQL that it has in its own way."""
