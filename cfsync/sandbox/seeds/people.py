"""Seeded teams, workspaces, contacts, tags, images, forms and submissions."""

from __future__ import annotations

from cfsync.sandbox.seeds.formats import public_id
from cfsync.sandbox.seeds.plan import Plan
from cfsync.sandbox.seeds.records import Maker, Seed, Values

FIRST = tuple(
    "Ada Grace Alan Edsger Barbara Donald Radia Ken Frances Linus Hedy Niklaus".split()  # noqa: SIM905
)
LAST = tuple(
    "Lovelace Hopper Turing Dijkstra Liskov Knuth Perlman Allen Lamarr Wirth Ōno Núñez".split()  # noqa: SIM905
)
ZONES = ("Pacific Time (US & Canada)", "London", "Tokyo", "UTC")
SOURCES = ("newsletter", "search", "podcast")
COLOURS = ("#3B82F6", "#EF4444", "#10B981", "#F59E0B")


def team(seed: Seed) -> Values:
    return {"name": f"Team {seed.index + 1}", "time_zone": ZONES[0], "locale": "en"}


def membership(seed: Seed) -> Values:
    number, team = divmod(seed.index, seed.plan.counts["teams"])
    first, last = FIRST[number % 12], LAST[number % 12]
    person = {
        "first_name": first,
        "last_name": last,
        "email": f"{first}{number or ''}@team-{team + 1}.example.com".lower(),
    }
    return {
        "team_id": seed.parent("teams"),
        "user_id": seed.id + 100,
        **{f"user_{name}": value for name, value in person.items()},
        "role_ids": ["admin"] if number == 0 else [],
        "user": {"id": seed.id + 100, **person},
    }


def workspace(seed: Seed) -> Values:
    number = seed.index + 1
    return {
        "team_id": seed.parent("teams"),
        "name": f"Shop {number}",
        "subdomain": f"shop-{number}",
    }


def contact(seed: Seed) -> Values:
    """About 1.2 KB of JSON, as a contact of an account in use."""
    if seed.plan.is_anonymous(seed.index):
        return _anonymous(seed)
    chance = seed.chance
    first, last = FIRST[chance % 12], LAST[chance // 12 % 12]
    return (
        _anonymous(seed)
        | {
            "anonymous": None,
            "email_address": email(chance, seed.index),
            "first_name": first,
            "last_name": last,
            "phone_number": f"+1555{chance % 10_000_000:07d}",
            "time_zone": ZONES[chance % 4],
            "last_notification_email_sent_at": seed.past(chance),
        }
        | _links(seed, f"{first}{last}{seed.index}".lower())
    )


def _links(seed: Seed, handle: str) -> Values:
    """A contact's profiles, attributes and picture."""
    chance = seed.chance
    return {
        "fb_url": f"https://facebook.com/{handle}",
        "twitter_url": f"https://twitter.com/{handle}" if chance % 3 else None,
        "instagram_url": f"https://instagram.com/{handle}",
        "website_url": f"https://{handle}.example.com/about-me" if chance % 2 else None,
        "custom_attributes": {
            "favourite_colour": COLOURS[chance % 4],
            "lead_source": "spring-launch-webinar",
            "lifetime_value": str(chance % 5000),
        },
        "avatar_image": {
            "id": 0,
            "url": f"https://images.example.com/avatars/{seed.id}/{chance:016x}-large.png",
        },
    }


def email(chance: int, index: int) -> str:
    """The seeded address of contact number `index`: the number in it makes it unique."""
    return f"{FIRST[chance % 12]}.{index}@example.com".lower()


def _anonymous(seed: Seed) -> Values:
    """A visitor without a name, whom ClickFunnels leaves out of the list."""
    chance = seed.chance
    return {
        "anonymous": "true",
        "email_address": None,
        "first_name": None,
        "last_name": None,
        "phone_number": None,
        "time_zone": None,
        "uuid": f"{chance:016x}-4a1b-8c2d-{seed.id:012x}",
        "unsubscribed_at": None,
        "last_notification_email_sent_at": None,
        "fb_url": None,
        "twitter_url": None,
        "instagram_url": None,
        "linkedin_url": None,
        "website_url": None,
        "tags": [],
        "custom_attributes": {},
        "visits": {
            "first_visit": _visit(seed, chance),
            "last_visit": _visit(seed, chance + 1) if chance % 2 else None,
        },
        "avatar_image": {},
    }


def _visit(seed: Seed, number: int) -> Values:
    return {
        "uuid": f"{number:016x}",
        "utm_source": SOURCES[number % len(SOURCES)],
        "utm_campaign": "spring-launch",
        "landing_page": "/spring-offer",
        "device_type": "Desktop",
        "started_at": seed.past(number),
    }


def contact_tag(seed: Seed) -> Values:
    return {"name": f"Tag {seed.index + 1}", "color": COLOURS[seed.index % 4]}


def applied_tag(seed: Seed) -> Values:
    return {"contact_id": seed.parent("contacts"), "tag_id": tag_of(seed.plan, seed.index)}


def tag_of(plan: Plan, index: int) -> int:
    """The tag of applied tag number `index`. A contact's tags are neighbours in the workspace's
    list, so they differ.
    """
    slot, contact = divmod(index, plan.counts["contacts"])
    workspace = plan.workspace("contacts", contact)
    return plan.pick("contact_tags", workspace, plan.chance("contacts", contact) + slot)


def image(seed: Seed) -> Values:
    code = public_id("images", seed.id)
    return {
        "url": f"https://images.example.com/{code}.png",
        "alt_text": f"Picture {seed.index + 1}",
        "name": f"picture-{seed.index + 1}.png",
    }


def form(seed: Seed) -> Values:
    return {"name": f"Form {seed.index + 1}"}


def submission(seed: Seed) -> Values:
    return {"form_id": seed.parent("forms"), "contact_id": seed.pick("contacts", seed.chance)}


def form_submission(seed: Seed) -> Values:
    return {
        "contact_id": seed.pick("contacts", seed.chance),
        "page_id": seed.pick("pages", seed.chance) or 700 + seed.chance % 3,
        "data": {"question": "How did you hear of us?", "answer": f"From friend {seed.index}"},
    }


MAKERS: dict[str, Maker] = {
    "teams": team,
    "team_memberships": membership,
    "workspaces": workspace,
    "contacts": contact,
    "contact_tags": contact_tag,
    "contact_applied_tags": applied_tag,
    "images": image,
    "forms": form,
    "submissions": submission,
    "form_submissions": form_submission,
}
