"""What an event says, in both ways that it comes."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from cfsync.decode import decode_record
from cfsync.errors import BadAnswer
from cfsync.hints import SUBJECTS, Hint, from_delivery, from_log
from cfsync.resources import ALL

AT = "2025-05-21T12:18:51.772Z"


def delivered(event_type: str, subject_id: Any = 5, subject_type: Any = None, **data: Any) -> Hint:
    payload = {
        "event_id": "e1",
        "event_type": event_type,
        "subject_id": subject_id,
        "subject_type": subject_type,
        "data": data,
        "workspace_id": 7,
    }
    return from_delivery(orjson.dumps(payload), 7)


@pytest.mark.parametrize(
    ("event_type", "resource"),
    [
        ("contact.created", "contacts"),
        ("contact.identified", "contacts"),
        ("order.completed", "orders"),
        ("orders/invoice.paid", "order_invoices"),
        ("courses/enrollment.suspended", "enrollments"),
        ("form_submission.created", "form_submissions"),
        ("product.some_verb_of_tomorrow", "products"),
        ("orders/transaction.created", "order_transactions"),
        ("products/variant.updated", "product_variants"),
        ("subscription.activated", "orders"),
        ("subscription.invoice.paid", "orders"),
        ("subscription.plan.changed_tomorrow", "orders"),
        ("one-time-order.invoice.paid", "orders"),
        ("one_time_order.refunded", "orders"),
        ("form/submission.created", "form_submissions"),
        ("forms/submission.created", "submissions"),
    ],
)
def test_it_is_about_its_subject(event_type: str, resource: str) -> None:
    hint = delivered(event_type, id=5, updated_at=AT)

    assert (hint.resource, hint.record_id, hint.updated_at) == (resource, 5, AT)
    assert hint.body is not None
    assert orjson.loads(hint.body) == {"id": 5, "updated_at": AT}


def test_a_deletion_is_to_be_looked_at_whatever_is_known() -> None:
    hint = delivered("contact.deleted", id=5, updated_at=AT)

    assert (hint.resource, hint.record_id, hint.updated_at, hint.body) == (
        "contacts",
        5,
        None,
        None,
    )


def test_an_applied_tag_is_news_of_its_contact() -> None:
    hint = delivered("contacts/applied_tag.deleted", 900, id=900, contact_id=5, updated_at=AT)

    assert (hint.resource, hint.record_id, hint.updated_at) == ("contacts", 5, None)


@pytest.mark.parametrize(
    ("event_type", "subject_type", "resource"),
    [
        ("subscription.invoice.paid", "Orders::Invoice", "order_invoices"),
        ("renewal-invoice-payment-declined", "Orders::Invoice", "order_invoices"),
        ("thing.of_tomorrow", "Products::Price", "product_prices"),
        ("", "Courses::Enrollment", "enrollments"),
        ("form.filled", "FormSubmission", "form_submissions"),
        ("form.filled", "Forms::Submission", "submissions"),
        ("contacts/applied_tag.created", "Contact", "contacts"),
        ("order.updated", "Something::New", "orders"),
    ],
)
def test_its_subject_counts_before_its_name(
    event_type: str, subject_type: str, resource: str
) -> None:
    for subject in (5, "5"):
        hint = delivered(event_type, subject, subject_type, id=5, updated_at=AT)

        assert (hint.resource, hint.record_id) == (resource, 5)


@pytest.mark.parametrize("subject_type", [None, "Contacts::AppliedTag"])
@pytest.mark.parametrize("event_type", ["contact/applied_tag.created", "contacts/applied_tag.new"])
def test_an_applied_tag_of_any_spelling_is_news_of_its_contact(
    event_type: str, subject_type: str | None
) -> None:
    hint = delivered(event_type, 900, subject_type, id=900, contact_id="5")

    assert (hint.resource, hint.record_id) == ("contacts", 5)


@pytest.mark.parametrize(
    "subject", [None, "", "5.0", "-5", "x", "٥", "9" * 150, "9" * 9999, 5.0, True, 0, -1, 2**63, []]
)
def test_a_subject_that_is_none_is_about_nothing(subject: Any) -> None:
    assert delivered("contact.updated", subject).resource is None


@pytest.mark.parametrize(
    "event_type", ["platform_application.disconnected", "", ".", "contact", "x.y.z", None]
)
def test_a_kind_that_is_not_mirrored_is_about_nothing(event_type: Any) -> None:
    assert delivered(event_type).resource is None


def test_data_of_another_record_proves_nothing() -> None:
    hint = delivered("contact.updated", 5, id=6, updated_at=AT)

    assert (hint.record_id, hint.updated_at, hint.body) == (5, None, None)


@pytest.mark.parametrize("event_id", [None, "", "a\0b", "x" * 5000, ["a"], {}, 1.5, True])
def test_an_id_that_no_database_could_keep_is_replaced_by_that_of_the_body(event_id: Any) -> None:
    raw = orjson.dumps({"event_id": event_id, "event_type": "contact\0.updated", "subject_id": 5})

    hint = from_delivery(raw, 7)

    assert hint.event_id.startswith("body:")
    assert (hint.event_type, hint.resource) == ("", None)


@pytest.mark.parametrize("raw", [b"", b"[]", b"1", b'"x"', b"\xff", b"{"])
def test_what_is_no_event_is_refused(raw: bytes) -> None:
    with pytest.raises(BadAnswer):
        from_delivery(raw, 7)


def test_the_log_knows_an_event_by_the_same_id() -> None:
    body = {
        "id": 31,
        "uuid": "e1",
        "event_type_id": "contact.updated",
        "subject_id": 5,
        "data": {"id": 5, "updated_at": AT},
    }
    event = decode_record(ALL["webhook_events"], body)

    assert from_log(event, 7) == delivered("contact.updated", id=5, updated_at=AT)
    unnamed = decode_record(ALL["webhook_events"], body | {"uuid": None})
    assert from_log(unnamed, 7).event_id == "log:31"


def test_every_kind_of_the_catalogue_is_known() -> None:
    assert {r.name for r in SUBJECTS.values()} >= {r.name for r in ALL.values() if r.events}
