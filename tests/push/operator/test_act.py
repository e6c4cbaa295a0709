"""Actions that no column can say: one call, not repeated blindly; the mirror shows the result."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from cfsync.errors import ApiError, OutcomeUnknown, TokenRefused, UsageError
from cfsync.mirror.bookkeeping import decided
from cfsync.mirror.db.engine import Mirror
from cfsync.mirror.history.person import acting_as
from cfsync.mirror.reports import decisions
from cfsync.records import Record
from cfsync.sync.context import Context
from cfsync.sync.decisions import act
from tests.push.conftest import Account


async def do(
    context: Context, resource: str, record: int | str, action: str, *, again: bool = False,
    **values: Any,
) -> Record:  # fmt: skip
    kind, _ = act.action_of(resource, action)
    task = await act.prepare(context, kind, str(record), action, values)
    return await act.act(context, task, again=again)


@pytest.fixture
def subscription(account: Account) -> int:
    """An order of a processor, in both places."""
    order = account.ids_of("orders")[0]
    account.world.edit(
        "orders", order, order_type="subscription", payment_processor="stripe", external_id=None
    )
    account.pull("orders")
    return order


@pytest.fixture
def transaction(account: Account, subscription: int) -> int:
    made = account.world.create(
        "order_transactions", subscription, order_id=subscription, status="completed",
        amount="12.00",
    )  # fmt: skip
    account.sweep("order_transactions")
    return made


def acted(account: Account) -> list[tuple[str, str, dict[str, Any]]]:
    return [(e.verb, e.resource, e.fields) for e in account.world.ledger.writes()]


def test_a_cancelled_subscription_is_cancelled_in_the_mirror(
    account: Account, subscription: int
) -> None:
    done = account.run(do, "orders", subscription, "cancel", cancel_reason="unused")

    assert done.values["service_status"] == "canceled"
    assert acted(account) == [("cancel", "orders", {"cancel_reason": "unused"})]
    found = account.sql(
        "SELECT service_status, cancel_reason FROM orders WHERE id = ?", subscription
    )
    assert found == [("canceled", "unused")]
    assert account.states() == []


def test_a_course_is_published_by_its_public_id(account: Account) -> None:
    course = account.ids_of("courses")[0]
    public = account.one("SELECT public_id FROM courses WHERE id = ?", course)
    account.world.edit("courses", course, published_at=None)

    account.run(do, "courses", public, "publish", publish_sections_and_lessons=True)

    assert account.one("SELECT published_at FROM courses WHERE id = ?", course)


def test_products_are_taken_off_a_page(account: Account) -> None:
    one, two = account.ids_of("products")
    page = account.world.create("pages", account.workspace, name="A")
    products = [{"id": one, "name": "One"}, {"id": two, "name": "Two"}]
    account.world.edit("pages", page, show_page_step={"id": 1, "products": products})
    account.settings["CFSYNC_API__MIRROR"] = "standard"
    account.pull()

    account.run(do, "pages", page, "remove_products", product_ids=[one])

    step = (account.world.get("pages", page) or {})["show_page_step"]
    assert step["products"] == products[1:]
    assert acted(account) == [("remove_products", "pages", {"product_ids": [one]})]
    shown = account.one("SELECT CAST(show_page_step AS TEXT) FROM pages WHERE id = ?", page)
    assert '"Two"' in shown
    assert '"One"' not in shown


def test_an_invoice_of_an_external_order_is_abandoned(account: Account) -> None:
    invoice = account.ids_of("order_invoices")[0]
    account.world.edit("order_invoices", invoice, status="unpaid", payment_processor="external")

    account.run(do, "order_invoices", invoice, "abandon")

    assert account.one("SELECT status FROM order_invoices WHERE id = ?", invoice) == "abandoned"


def test_a_refusal_has_clickfunnels_words_and_may_be_tried_again(
    account: Account, transaction: int
) -> None:
    account.run(do, "order_transactions", transaction, "refund")

    for _ in range(2):
        with pytest.raises(ApiError, match=r"refused \(422\): .*already refunded") as refused:
            account.run(do, "order_transactions", transaction, "refund")
        assert refused.value.exit_code == 1

    assert len(acted(account)) == 1


def test_a_refund_is_counted_as_soon_as_its_order_is_read(
    account: Account, subscription: int, transaction: int
) -> None:
    account.world.edit("orders", subscription, live_mode=True, total_amount="12.00")

    account.run(do, "order_transactions", transaction, "refund")
    account.pull("orders")

    found = account.sql(
        "SELECT billing_status, amount FROM refunds WHERE order_id = ?", subscription
    )
    assert [(status, float(amount)) for status, amount in found] == [("refunded", 12.0)]


def test_a_refund_without_an_answer_is_never_repeated_by_itself(
    account: Account, transaction: int
) -> None:
    account.world.fault("reset_after", method="POST")

    with pytest.raises(OutcomeUnknown) as lost:
        account.run(do, "order_transactions", transaction, "refund", reason="damaged")
    with pytest.raises(UsageError, match="has no answer yet: look in ClickFunnels"):
        account.run(do, "order_transactions", transaction, "refund")

    assert lost.value.exit_code == 5
    assert acted(account) == [("refund", "order_transactions", {"reason": "damaged"})]
    status = "SELECT status FROM order_transactions WHERE id = ?"
    assert account.one(status, transaction) == "refunded"  # read again all the same
    with pytest.raises(ApiError, match="already refunded"):
        account.run(do, "order_transactions", transaction, "refund", again=True)
    (decision,) = account.desk(lambda mirror: mirror.read(decisions.last, 10))
    assert decision.text.startswith(f"had ClickFunnels refund order_transactions {transaction};")
    assert decision.text.endswith("no answer yet, so it may not have")


def test_of_two_at_once_one_makes_the_call(account: Account, transaction: int) -> None:
    async def both(context: Context) -> list[Any]:
        calls = (do(context, "order_transactions", transaction, "refund") for _ in range(2))
        return await asyncio.gather(*calls, return_exceptions=True)

    found = account.run(both)

    assert [type(one) for one in found if isinstance(one, Exception)] == [UsageError]
    assert len(acted(account)) == 1


def test_each_of_two_calls_under_way_settles_its_own(account: Account) -> None:
    call = "order_transactions/5/refund"

    async def both(mirror: Mirror) -> list[int]:
        first = await mirror.write(decided.act, call, "refund")
        again = await mirror.write(decided.act, call, "refund")
        await mirror.write(decided.acted, call, "refund", first)
        under_way = await mirror.read(decided.begun, call)
        await mirror.write(decided.not_acted, again[-1])
        return [len(under_way), len(await mirror.read(decided.begun, call))]

    assert account.desk(both) == [1, 0]


def test_who_had_clickfunnels_do_something_is_kept(account: Account) -> None:
    """A later call that is refused has changed nothing."""
    course = account.ids_of("courses")[0]
    with acting_as("grace"):
        account.run(do, "courses", course, "publish")
    account.world.fault("status", method="POST", status=422)
    with pytest.raises(ApiError):
        account.run(do, "courses", course, "publish")

    def told(**wanted: Any) -> list[tuple[str, str]]:
        found = account.desk(lambda mirror: mirror.read(decisions.last, 10, **wanted))
        return [(one.by, one.text) for one in found]

    published = ("grace", f"had ClickFunnels publish courses {course}")
    assert told() == [published]
    assert told(resources=["orders"]) == []
    assert told(resources=["courses"], record_id=course + 1) == []
    assert told(resources=["courses"], record_id=course) == [published]


def test_a_call_that_changed_nothing_may_be_made_again(account: Account, transaction: int) -> None:
    account.world.fault("status", method="POST", status=401)

    with pytest.raises(TokenRefused):
        account.run(do, "order_transactions", transaction, "refund")
    account.run(do, "order_transactions", transaction, "refund")

    assert len(acted(account)) == 1


@pytest.mark.parametrize(
    ("resource", "action", "words"),
    [
        ("orders", "refund", "orders has the actions cancel, not 'refund'"),
        ("contacts", "gdpr_destroy", "contacts has no actions; there are some of orders, "),
        ("products", "archive", "products has no actions"),
    ],
)
def test_an_action_that_does_not_exist_is_refused(resource: str, action: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        act.action_of(resource, action)


def test_a_row_without_a_record_can_not_be_acted_on(account: Account, app_sql: Any) -> None:
    ((local,),) = app_sql("INSERT INTO courses (title) VALUES ('New') RETURNING id")

    with pytest.raises(UsageError, match="does not exist in ClickFunnels yet: push first"):
        account.run(do, "courses", local, "publish")
