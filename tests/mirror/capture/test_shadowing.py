"""A role that may create in the mirror's schema gains nothing from the functions that capture its
edits with their owner's rights: nothing of what it makes runs inside them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import psycopg
import pytest

from cfsync.mirror.capture import installed
from cfsync.mirror.db.connect import place_of
from tests.conftest import POSTGRESQL_ONLY, Sql
from tests.mirror.conftest import Daemon

pytestmark = POSTGRESQL_ONLY

TYPES = (
    *("bigint", "integer", "numeric", "double precision", "text", "varchar", "name", "boolean"),
    *("jsonb", "json", "timestamptz", "bait", "anyelement", "anyarray"),
)
"""Of the arguments; `bait` is a type of the role's own, with casts that nobody has to ask for."""

RESULTS = {"->": "jsonb", "->>": "text", "||": "text", "+": "bigint", "-": "bigint"}
"""Operator -> the type that it returns; the others return a boolean."""

OPERATORS = (*["=", "<>", "<", ">", "<=", ">=", "~", "!~", "@>", "<@", "@?", "@@"], *RESULTS)

TRAP = """
CREATE FUNCTION {name}({args}) RETURNS {result} LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'TRAPPED in {name} as %', current_user; END $$;
"""

EDITS = """
INSERT INTO public.contacts (email_address, first_name, tag_ids, custom_attributes)
  VALUES ('new@example.com', 'New', '[2, 1]', '{"colour": "red"}')
UPDATE public.contacts SET first_name = 'B', tag_ids = '[3]', custom_attributes = '{}' WHERE id = 5
UPDATE public.contacts SET last_name = 'L', uuid = NULL, cf_rev = cf_rev - 1 WHERE id = 5
UPDATE public.contacts SET uuid = 'other' WHERE id = 5
UPDATE public.contacts SET email_address = 'no address' WHERE id = 5
UPDATE public.contacts SET email_address = 'new@example.com' WHERE id = 5
DELETE FROM public.contacts WHERE id = 5
INSERT INTO public.contacts (id, phone_number) VALUES (5, '1')
INSERT INTO public.contact_tags (name, color) VALUES ('VIP', '#ffffff')
UPDATE public.contact_tags SET name = 'Best' WHERE name = 'VIP'
DELETE FROM public.contact_tags WHERE name = 'Best'
INSERT INTO public.products (name, archived) VALUES ('Book', false)
UPDATE public.products SET name = 'Books', archived = true
DELETE FROM public.products
UPDATE public.orders SET notes = 'soon' WHERE id = 7
UPDATE public.orders SET total_amount = 1 WHERE id = 7
INSERT INTO public.orders (id) VALUES (8)
INSERT INTO public.fulfillments (contact_id, status) VALUES (5, 'fulfilled')
INSERT INTO public.product_prices (product_id, amount) VALUES (99, 1)
INSERT INTO public.enrollments (course_id, contact_id) VALUES (99, 5)
DELETE FROM public.enrollments
TRUNCATE public.contacts
INSERT INTO public.contact_tag_links (contact_id, tag_name) VALUES (5, '3')
INSERT INTO public.contact_tag_links (contact_id, tag_id) VALUES (5, 2), (5, 3)
INSERT INTO public.contact_tag_links (contact_id, tag_id) VALUES (99, 2)
UPDATE public.contact_tag_links SET tag_id = 1 WHERE tag_id = 3
DELETE FROM public.contact_tag_links WHERE tag_id = 3
"""
"""Edits of every kind, and refused ones: each runs other parts of the functions."""


@pytest.fixture
def records(daemon: Daemon, ada: int, sql: Sql) -> None:
    daemon("orders", {"id": 7, "workspace_id": 10, "contact_id": ada, "total_amount": "5.00"})
    daemon("contact_tags", *({"id": i, "workspace_id": 10, "name": f"{i}"} for i in (1, 2, 3)))
    # Contact 5 may be saved by a program that has read it one `cf_rev` ago.
    sql(
        "INSERT INTO cf_base (resource, id, body, rev, same_since)"
        " SELECT 'contacts', id, '{}', cf_rev, cf_rev - 1 FROM contacts"
    )


@pytest.fixture
def baiter(sql: Sql, app_sql: Sql) -> Sql:
    """The role that may create where the mirror is, as everybody may before PostgreSQL 15."""
    sql("GRANT CREATE ON SCHEMA public TO PUBLIC")
    sql("ALTER TABLE contacts ADD COLUMN theirs text DEFAULT 'kept'")
    app_sql("CREATE TYPE bait AS (x text)")
    app_sql("".join(casts()))
    return app_sql


def outcomes(app_sql: Sql) -> list[object]:
    """What becomes of each edit. All is rolled back."""
    found: list[object] = []
    with app_sql.conn.transaction():
        for edit in EDITS.strip().replace("\n  ", " ").splitlines():
            try:
                with app_sql.conn.transaction():
                    app_sql(edit)
                found.append("done")
            except psycopg.Error as error:
                found.append(re.sub(r"\b900\d+", "N", str(error)))
        raise psycopg.Rollback
    return found


def casts() -> Iterator[str]:
    for kind in ("bigint", "text", "jsonb", "numeric"):
        yield TRAP.format(name="to_bait", args=kind, result="bait")
        yield f"CREATE CAST ({kind} AS bait) WITH FUNCTION to_bait({kind}) AS IMPLICIT;"


def operators(_bodies: str) -> Iterator[str]:
    pairs = [(a, b) for a in TYPES for b in TYPES]
    for result in {"boolean", *RESULTS.values()}:
        for a, b in pairs:
            if "any" not in a + b or a == b:
                yield TRAP.format(name=f"op_{result}", args=f"{a}, {b}", result=result)
    for name in OPERATORS:
        result = RESULTS.get(name, "boolean")
        for a, b in pairs:
            if "any" not in a + b or a == b:
                made = f"FUNCTION = op_{result}, LEFTARG = {a}, RIGHTARG = {b}"
                yield f"CREATE OPERATOR public.{name} ({made});"


def functions(bodies: str) -> Iterator[str]:
    """One for each name that is called, for each combination of types."""
    for name in sorted(set(re.findall(r"\b([a-z][a-z_0-9]*) ?\(", bodies)) - {"bait"}):
        every = [[a] for a in TYPES] + [[a, b] for a in TYPES for b in TYPES]
        every += [["VARIADIC anyarray"], ["text", "text", "boolean"]]
        for args in every:
            result = "boolean" if name != "jsonb_each" else "SETOF jsonb"
            yield TRAP.format(name=f'public."{name}"', args=", ".join(args), result=result)


def temporary(_bodies: str) -> Iterator[str]:
    """Tables, types, functions and a collation in the schema that PostgreSQL looks in first."""
    for table in ("cf_outbox", "cf_ids", "cf_base", "cf_notes", "cf_meta", "cf_old", "cf_new"):
        yield f"CREATE TEMP TABLE {table} (resource text, key text, value text, id bigint);"
    for table in ("contacts", "contact_tags", "workspaces", "products", "orders", "courses"):
        yield f"CREATE TEMP TABLE {table} (LIKE public.{table});"
    for kind in ("jsonb", "text", "int8", "bool", "name", "interval", "regclass", "timestamptz"):
        yield f"CREATE DOMAIN pg_temp.{kind} AS pg_catalog.int4 CHECK (false);"
        yield f"CREATE DOMAIN public.{kind} AS pg_catalog.int4 CHECK (false);"
    for name in ("set_config", "jsonb_typeof", "jsonb_build_object", "cf_mark", "count", "lower"):
        yield TRAP.format(name=f"pg_temp.{name}", args="pg_catalog.text", result="pg_catalog.text")
    for schema in ("pg_temp", "public"):
        yield f'CREATE COLLATION {schema}."C.UTF-8" FROM "POSIX";'


@pytest.mark.parametrize("shadows", [operators, functions, temporary])
def test_nothing_that_the_role_makes_runs_inside(
    records: None, sql: Sql, baiter: Sql, shadows: Callable[[str], Iterator[str]]
) -> None:
    [(bodies,)] = sql("SELECT string_agg(prosrc, ' ') FROM pg_proc WHERE proname ~ '^cf_'")
    before = outcomes(baiter)
    taken = (psycopg.errors.DuplicateFunction, psycopg.errors.InvalidFunctionDefinition)
    with baiter.transaction():
        for statement in shadows(bodies):
            try:
                with baiter.conn.transaction():
                    baiter.conn.execute(statement)
            except taken:
                pass

    assert outcomes(baiter) == before
    fresh = baiter.again()
    assert outcomes(fresh) == before
    fresh.conn.close()
    assert before.count("done") == 17


@pytest.mark.parametrize("mark", ["on", "fold"])
def test_a_role_without_rights_on_the_books_cannot_pass_for_cfsync(
    ada: int, sql: Sql, app_sql: Sql, mark: str
) -> None:
    app_sql("SELECT set_config('cfsync.writer', ?, false)", mark)

    for forged, refusal in {
        "UPDATE contacts SET uuid = 'f' WHERE id = 5": "contacts.uuid is read-only",
        "UPDATE contacts SET uuid = 'f', cf_rev = cf_rev + 1 WHERE id = 5": "read it again",
        "INSERT INTO contacts (id, cf_rev) VALUES (6, 1)": "contacts: ",
    }.items():
        with pytest.raises(psycopg.Error, match=refusal):
            app_sql(forged)
    app_sql("UPDATE contacts SET first_name = 'Edited' WHERE id = 5")
    app_sql("DELETE FROM contacts WHERE id = 5")

    assert [op for op, *_ in sql.outbox()] == ["update", "delete"]
    assert app_sql("SELECT cf_is_writing()") == [(False,)]


@pytest.mark.parametrize("role", ["cfsync_app", "stranger"])
def test_no_role_attaches_the_functions_to_a_table_of_its_own(
    records: None, ada: int, sql: Sql, role: str
) -> None:
    """There they would capture edits of records that the role may not touch."""
    sql("CREATE ROLE stranger LOGIN" if role == "stranger" else "SELECT 1")
    try:
        with psycopg.connect(sql.dsn.replace(sql.role, role)) as conn:
            conn.execute("CREATE TEMP TABLE c (id bigint, workspace_id bigint)")
            functions = conn.execute(
                "SELECT oid::regprocedure FROM pg_proc WHERE starts_with(proname, 'cf_')"
                " AND prorettype = 'trigger'::regtype"
            ).fetchall()
            for (function,) in functions:
                with pytest.raises(psycopg.errors.InsufficientPrivilege), conn.transaction():
                    conn.execute(
                        "CREATE TRIGGER t AFTER DELETE ON c REFERENCING OLD TABLE AS cf_old"
                        f" FOR EACH STATEMENT EXECUTE FUNCTION {function}"
                    )
            conn.rollback()
    finally:
        sql("DROP ROLE stranger" if role == "stranger" else "SELECT 1")

    assert functions
    assert sql.outbox() == []


def test_rights_on_the_functions_that_somebody_gives_back_are_noticed(
    mirror_url: str, sql: Sql
) -> None:
    sql("GRANT EXECUTE ON FUNCTION cf_contacts_delete TO PUBLIC")
    engine = place_of(mirror_url).engine()
    with engine.connect() as conn:
        lost = installed.lost(conn)
    engine.dispose()

    assert lost == ["function cf_contacts_delete"]
