"""Names, addresses, tags and reasons of 300 characters without a space fit on every page."""

from __future__ import annotations

import pytest

from tests.browser import staging
from tests.browser.conftest import Browser
from tests.browser.layout import faults
from tests.push.checks import hold_deletions
from tests.push.conftest import Account

LONG = "W" * 300
EMAIL = f"{'w' * 290}@a.example"

PAGES = (
    "/",
    "/waiting",
    "/activity",
    "/lists",
    "/records/contacts",
    f"/records/contacts?q={LONG}",
    "/records/contacts/{contact}?all=1",
    "/records/contacts/{contact}?as_of=2999-01-01",
    "/records/contacts/{contact}/edit",
    "/records/contacts/{other}",
    "/records/contacts/{deleted}",
    "/records/contacts/new",
    "/records/contact_tags",
    "/records/contact_tags/{tag}",
    "/records/contact_tags/{tag}/edit",
    "/records/orders",
    "/records/orders/{order}",
    "/records/workspaces",
    "/search?q=www",
    f"/search?q={LONG}",
    f"/records/contacts/{LONG}",
)


@pytest.fixture
def long_values(account: Account) -> dict[str, int]:
    """An account in which everything that people name is long; ids of what is shown of it."""
    del account.settings["CFSYNC_RETENTION__CHANGES"]
    account.pull()
    order, contact = account.sql("SELECT id, contact_id FROM orders ORDER BY id")[0]
    rest = [one for one in account.ids_of("contacts") if one != contact]
    other, deleted, refused, taken, missing = rest[:5]
    tag = account.ids_of("contact_tags")[0]
    account.sql("UPDATE contact_tags SET name = ? WHERE id = ?", LONG, tag)
    tags = str(account.ids_of("contact_tags"))
    account.sql("UPDATE contacts SET tag_ids = ? WHERE id = ?", tags, contact)
    named = "UPDATE contacts SET email_address = ?, first_name = ?, last_name = ? WHERE id = ?"
    account.sql(named, EMAIL, None, None, contact)
    account.sql(named, f"x{EMAIL}", LONG, LONG, other)
    account.sql(named, f"y{EMAIL}", LONG, LONG, missing)
    attributes = f'{{"{LONG}": "{LONG}"}}'
    account.sql("UPDATE contacts SET custom_attributes = ? WHERE id = ?", attributes, contact)
    account.sql("UPDATE orders SET notes = ? WHERE id = ?", LONG, order)
    account.push()
    hold_deletions(account, [missing])
    staging.field_conflict(account, other, f"x{LONG}")
    staging.refused(account, refused, taken)
    staging.deleted_here(account, deleted)
    account.sql("UPDATE contacts SET first_name = ? WHERE id = ?", LONG, refused)
    decided = "decision = 'retried', decided_at = captured_at, decided_by = ?"
    account.sql(f"UPDATE cf_outbox SET db_user = ?, error = ?, {decided}", LONG, LONG, LONG)
    account.sql("UPDATE cf_changes SET db_user = ?", LONG)
    account.sql("UPDATE cf_runs SET error = ?, state = 'failed'", LONG)
    return {"contact": contact, "other": other, "deleted": deleted, "tag": tag, "order": order}


@pytest.mark.parametrize("mirror_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("width", [1440, 375], ids=["wide", "phone"])
def test_no_page_scrolls_sideways(
    browser: Browser, long_values: dict[str, int], width: int
) -> None:
    wrong = []
    for path in PAGES:
        browser.open(path.format(**long_values), width)
        wrong += [f"{path[:50]}: {fault}" for fault in faults(browser)]
    browser.open("/waiting", width)
    browser.press("Discard", agree=False)
    wrong += [f"the page that asks: {fault}" for fault in faults(browser)]
    browser.errors = [error for error in browser.errors if "404" not in error]

    assert not wrong, "\n".join(wrong)
