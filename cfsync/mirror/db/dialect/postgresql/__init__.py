"""PostgreSQL: a database on a server, and the SQL that it has in its own way."""
