-- The mirror's tables on SQLite, as of revision 0001. Frozen: later revisions add to it.
--
-- AUTOINCREMENT hands out ids from 900000000000001 on (the last statement says so): a row that
-- ClickFunnels does not know yet. NOT NULL is for SQLAlchemy, which would not know otherwise that the
-- database makes the id of a reflected model. Times are TEXT (2025-05-21T12:18:51.772Z), money is
-- NUMERIC, JSON is TEXT.

CREATE TABLE teams (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    name TEXT,
    time_zone TEXT,
    locale TEXT,
    created_at TEXT,
    updated_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_teams_updated_at ON teams (updated_at);

CREATE TABLE workspaces (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    team_id BIGINT,
    name TEXT,
    subdomain TEXT,
    created_at TEXT,
    updated_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_workspaces_workspace_id ON workspaces (workspace_id, id);
CREATE INDEX cf_workspaces_team_id ON workspaces (team_id, id);
CREATE INDEX cf_workspaces_updated_at ON workspaces (updated_at);

CREATE TABLE contact_tags (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    name TEXT,
    color TEXT,
    created_at TEXT,
    updated_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_contact_tags_workspace_id ON contact_tags (workspace_id, id);
CREATE INDEX cf_contact_tags_updated_at ON contact_tags (updated_at);

CREATE TABLE contacts (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    anonymous TEXT,
    email_address TEXT,
    first_name TEXT,
    last_name TEXT,
    phone_number TEXT,
    time_zone TEXT,
    uuid TEXT,
    unsubscribed_at TEXT,
    last_notification_email_sent_at TEXT,
    fb_url TEXT,
    twitter_url TEXT,
    instagram_url TEXT,
    linkedin_url TEXT,
    website_url TEXT,
    created_at TEXT,
    updated_at TEXT,
    tags TEXT,
    custom_attributes TEXT,
    visits TEXT,
    avatar_image TEXT,
    tag_ids TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_contacts_workspace_id ON contacts (workspace_id, id);
CREATE INDEX cf_contacts_email_address ON contacts (lower(email_address), workspace_id);
CREATE INDEX cf_contacts_updated_at ON contacts (updated_at);

CREATE TABLE images (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    url TEXT,
    workspace_id BIGINT,
    alt_text TEXT,
    name TEXT,
    created_at TEXT,
    updated_at TEXT,
    upload_source_url TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_images_workspace_id ON images (workspace_id, id);
CREATE INDEX cf_images_updated_at ON images (updated_at);

CREATE TABLE products (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    name TEXT,
    current_path TEXT,
    archived BOOLEAN,
    visible_in_store BOOLEAN,
    visible_in_customer_center BOOLEAN,
    image_id TEXT,
    seo_title TEXT,
    seo_description TEXT,
    seo_image_id TEXT,
    commissionable BOOLEAN,
    image_ids TEXT,
    default_variant_id BIGINT,
    variant_ids TEXT,
    price_ids TEXT,
    tag_ids TEXT,
    redirect_funnel_id TEXT,
    cancellation_funnel_url TEXT,
    created_at TEXT,
    updated_at TEXT,
    variant_properties TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_products_workspace_id ON products (workspace_id, id);
CREATE INDEX cf_products_default_variant_id ON products (default_variant_id);
CREATE INDEX cf_products_updated_at ON products (updated_at);
CREATE INDEX cf_products_cf_synced_at ON products (cf_synced_at);

CREATE TABLE product_variants (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    product_id BIGINT,
    name TEXT,
    description TEXT,
    sku TEXT,
    product_type TEXT,
    properties_value_ids TEXT,
    out_of_stock_sales TEXT,
    weight REAL,
    weight_unit TEXT,
    height REAL,
    width REAL,
    length REAL,
    dimensions_unit TEXT,
    quantity BIGINT,
    tag_ids TEXT,
    tax_category_id TEXT,
    asset_ids TEXT,
    taxable TEXT,
    track_quantity BOOLEAN,
    archived BOOLEAN,
    visible BOOLEAN,
    price_ids TEXT,
    fulfillment_required BOOLEAN,
    country_of_manufacture_id TEXT,
    image_ids TEXT,
    fulfillments_location_ids TEXT,
    created_at TEXT,
    updated_at TEXT,
    "default" BOOLEAN,
    properties_values TEXT,
    created_by_platform_application TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_product_variants_workspace_id ON product_variants (workspace_id, id);
CREATE INDEX cf_product_variants_product_id ON product_variants (product_id, id);
CREATE INDEX cf_product_variants_updated_at ON product_variants (updated_at);

CREATE TABLE product_prices (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    product_id BIGINT,
    workspace_id BIGINT,
    variant_id BIGINT,
    name TEXT,
    amount NUMERIC,
    cost NUMERIC,
    currency TEXT,
    duration TEXT,
    interval TEXT,
    trial_interval TEXT,
    trial_duration TEXT,
    trial_amount NUMERIC,
    setup_amount NUMERIC,
    self_cancel BOOLEAN,
    self_upgrade BOOLEAN,
    self_downgrade BOOLEAN,
    self_reactivate BOOLEAN,
    interval_count TEXT,
    payment_type TEXT,
    visible BOOLEAN,
    compare_at_amount NUMERIC,
    "key" TEXT,
    archived BOOLEAN,
    created_at TEXT,
    updated_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_product_prices_workspace_id ON product_prices (workspace_id, id);
CREATE INDEX cf_product_prices_product_id ON product_prices (product_id, id);
CREATE INDEX cf_product_prices_variant_id ON product_prices (variant_id);
CREATE INDEX cf_product_prices_updated_at ON product_prices (updated_at);

CREATE TABLE orders (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    order_number TEXT,
    workspace_id BIGINT,
    contact_id BIGINT,
    live_mode BOOLEAN,
    total_amount NUMERIC,
    currency TEXT,
    origination_channel_id BIGINT,
    origination_channel_type TEXT,
    shipping_address_first_name TEXT,
    shipping_address_last_name TEXT,
    shipping_address_organization_name TEXT,
    shipping_address_phone_number TEXT,
    shipping_address_street_one TEXT,
    shipping_address_street_two TEXT,
    shipping_address_city TEXT,
    shipping_address_region TEXT,
    shipping_address_country TEXT,
    shipping_address_postal_code TEXT,
    billing_address_street_one TEXT,
    billing_address_street_two TEXT,
    billing_address_city TEXT,
    billing_address_region TEXT,
    billing_address_country TEXT,
    billing_address_postal_code TEXT,
    page_id BIGINT,
    notes TEXT,
    in_trial BOOLEAN,
    billing_status TEXT,
    service_status TEXT,
    order_type TEXT,
    next_charge_at TEXT,
    tax_amount NUMERIC,
    trial_end_at TEXT,
    billing_payment_method_id TEXT,
    funnel_name TEXT,
    tag_ids TEXT,
    discount_ids TEXT,
    activated_at TEXT,
    workspace_sharing_id TEXT,
    canceled_at TEXT,
    canceled_by TEXT,
    cancel_reason TEXT,
    cancel_description TEXT,
    churned_at TEXT,
    created_at TEXT,
    updated_at TEXT,
    external_id TEXT,
    payment_processor TEXT,
    phone_number TEXT,
    page_name TEXT,
    origination_channel_name TEXT,
    order_page TEXT,
    contact TEXT,
    contact_groups TEXT,
    workspace TEXT,
    segments TEXT,
    line_items TEXT,
    previous_line_item TEXT,
    affiliate TEXT,
    referral_code TEXT,
    visits TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_orders_workspace_id ON orders (workspace_id, id);
CREATE INDEX cf_orders_contact_id ON orders (contact_id);
CREATE INDEX cf_orders_updated_at ON orders (updated_at);
CREATE INDEX cf_orders_cf_synced_at ON orders (cf_synced_at);

CREATE TABLE order_invoices (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    order_id BIGINT,
    status TEXT,
    due_amount NUMERIC,
    total_amount NUMERIC,
    subtotal_amount NUMERIC,
    tax_amount NUMERIC,
    shipping_amount NUMERIC,
    discount_amount NUMERIC,
    currency TEXT,
    issued_at TEXT,
    due_at TEXT,
    paid_at TEXT,
    invoice_type TEXT,
    invoice_number TEXT,
    fulfillment_status TEXT,
    created_at TEXT,
    updated_at TEXT,
    external_id TEXT,
    payment_processor TEXT,
    eligible_for_fulfillment BOOLEAN,
    line_items TEXT,
    "order" TEXT,
    visits TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_order_invoices_workspace_id ON order_invoices (workspace_id, id);
CREATE INDEX cf_order_invoices_order_id ON order_invoices (order_id);
CREATE INDEX cf_order_invoices_updated_at ON order_invoices (updated_at);

CREATE TABLE order_transactions (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    order_id BIGINT,
    status TEXT,
    external_type TEXT,
    external_id TEXT,
    amount NUMERIC,
    currency TEXT,
    reason TEXT,
    adjusted_transaction_id TEXT,
    result TEXT,
    billing_payment_instruction_id TEXT,
    billing_payment_instruction_type TEXT,
    arn TEXT,
    is_rebill BOOLEAN,
    rebill_number TEXT,
    created_at TEXT,
    updated_at TEXT,
    visits TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_order_transactions_workspace_id ON order_transactions (workspace_id, id);
CREATE INDEX cf_order_transactions_order_id ON order_transactions (order_id, id);
CREATE INDEX cf_order_transactions_updated_at ON order_transactions (updated_at);

CREATE TABLE fulfillment_locations (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    name TEXT,
    address_name TEXT,
    email_address TEXT,
    phone_number TEXT,
    sort_order BIGINT,
    archived BOOLEAN,
    external_app BOOLEAN,
    created_at TEXT,
    updated_at TEXT,
    address TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_fulfillment_locations_workspace_id ON fulfillment_locations (workspace_id, id);
CREATE INDEX cf_fulfillment_locations_email_address ON fulfillment_locations (lower(email_address), workspace_id);
CREATE INDEX cf_fulfillment_locations_updated_at ON fulfillment_locations (updated_at);

CREATE TABLE fulfillments (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    contact_id BIGINT,
    status TEXT,
    tracking_url TEXT,
    shipping_provider TEXT,
    tracking_code TEXT,
    location_id BIGINT,
    fulfillment_number BIGINT,
    created_at TEXT,
    updated_at TEXT,
    included_invoices_line_items TEXT,
    ignore_out_of_stock BOOLEAN,
    notify_customer BOOLEAN,
    included_orders_invoices_line_items_attributes TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_fulfillments_workspace_id ON fulfillments (workspace_id, id);
CREATE INDEX cf_fulfillments_contact_id ON fulfillments (contact_id);
CREATE INDEX cf_fulfillments_location_id ON fulfillments (location_id);
CREATE INDEX cf_fulfillments_updated_at ON fulfillments (updated_at);

CREATE TABLE courses (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    title TEXT,
    published_at TEXT,
    root_section_id TEXT,
    description TEXT,
    current_path TEXT,
    sharing_fingerprint TEXT,
    show_in_community BOOLEAN,
    show_to_non_members BOOLEAN,
    upgrade_url TEXT,
    redirect_to_full_course BOOLEAN,
    unauthorized_redirect_url TEXT,
    comments_enabled BOOLEAN,
    created_at TEXT,
    updated_at TEXT,
    image_url TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_courses_workspace_id ON courses (workspace_id, id);
CREATE INDEX cf_courses_updated_at ON courses (updated_at);
CREATE INDEX cf_courses_cf_synced_at ON courses (cf_synced_at);

CREATE TABLE enrollments (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    contact_id BIGINT,
    course_id BIGINT,
    created_at TEXT,
    updated_at TEXT,
    suspended BOOLEAN,
    suspension_reason TEXT,
    current_path TEXT,
    origination_source_type TEXT,
    origination_source_id BIGINT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_enrollments_workspace_id ON enrollments (workspace_id, id);
CREATE INDEX cf_enrollments_course_id ON enrollments (course_id, id);
CREATE INDEX cf_enrollments_contact_id ON enrollments (contact_id);
CREATE INDEX cf_enrollments_updated_at ON enrollments (updated_at);

CREATE TABLE forms (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    name TEXT,
    created_at TEXT,
    updated_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_forms_workspace_id ON forms (workspace_id, id);
CREATE INDEX cf_forms_updated_at ON forms (updated_at);
CREATE INDEX cf_forms_cf_synced_at ON forms (cf_synced_at);

CREATE TABLE submissions (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    form_id BIGINT,
    contact_id BIGINT,
    created_at TEXT,
    updated_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_submissions_workspace_id ON submissions (workspace_id, id);
CREATE INDEX cf_submissions_form_id ON submissions (form_id, id);
CREATE INDEX cf_submissions_contact_id ON submissions (contact_id);
CREATE INDEX cf_submissions_updated_at ON submissions (updated_at);

CREATE TABLE form_submissions (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    contact_id BIGINT,
    workspace_id BIGINT,
    page_id BIGINT,
    created_at TEXT,
    updated_at TEXT,
    data TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_form_submissions_workspace_id ON form_submissions (workspace_id, id);
CREATE INDEX cf_form_submissions_contact_id ON form_submissions (contact_id);
CREATE INDEX cf_form_submissions_updated_at ON form_submissions (updated_at);

CREATE TABLE webhook_endpoints (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    url TEXT,
    name TEXT,
    event_type_ids TEXT,
    api_version BIGINT,
    created_at TEXT,
    updated_at TEXT,
    page_ids TEXT,
    funnel_ids TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_webhook_endpoints_workspace_id ON webhook_endpoints (workspace_id, id);
CREATE INDEX cf_webhook_endpoints_updated_at ON webhook_endpoints (updated_at);

INSERT INTO sqlite_sequence (name, seq) VALUES
    ('teams', 900000000000000),
    ('workspaces', 900000000000000),
    ('contact_tags', 900000000000000),
    ('contacts', 900000000000000),
    ('images', 900000000000000),
    ('products', 900000000000000),
    ('product_variants', 900000000000000),
    ('product_prices', 900000000000000),
    ('orders', 900000000000000),
    ('order_invoices', 900000000000000),
    ('order_transactions', 900000000000000),
    ('fulfillment_locations', 900000000000000),
    ('fulfillments', 900000000000000),
    ('courses', 900000000000000),
    ('enrollments', 900000000000000),
    ('forms', 900000000000000),
    ('submissions', 900000000000000),
    ('form_submissions', 900000000000000),
    ('webhook_endpoints', 900000000000000);
