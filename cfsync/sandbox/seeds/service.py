"""Seeded fulfillments, courses, sales pipelines, split tests and webhook endpoints."""

from __future__ import annotations

from cfsync.sandbox.seeds import plain
from cfsync.sandbox.seeds.records import Maker, Seed, Values


def location(seed: Seed) -> Values:
    return {
        "name": f"Warehouse {seed.index + 1}",
        "address_name": "Main dock",
        "email_address": f"dock{seed.index + 1}@example.com",
        "phone_number": None,
        "sort_order": seed.index,
        "archived": False,
        "external_app": False,
        "address": {"city": "Boise", "country_id": 233, "postal_code": "83702"},
    }


def fulfillment(seed: Seed) -> Values:
    return {
        "contact_id": seed.pick("contacts", seed.chance),
        "status": "fulfilled",
        "tracking_url": f"https://track.example.com/{seed.id}",
        "shipping_provider": "UPS",
        "tracking_code": f"1Z{seed.chance % 10**9:09d}",
        "location_id": seed.pick("fulfillment_locations", seed.chance),
        "fulfillment_number": seed.index + 1,
        "included_invoices_line_items": [
            {
                "id": 60_000 + seed.index,
                "fulfillment_id": seed.id,
                "quantity": 1,
                "invoices_line_item_id": 50_000 + seed.index,
            }
        ],
    }


def course(seed: Seed) -> Values:
    number, has_root = seed.index + 1, seed.index < seed.plan.counts["course_sections"]
    root = seed.plan.id("course_sections", seed.index) if has_root else 900 + number
    return {
        "title": f"Course {number}",
        "published_at": seed.past(seed.chance),
        "root_section_id": str(root),
        "description": f"All of subject {number}",
        "current_path": f"/courses/{number}",
        "sharing_fingerprint": f"{seed.chance:016x}",
        "show_in_community": True,
        "show_to_non_members": False,
        "redirect_to_full_course": False,
        "comments_enabled": True,
    }


def enrollment(seed: Seed) -> Values:
    return {
        "course_id": seed.parent("courses"),
        "contact_id": seed.pick("contacts", seed.chance),
        "suspended": False,
        "suspension_reason": None,
        "current_path": f"/enrollments/{seed.id}",
        "origination_source_type": "Order",
        "origination_source_id": 0,
    }


def completion(seed: Seed) -> Values:
    """Each of a course lets another of its enrollments complete a lesson of its first section."""
    plan, courses = seed.plan, seed.plan.counts["courses"]
    number, course = divmod(seed.index, courses)
    sections, enrolled = plan.counts["course_sections"], plan.size("enrollments", course)
    lessons = plan.size("course_lessons", course) if course < sections else 0
    known = {"course_id": seed.parent("courses"), "completed_at": seed.past(seed.chance)}
    if not (enrolled and lessons):
        return known | {"enrollment_id": 0, "lesson_id": 0}
    lesson, enrollment = divmod(number, enrolled)
    return known | {
        "enrollment_id": plan.id("enrollments", course + enrollment * courses),
        "lesson_id": plan.id("course_lessons", course + lesson % lessons * sections),
    }


STAGES = (("New", 10), ("Qualified", 40), ("Offer", 75))
"""Name and chance of success, in percent, of the stages of a pipeline."""


def stage(seed: Seed) -> Values:
    place = seed.index // max(1, seed.plan.counts["sales_pipelines"])
    name, probability = STAGES[place % len(STAGES)]
    found = {"name": name, "sort_order": place, "close_probability": probability}
    return plain.record(seed) | found


def opportunity(seed: Seed) -> Values:
    members = seed.plan.counts["team_memberships"]
    member = seed.plan.id("team_memberships", seed.chance % members) if members else None
    return plain.record(seed) | {"assignee_id": member}


def endpoint(seed: Seed) -> Values:
    return {
        "url": f"https://hooks.example.com/{seed.index + 1}",
        "name": f"Endpoint {seed.index + 1}",
        "event_type_ids": ["contact.created", "contact.updated"],
        "api_version": 2,
        "page_ids": [],
        "funnel_ids": [],
    }


def split_test(seed: Seed) -> Values:
    """Shows one page to most visitors, and another one to the rest."""
    pages = [seed.pick("pages", seed.chance + number) for number in range(2)]
    ways = [{"page_id": id_, "weight": weight} for id_, weight in zip(pages, (70, 30), strict=True)]
    return plain.record(seed) | {"variants": ways if pages[0] else []}


def conditional_split(seed: Seed) -> Values:
    """Shows those that a saved filter matches another page."""
    pages = [seed.pick("pages", seed.chance + number) for number in range(2)]
    return plain.record(seed) | {
        "condition": {"is_setup": False, "filter_id": None},
        "branches": [{"page_id": id_} for id_ in pages] if pages[0] else [],
    }


MAKERS: dict[str, Maker] = {
    "fulfillment_locations": location,
    "fulfillments": fulfillment,
    "courses": course,
    "enrollments": enrollment,
    "lesson_completions": completion,
    "sales_stages": stage,
    "sales_opportunities": opportunity,
    "split_test_steps": split_test,
    "conditional_split_steps": conditional_split,
    "webhook_endpoints": endpoint,
}
