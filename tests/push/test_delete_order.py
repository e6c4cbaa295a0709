"""Deletes are sent last, children before parents: a parent's delete changes its children."""

from __future__ import annotations

from tests.push.conftest import Account


def tagged(account: Account) -> tuple[int, list[int]]:
    """A tag, and the contacts that a push has just created with it."""
    account.sql("INSERT INTO contact_tags (name) VALUES ('Summit')")
    tag = account.one("SELECT id FROM contact_tags WHERE name = 'Summit'")
    for name in ("ann", "bob", "cai"):
        email = f"{name}@example.org"
        account.sql(
            "INSERT INTO contacts (email_address, tag_ids) VALUES (?, ?)", email, f"[{tag}]"
        )
    account.push()
    tag = account.one("SELECT id FROM contact_tags WHERE name = 'Summit'")
    return tag, account.column("SELECT id FROM contacts WHERE email_address LIKE '%example.org'")


def test_contacts_are_deleted_before_their_tag(account: Account) -> None:
    tag, contacts = tagged(account)
    account.sql("DELETE FROM contact_tags WHERE id = ?", tag)
    account.sql("DELETE FROM contacts WHERE email_address LIKE '%example.org'")
    other = account.ids_of("contacts")[0]
    account.sql("UPDATE contacts SET first_name = 'Zed' WHERE id = ?", other)
    account.world.ledger.clear()
    account.world.fault("reset_after", method="DELETE", path="/contacts/tags/*")

    report = account.push()
    lost = account.world.get("contact_tags", tag)
    account.push()

    sent = [(e.verb, e.resource) for e in account.world.ledger.writes()]
    deletes = [("delete", "contacts")] * 3 + [("delete", "contact_tags")]
    assert sent == [("update", "contacts"), *deletes]
    assert (report.waiting, lost) == (0, None)
    assert [account.world.get("contacts", one) for one in contacts] == [None] * 3
    assert set(account.states()) == {"done"}
    assert account.one("SELECT count(*) FROM cf_conflicts") == 0


def test_contacts_that_lost_a_deleted_tag_are_deleted_after_it_too(account: Account) -> None:
    """One that has changed in another way as well is held."""
    tag, contacts = tagged(account)
    account.sql("DELETE FROM contact_tags WHERE id = ?", tag)
    account.push("contact_tags")
    account.sql("DELETE FROM contacts WHERE email_address LIKE '%example.org'")
    account.world.edit("contacts", contacts[2], first_name="Cai")

    report = account.push("contacts")

    there = [account.world.get("contacts", one) is not None for one in contacts]
    assert there == [False, False, True]
    assert report.waiting == 1
    assert account.column("SELECT record_id FROM cf_conflicts") == [contacts[2]]


def test_a_stage_is_deleted_with_its_opportunities(account: Account) -> None:
    """Its sums and its list of them change when they go first."""
    account.settings["CFSYNC_API__MIRROR"] = "standard"
    world, place = account.world, account.workspace
    pipeline = world.create("sales_pipelines", place, name="New business")
    stage = world.create("sales_stages", pipeline, name="Offer", close_probability=50)
    deal = world.create("sales_opportunities", place, name="Deal", pipelines_stage_id=stage)
    sums = {"total_value": 500, "weighted_value": "250.0"}
    world.edit("sales_stages", stage, opportunity_ids=[deal], **sums)
    account.pull()
    account.sql("DELETE FROM sales_opportunities")
    account.sql("DELETE FROM sales_stages")
    account.push("sales_opportunities")
    none = {"total_value": 0, "weighted_value": "0.0"}
    world.edit("sales_stages", stage, opportunity_ids=[], **none)

    report = account.push("sales_stages")

    assert (report.waiting, world.get("sales_stages", stage)) == (0, None)
