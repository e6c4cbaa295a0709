"""Countries and their regions, the same for every account. Field facts: the API's OpenAPI document, August 2026."""

from __future__ import annotations

from cfsync.resources.field_table import table
from cfsync.resources.model import Resource

COUNTRIES = Resource(
    name="countries",
    body_key="country",
    parent=None,
    list_path="/addresses/countries",
    one_path="/addresses/countries/{id}",
    group="all",
    refuse_insert="it is ClickFunnels' own list",
    pull_every="24h",
    key=("iso2",),
    whole=True,
    fields=table("""
        id              integer  path
        iso2            text
        iso3            text
        name            text
        localized_name  text
        has_regions     boolean
    """),
)

REGIONS = Resource(
    name="regions",
    body_key="region",
    parent="countries",
    list_path="/addresses/countries/{parent}/regions",
    one_path="/addresses/countries/{parent}/regions/{id}",
    group="all",
    refuse_insert="it is ClickFunnels' own list",
    pull_every="24h",
    key=("country_code", "code", "name"),
    has_get=False,
    whole=True,
    fields=table("""
        id              integer  path
        country_id      integer  path ref=countries
        code            text?
        name            text
        localized_name  text
        country_code    text
    """),
)
