"""The SQL of views that differs between the databases: JSON, and the types of columns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from cfsync.mirror.db.quoting import ident, literal
from cfsync.resources.model import Type

Relations = Mapping[str, Mapping[str, Type]]
"""Table or view -> its columns and their types."""

_DAY = (
    "((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    "|02-(0[1-9]|1[0-9]|2[0-8]))"
)
_TIME = f"^[1-9][0-9]{{3}}-{_DAY}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]+)?Z$"
_ODD_ESCAPE = r"(?<!\\)((?:\\\\)*)\\u(0000|[dD][89a-fA-F][0-9a-fA-F]{2})"
"""In JSON text: a character that PostgreSQL's text can't hold."""


class ViewSql(ABC):
    """Parts of a view's text. Values that don't have the type asked for are NULL, and nothing in a
    user's data makes a view fail.
    """

    copy_options: ClassVar[Mapping[str, str]] = {}
    """SQLAlchemy's execution options for the transaction of `shown_in`."""

    @abstractmethod
    def shown_in(self, target: str, relations: Relations) -> list[str]:
        """The statements that show these relations, and no more, in a new schema or file."""

    @abstractmethod
    def typed(self, value: str, type_: Type) -> str:
        """A value as a column that has this type for other programs, too."""

    create: ClassVar[str]
    """How the statement begins, up to the name."""

    settled_changes: ClassVar[str] = ""
    """WHERE and what follows in a view of changes `c` that leaves out those before which others can
    still be committed.
    """

    own_edits: ClassVar[str] = ""
    """WHERE in a view of edits `o` that leaves out those of other roles than its reader's."""

    barrier: ClassVar[str] = ""
    """What follows the name of a view that leaves out rows which nobody may see."""

    @abstractmethod
    def rows(self, json: str, alias: str) -> str:
        """An item of FROM: the members of a JSON list, none where it is no list."""

    @abstractmethod
    def members(self, json: str, alias: str) -> str:
        """An item of FROM: the members of a JSON object, none where it is no object."""

    @abstractmethod
    def is_object(self, alias: str) -> str:
        """Whether a member of `rows` is an object."""

    @abstractmethod
    def position(self, alias: str) -> str:
        """The place of a member of `rows` in its list, from 1."""

    @abstractmethod
    def key(self, alias: str) -> str:
        """The name of a member of `members`."""

    @abstractmethod
    def member(self, alias: str, type_: Type) -> str:
        """A member of `rows` or `members`, itself a value."""

    @abstractmethod
    def value(self, json: str, path: str, type_: Type) -> str:
        """The value at `path` (`products_price.amount`) in a JSON object."""

    @abstractmethod
    def parsed(self, text: str) -> str:
        """JSON from a text column that holds JSON."""

    @abstractmethod
    def list_of(self, value: str) -> str:
        """Aggregate: a JSON list of texts."""

    @abstractmethod
    def object_of(self, name: str, value: str) -> str:
        """Aggregate: a JSON object."""

    @abstractmethod
    def quoted(self, text: str) -> str:
        """A text as JSON."""

    @abstractmethod
    def as_json(self, json: str) -> str:
        """JSON from a subquery, as a value in `object_of`."""

    @abstractmethod
    def total(self, amount: str) -> str:
        """Aggregate: a sum of money."""


class SQLiteViews(ViewSql):
    """JSON is text. A computed column has no type for other programs before SQLite 3.41, not even
    with CAST; but a subquery has the type of the column in its last part, which gives no row.
    """

    _typed_columns: ClassVar[Mapping[Type, str]] = {
        "integer": "pid FROM cf_daemons",
        "text": "value FROM cf_meta",
        "boolean": "approved FROM cf_outbox",
        "timestamp": "value FROM cf_meta",
        "money": "total_amount FROM orders",
        "number": "value FROM cf_budget",
        "json": "value FROM cf_meta",
    }
    create = "CREATE VIEW"

    copy_options: ClassVar[Mapping[str, str]] = {"sqlite_begin": "BEGIN"}
    _declared: ClassVar[Mapping[Type, str]] = {
        "integer": "BIGINT",
        "boolean": "BOOLEAN",
        "money": "NUMERIC",
        "number": "REAL",
    }

    def shown_in(self, target: str, relations: Relations) -> list[str]:
        statements = [f"ATTACH {literal(target)} AS analyst"]
        for name, columns in relations.items():
            declared = ", ".join(
                f"{ident(c)} {self._declared.get(t, 'TEXT')}" for c, t in columns.items()
            )
            selected = ", ".join(map(ident, columns))
            statements += [
                f"CREATE TABLE analyst.{ident(name)} ({declared})",
                f"INSERT INTO analyst.{ident(name)} SELECT {selected} FROM main.{ident(name)}",
            ]
        return statements

    def typed(self, value: str, type_: Type) -> str:
        return f"(SELECT {value} UNION ALL SELECT {self._typed_columns[type_]} WHERE 0)"

    def rows(self, json: str, alias: str) -> str:
        return f"json_each({self._if(json, 'array')}) {alias}"

    def members(self, json: str, alias: str) -> str:
        return f"json_each({self._if(json, 'object')}) {alias}"

    def is_object(self, alias: str) -> str:
        return f"{alias}.type = 'object'"

    def position(self, alias: str) -> str:
        return f"{alias}.key + 1"

    def key(self, alias: str) -> str:
        return f"{alias}.key"

    def member(self, alias: str, type_: Type) -> str:
        return self._typed(f"{alias}.value", f"{alias}.type", type_)

    def value(self, json: str, path: str, type_: Type) -> str:
        found, at = self.parsed(json), literal(f"$.{path}")
        return self._typed(f"json_extract({found}, {at})", f"json_type({found}, {at})", type_)

    def parsed(self, text: str) -> str:
        # A member of a list that is an object is JSON; a column may hold anything.
        return (
            text if text.endswith(".value") else f"CASE json_valid({text}) WHEN 1 THEN {text} END"
        )

    def list_of(self, value: str) -> str:
        return f"json_group_array({value})"

    def object_of(self, name: str, value: str) -> str:
        return f"json_group_object({name}, {value})"

    def quoted(self, text: str) -> str:
        return f"json_quote({text})"

    def as_json(self, json: str) -> str:
        return f"json({json})"

    def total(self, amount: str) -> str:
        return f"round(sum({amount}), 4)"  # floats: see docs/tables.md, "Money on SQLite"

    def _if(self, json: str, kind: str) -> str:
        is_one = f"json_type({self.parsed(json)}) = '{kind}'"
        return f"CASE WHEN {is_one} THEN {json} END"

    def _typed(self, value: str, kind: str, type_: Type) -> str:
        text = f"CAST({value} AS TEXT)"
        digits = f"ltrim({text}, '-')"
        match type_:
            case "integer":
                is_one = f"{digits} <> '' AND {digits} NOT GLOB '*[^0-9]*'"
                return f"CASE WHEN {is_one} THEN CAST({value} AS INTEGER) END"
            case "money" | "number":
                is_one = f"{digits} GLOB '[0-9]*' AND {text} NOT GLOB '*[^0-9.-]*'"
                return f"CASE WHEN {is_one} THEN CAST({value} AS NUMERIC) END"
            case "boolean":
                return f"CASE {kind} WHEN 'true' THEN 1 WHEN 'false' THEN 0 END"
            case "timestamp":
                return f"strftime('%Y-%m-%dT%H:%M:%fZ', {value})"
        return f"CASE {kind} WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE {value} END"


class PostgreSQLViews(ViewSql):
    """Users build on views, so they are replaced in place."""

    _types: ClassVar[Mapping[Type, str]] = {
        "integer": "BIGINT",
        "text": "TEXT",
        "boolean": "BOOLEAN",
        "timestamp": "TIMESTAMPTZ",
        "money": "NUMERIC",
        "number": "DOUBLE PRECISION",
        "json": "JSONB",
    }
    create = "CREATE OR REPLACE VIEW"
    settled_changes = """
WHERE c.seq < coalesce((SELECT min(s.seq) FROM (
  SELECT seq FROM cf_horizons WHERE horizon >
    CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT) OFFSET 0) s),
  9223372036854775807)"""
    own_edits = " WHERE o.db_user = coalesce(nullif(current_setting('role'), 'none'), session_user)"
    barrier = " WITH (security_barrier)"

    def shown_in(self, target: str, relations: Relations) -> list[str]:
        schema, views = ident(target), []
        for name, columns in relations.items():
            selected = ", ".join(map(ident, columns))
            views.append(
                f"CREATE VIEW {schema}.{ident(name)} AS SELECT {selected} FROM {ident(name)}"
            )
        return [f"CREATE SCHEMA {schema}", *views]

    def typed(self, value: str, type_: Type) -> str:
        return f"CAST({value} AS {self._types[type_]})"

    def rows(self, json: str, alias: str) -> str:
        found = f"CASE jsonb_typeof({json}) WHEN 'array' THEN {json} END"
        return f"LATERAL jsonb_array_elements({found}) WITH ORDINALITY {alias} (value, position)"

    def members(self, json: str, alias: str) -> str:
        found = f"CASE jsonb_typeof({json}) WHEN 'object' THEN {json} END"
        return f"LATERAL jsonb_each({found}) {alias} (key, value)"

    def is_object(self, alias: str) -> str:
        return f"jsonb_typeof({alias}.value) = 'object'"

    def position(self, alias: str) -> str:
        return f"{alias}.position"

    def key(self, alias: str) -> str:
        return f"{alias}.key"

    def member(self, alias: str, type_: Type) -> str:
        return self._typed(f"{alias}.value", "{}", type_)

    def value(self, json: str, path: str, type_: Type) -> str:
        return self._typed(json, f"{{{path.replace('.', ',')}}}", type_)

    def parsed(self, text: str) -> str:
        return f"regexp_replace({text}, {literal(_ODD_ESCAPE)}, '\\1', 'g')::jsonb"

    def list_of(self, value: str) -> str:
        return f"jsonb_agg({value})"

    def object_of(self, name: str, value: str) -> str:
        return f"jsonb_object_agg({name}, {value})"

    def quoted(self, text: str) -> str:
        return f"to_jsonb({text})"

    def as_json(self, json: str) -> str:
        return json

    def total(self, amount: str) -> str:
        return f"sum({amount})"

    def _typed(self, json: str, path: str, type_: Type) -> str:
        text = f"({json} #>> {literal(path)})"
        match type_:
            case "integer":
                return f"CASE WHEN {text} ~ '^-?[0-9]{{1,18}}$' THEN {text}::bigint END"
            case "money" | "number":
                number = f"{text}::{self._types[type_].lower()}"
                return f"CASE WHEN {text} ~ '^-?[0-9]+([.][0-9]+)?$' THEN {number} END"
            case "boolean":
                return f"CASE {text} WHEN 'true' THEN true WHEN 'false' THEN false END"
            case "timestamp":
                return f"CASE WHEN {text} ~ {literal(_TIME)} THEN {text}::timestamptz END"
            case "json":
                return f"({json} #> {literal(path)})"
        return text
