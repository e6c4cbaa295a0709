"""ClickFunnels' own lists, the same for every account: countries, regions and types of events."""

from __future__ import annotations

from cfsync.resources import ALL
from cfsync.sandbox.seeds.records import Maker, Seed, Values

EVENT_TYPES = sorted({event for r in ALL.values() for event in r.events})

_COUNTRIES = (
    ("US", "USA", "United States"),
    ("CA", "CAN", "Canada"),
    ("GB", "GBR", "United Kingdom"),
    ("DE", "DEU", "Germany"),
    ("JP", "JPN", "Japan"),
    ("AU", "AUS", "Australia"),
)


def _country(index: int) -> tuple[str, str, str]:
    """A real country, or one of those that are made up where more are wanted."""
    if index < len(_COUNTRIES):
        return _COUNTRIES[index]
    code = f"X{index:03d}"
    return code, f"{code}X", f"Country {index + 1}"


def country(seed: Seed) -> Values:
    iso2, iso3, name = _country(seed.index)
    return {"iso2": iso2, "iso3": iso3, "name": name, "localized_name": name, "has_regions": True}


def region(seed: Seed) -> Values:
    number = seed.index // seed.plan.counts["countries"] + 1
    iso2, _, name = _country(seed.index % seed.plan.counts["countries"])
    return {
        "country_id": seed.parent("countries"),
        "country_code": iso2,
        "code": f"R{number}" if number % 3 else None,
        "name": f"Region {number} of {name}",
        "localized_name": f"Region {number} of {name}",
    }


def event_type(seed: Seed) -> Values:
    name = EVENT_TYPES[seed.index]
    return {"name": name, "topic": name.partition(".")[0]}


MAKERS: dict[str, Maker] = {
    "countries": country,
    "regions": region,
    "webhook_event_types": event_type,
}
