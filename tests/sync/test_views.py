"""Each view gives the figures that Python finds in the sandbox's records, which has orders in test
mode, unpaid, voided and refunded ones, several currencies, and subscriptions in every state.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from cfsync.mirror.db.tables import TABLES
from cfsync.resources import RESOURCES
from tests.sync.conftest import Round

MONTHS = {"years": 12, "months": 1, "weeks": Decimal(12) / 52}
READ = (
    *("workspaces", "contacts", "contact_tags", "products", "product_prices", "orders"),
    *("order_invoices", "order_transactions", "fulfillments", "courses", "enrollments"),
    *("forms", "submissions", "discounts", "course_sections", "course_lessons"),
    *("lesson_completions", "form_field_sets", "form_fields", "form_field_options"),
    *("form_answers", "funnels", "pages", "sales_pipelines", "sales_stages"),
    *("sales_opportunities",),
)


@pytest.fixture
def sizes() -> dict[str, Any]:
    return {
        "bare": True,
        "workspaces": 1,
        "team_memberships": 3,
        "contacts": 12,
        "contact_tags": 3,
        "products": 3,
        "contact_applied_tags": 20,
        "orders": 60,
        "order_transactions": 120,
        "order_invoices": 110,
        "fulfillments": 6,
        "courses": 2,
        "enrollments": 6,
        "forms": 2,
        "submissions": 5,
        "discounts": 3,
        "course_sections": 4,
        "course_lessons": 12,
        "lesson_completions": 9,
        "form_field_sets": 2,
        "form_fields": 4,
        "form_field_options": 6,
        "form_answers": 15,
        "funnels": 2,
        "pages": 3,
        "sales_pipelines": 2,
        "sales_stages": 4,
        "sales_opportunities": 8,
    }


@pytest.fixture
def filled(round_: Round) -> Round:
    round_.backfill(*READ)
    return round_


def records(round_: Round, resource: str) -> list[dict[str, Any]]:
    """All records of a resource, as the sandbox shows them."""
    parent = RESOURCES[resource].parent
    assert parent
    above = [round_.workspace] if parent == "workspaces" else list(by_id(round_, parent))
    return [dict(r) for id_ in above for r in round_.world.records(resource, id_)]


def live(round_: Round) -> list[dict[str, Any]]:
    return [o for o in records(round_, "orders") if o["live_mode"]]


def sold(round_: Round) -> list[dict[str, Any]]:
    return [o for o in live(round_) if o["billing_status"] in ("paid", "partially-refunded")]


def by_id(round_: Round, resource: str) -> dict[int, dict[str, Any]]:
    return {r["id"]: r for r in records(round_, resource)}


def money(amount: Any) -> Decimal | None:
    return None if amount is None else Decimal(str(amount)).normalize()


def weighted(value: Any, percentage: Any) -> Any:
    return pytest.approx(float(value) * percentage / 100, abs=0.011)


def sums(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, Decimal]:
    found: dict[Any, Decimal] = defaultdict(Decimal)
    for key, amount in pairs:
        found[key] += Decimal(str(amount))
    return {key: round(total, 4) for key, total in found.items()}


def parsed(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _sales(filled: Round) -> None:
    funnels, pages = by_id(filled, "funnels"), by_id(filled, "pages")
    codes = {d["id"]: d["code"] or d["name"] for d in records(filled, "discounts")}
    expected = sums(
        (
            (
                o["currency"], funnels[o["origination_channel_id"]]["name"],
                pages[o["page_id"]]["name"], codes.get((o["discount_ids"] or [None])[0]),
                line["original_product"]["id"],
            ),
            line["quantity"] * Decimal(line["products_price"]["amount"]),
        )
        for o in sold(filled)
        for line in o["line_items"]
    )  # fmt: skip

    found = filled.sql(
        "SELECT currency, funnel_name, page_name, discount, product_id, amount FROM sales"
    )

    assert sums((row[:5], row[5]) for row in found) == expected
    assert {key[0] for key in expected} == {"USD", "EUR", "GBP"}
    assert {key[3] for key in expected} > {None}


def _subscriptions(filled: Round) -> None:
    expected = {}
    for o in live(filled):
        if o["order_type"] == "subscription-order":
            price = o["line_items"][0]["products_price"]
            months = MONTHS[price["interval"]] * price["interval_count"]
            monthly = round(Decimal(price["amount"]) / months, 2)
            expected[o["id"]] = (o["service_status"], o["in_trial"], float(monthly))

    found = filled.sql("SELECT order_id, state, in_trial, monthly_amount FROM subscriptions")

    assert {
        id_: (state, bool(t), pytest.approx(float(m), abs=0.011)) for id_, state, t, m in found
    } == expected
    assert {state for state, _, _ in expected.values()} == {
        *("pending", "active", "completed", "churned", "canceled"),
        *("suspended", "paused", "abandoned", "voided"),
    }
    assert ("active", True) in {(state, trial) for state, trial, _ in expected.values()}


def _refunds(filled: Round) -> None:
    orders = by_id(filled, "orders")
    paid_back = [
        t
        for t in records(filled, "order_transactions")
        if t["external_type"] == "refund" and orders[t["order_id"]]["live_mode"]
    ]
    shown = {t["order_id"] for t in paid_back}
    credited = [
        i
        for i in records(filled, "order_invoices")
        if i["invoice_type"] == "refund" and orders[i["order_id"]]["live_mode"]
    ]
    expected = {
        *(("transaction", t["id"], t["order_id"], money(t["amount"])) for t in paid_back),
        *(
            ("invoice", i["id"], i["order_id"], money(i["total_amount"]))
            for i in credited
            if i["order_id"] not in shown
        ),
    }

    found = filled.sql("SELECT source, id, order_id, amount FROM refunds")

    said_by_the_order = {order for source, _, order, _ in found if source == "order"}
    assert {(s, i, o, money(a)) for s, i, o, a in found if s != "order"} == expected
    assert {source for source, *_ in expected} == {"transaction", "invoice"}
    assert shown & {i["order_id"] for i in credited}
    assert not said_by_the_order & {order for _, _, order, _ in expected}
    refunded = {o["id"] for o in live(filled) if "refunded" in o["billing_status"]}
    assert {order for _, _, order, _ in found} == refunded


def _a_refund_that_no_transaction_shows_is_the_orders(filled: Round) -> None:
    for name in ("order_transactions", "order_invoices"):
        asyncio.run(
            filled.mirror.write(lambda tx, name: tx.conn.execute(sa.delete(TABLES[name])), name)
        )

    found = filled.sql("SELECT source, order_id, amount, billing_status FROM refunds")

    assert found
    for source, order, amount, status in found:
        total = filled.sql("SELECT total_amount FROM orders WHERE id = ?", order)[0][0]
        assert (source, amount) == ("order", total if status == "refunded" else None)


def _customers(filled: Round) -> None:
    tags = {t["id"]: t["name"] for t in records(filled, "contact_tags")}
    contacts = by_id(filled, "contacts")
    orders: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for order in sold(filled):
        orders[order["contact_id"]].append(order)
    active = Counter(
        o["contact_id"]
        for o in live(filled)
        if o["order_type"] == "subscription-order" and o["service_status"] == "active"
    )

    found = filled.sql(
        "SELECT contact_id, orders, spent, tags, active_subscriptions, first_order_at"
        " FROM customers"
    )

    assert {row[0] for row in found} == set(orders)
    for id_, number, spent, names, subscriptions, first in found:
        assert number == len(orders[id_])
        assert sums(parsed(spent).items()) == sums(
            (o["currency"], o["total_amount"]) for o in orders[id_]
        )
        assert parsed(names) == sorted(tags[t["id"]] for t in contacts[id_]["tags"])
        assert subscriptions == active[id_]
        assert str(first)[:10] == min(o["created_at"] for o in orders[id_])[:10]


def _course_progress(filled: Round) -> None:
    courses = {s["id"]: s["course_id"] for s in records(filled, "course_sections")}
    lessons = {
        lesson["id"]: courses[lesson["section_id"]]
        for lesson in records(filled, "course_lessons")
        if lesson["published_at"]
    }
    done = {(c["enrollment_id"], c["lesson_id"]) for c in records(filled, "lesson_completions")}
    expected = {
        e["id"]: (
            sum(course == e["course_id"] for course in lessons.values()),
            sum(id_ == e["id"] and lesson in lessons for id_, lesson in done),
        )
        for e in records(filled, "enrollments")
    }

    found = filled.sql("SELECT enrollment_id, lessons, lessons_done, percent FROM course_progress")

    assert {row[0]: row[1:3] for row in found} == expected
    assert [row[3] for row in found] == [
        pytest.approx(round(100 * row[2] / row[1], 1)) for row in found
    ]
    assert any(0 < row[2] < row[1] for row in found)


def _form_answers(filled: Round) -> None:
    fields, options = by_id(filled, "form_fields"), by_id(filled, "form_field_options")
    expected: dict[int, dict[str, Any]] = {s["id"]: {} for s in records(filled, "submissions")}
    for answer in sorted(records(filled, "form_answers"), key=lambda a: a["id"]):
        several = [options[o]["label"] for o in answer["fields_option_ids"] or ()]
        one = options.get(answer["fields_option_id"], {"label": answer["entry"]})["label"]
        expected[answer["submission_id"]][fields[answer["field_id"]]["key"]] = several or one

    found = filled.sql("SELECT submission_id, answers FROM form_answers_wide")

    assert {id_: parsed(answers) for id_, answers in found} == expected
    assert any(expected.values())


def _pipeline(filled: Round) -> None:
    stages, pipelines = by_id(filled, "sales_stages"), by_id(filled, "sales_pipelines")
    emails = {m["id"]: m["user_email"] for m in members(filled)}
    expected = {}
    for deal in records(filled, "sales_opportunities"):
        stage = stages[deal["pipelines_stage_id"]]
        expected[deal["id"]] = (
            pipelines[stage["pipeline_id"]]["name"],
            stage["name"],
            money(deal["value"]),
            None if deal["value"] is None else weighted(deal["value"], stage["close_probability"]),
            emails[deal["assignee_id"]],
        )

    found = filled.sql(
        "SELECT opportunity_id, pipeline_name, stage_name, value, weighted_value, assignee_email"
        " FROM pipeline"
    )

    assert {
        id_: (*names, money(value), w and float(w), email) for id_, *names, value, w, email in found
    } == expected


def members(filled: Round) -> list[dict[str, Any]]:
    return [m for team in filled.world.records("teams", 0) for m in team["memberships"]]


def _members_of_the_team(filled: Round) -> None:
    names = ("id", "public_id", "team_id", "user_id", "user_email", "role_ids")

    found = filled.sql(f"SELECT {', '.join(names)} FROM team_members")

    assert [(*row[:-1], parsed(row[-1])) for row in found] == [
        tuple(m[name] for name in names) for m in members(filled)
    ]
    assert found


def _what_was_sent_for_which_order(filled: Round) -> None:
    order_of = {i["line_items"][0]["id"]: i["order_id"] for i in records(filled, "order_invoices")}
    expected = {
        f["id"]: order_of[f["included_invoices_line_items"][0]["invoices_line_item_id"]]
        for f in records(filled, "fulfillments")
    }

    assert dict(filled.sql("SELECT fulfillment_id, order_id FROM fulfillment_items")) == expected


def _attributes_and_visits(filled: Round) -> None:
    people = [c for c in records(filled, "contacts") if not c["anonymous"]]
    expected = Counter(
        (name, value) for c in people for name, value in c["custom_attributes"].items()
    )
    first = Counter(c["visits"]["first_visit"]["utm_source"] for c in people)

    attributes = filled.sql("SELECT name, value FROM custom_attributes")
    visits = filled.sql("SELECT utm_source FROM visits WHERE kind = 'first_visit'")

    assert Counter(attributes) == expected
    assert Counter(source for (source,) in visits) == first


CHECKS = (
    _sales,
    _subscriptions,
    _refunds,
    _customers,
    _course_progress,
    _form_answers,
    _pipeline,
    _members_of_the_team,
    _what_was_sent_for_which_order,
    _attributes_and_visits,
    _a_refund_that_no_transaction_shows_is_the_orders,
)


def test_each_view_gives_the_figures_of_the_records(filled: Round) -> None:
    """One test, because a backfill of all that the views read takes seconds."""
    for check in CHECKS:
        check(filled)
