"""What shipping costs: profiles, zones, rates and packages. Field facts: the API's OpenAPI document, August 2026."""

from __future__ import annotations

from cfsync.resources.field_table import table
from cfsync.resources.model import Resource

SHIPPING_PROFILES = Resource(
    name="shipping_profiles",
    body_key="shipping_profile",
    parent="workspaces",
    list_path="/workspaces/{parent}/shipping/profiles",
    one_path="/shipping/profiles/{id}",
    group="standard",
    insert="create",
    update=True,
    delete=True,
    natural=("name",),
    fields=table("""
        id            integer
        public_id     text?
        workspace_id  integer     path ref=workspaces
        name          text        create! update
        variant_ids   json?       create update set ref=product_variants
        created_at    timestamp?
        updated_at    timestamp?
    """),
)

SHIPPING_LOCATION_GROUPS = Resource(
    name="shipping_location_groups",
    body_key="shipping_location_group",
    parent="shipping_profiles",
    list_path="/shipping/profiles/{parent}/location_groups",
    one_path="/shipping/location_groups/{id}",
    group="standard",
    fields=table("""
        id                         integer
        public_id                  text?
        workspace_id               integer     path ref=workspaces
        profile_id                 integer     ref=shipping_profiles
        name                       text
        fulfillments_location_ids  json?       ref=fulfillment_locations
        created_at                 timestamp?
        updated_at                 timestamp?
    """),
)

SHIPPING_ZONES = Resource(
    name="shipping_zones",
    body_key="shipping_zone",
    parent="shipping_location_groups",
    list_path="/shipping/location_groups/{parent}/zones",
    one_path="/shipping/zones/{id}",
    group="standard",
    insert="create",
    update=True,
    delete=True,
    natural=("name",),
    fields=table("""
        id                      integer
        public_id               text?
        workspace_id            integer     path ref=workspaces
        location_group_id       integer     ref=shipping_location_groups
        name                    text        create! update
        address_filter_id       text?       create update
        region_ids              json?       create update
        country_ids             json?       create update
        includes_rest_of_world  boolean?    create update
        created_at              timestamp?
        updated_at              timestamp?
    """),
)

SHIPPING_RATE_NAMES = Resource(
    name="shipping_rate_names",
    body_key="shipping_rates_name",
    parent="workspaces",
    list_path="/workspaces/{parent}/shipping/rates/names",
    one_path="/shipping/rates/names/{id}",
    group="standard",
    insert="create",
    update=True,
    delete=True,
    natural=("name",),
    fields=table("""
        id            integer
        public_id     text?
        workspace_id  integer     ref=workspaces
        name          text        create! update
        created_at    timestamp?
        updated_at    timestamp?
    """),
)

SHIPPING_RATES = Resource(
    name="shipping_rates",
    body_key="shipping_rate",
    parent="shipping_zones",
    list_path="/shipping/zones/{parent}/rates",
    one_path="/shipping/rates/{id}",
    group="standard",
    insert="create",
    update=True,
    delete=True,
    natural=("price", "rates_name_id"),
    fields=table("""
        id                   integer
        public_id            text?
        workspace_id         integer     path ref=workspaces
        zone_id              integer     ref=shipping_zones
        description          text?
        provider_name        text?       create update
        price                money       create! update
        price_currency       text?       create update
        rates_name_id        integer     create! update ref=shipping_rate_names
        live_rates_provider  text?       create update
        created_at           timestamp?
        updated_at           timestamp?
    """),
)

SHIPPING_PACKAGES = Resource(
    name="shipping_packages",
    body_key="shipping_package",
    parent="workspaces",
    list_path="/workspaces/{parent}/shipping/packages",
    one_path="/shipping/packages/{id}",
    group="standard",
    insert="create",
    update=True,
    delete=True,
    natural=("package_type", "height", "width", "length"),
    fields=table("""
        id               integer
        public_id        text?
        workspace_id     integer     path ref=workspaces
        package_type     text        create! update
        height           number      create! update
        width            number      create! update
        length           number      create! update
        distance_unit    text        create! update
        empty_weight     text?       create update
        weight           number?     create update
        weight_unit      text?       create update
        default_package  boolean?    create update
        name             text        create! update
        token            text?
        carrier          text?       create update
        created_at       timestamp?
        updated_at       timestamp?
    """),
)
