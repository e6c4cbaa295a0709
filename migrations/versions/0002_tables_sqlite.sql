-- The tables that revision 0002 adds on SQLite. Frozen: later revisions add to it.

CREATE TABLE order_tags (
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
CREATE INDEX cf_order_tags_workspace_id ON order_tags (workspace_id, id);
CREATE INDEX cf_order_tags_updated_at ON order_tags (updated_at);

CREATE TABLE product_tags (
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
CREATE INDEX cf_product_tags_workspace_id ON product_tags (workspace_id, id);
CREATE INDEX cf_product_tags_updated_at ON product_tags (updated_at);

CREATE TABLE product_collections (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    name TEXT,
    description TEXT,
    collection_type TEXT,
    product_ids TEXT,
    sort_method TEXT,
    archived BOOLEAN,
    image_id TEXT,
    visible_in_store BOOLEAN,
    current_path TEXT,
    seo_title TEXT,
    seo_description TEXT,
    seo_indexable TEXT,
    social_image_id TEXT,
    created_at TEXT,
    updated_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_product_collections_workspace_id ON product_collections (workspace_id, id);
CREATE INDEX cf_product_collections_updated_at ON product_collections (updated_at);

CREATE TABLE discounts (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    name TEXT,
    code TEXT,
    discount_type TEXT,
    discount_method TEXT,
    amount NUMERIC,
    percent REAL,
    currency TEXT,
    applies_to TEXT,
    apply_from TEXT,
    apply_until TEXT,
    limit_1_per_customer BOOLEAN,
    require_minimum_spend BOOLEAN,
    require_minimum_spend_amount BIGINT,
    discounts_per_redemption BIGINT,
    redemptions_count BIGINT,
    product_ids TEXT,
    variant_ids TEXT,
    products_collection_ids TEXT,
    active BOOLEAN,
    expired BOOLEAN,
    scheduled BOOLEAN,
    created_at TEXT,
    updated_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_discounts_workspace_id ON discounts (workspace_id, id);
CREATE INDEX cf_discounts_updated_at ON discounts (updated_at);

CREATE TABLE order_restocks (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    contact_id BIGINT,
    status TEXT,
    included_invoices_line_items TEXT,
    created_at TEXT,
    updated_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_order_restocks_workspace_id ON order_restocks (workspace_id, id);
CREATE INDEX cf_order_restocks_contact_id ON order_restocks (contact_id);
CREATE INDEX cf_order_restocks_updated_at ON order_restocks (updated_at);

CREATE TABLE downloads (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    asset_id BIGINT,
    name TEXT,
    created_at TEXT,
    updated_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_downloads_workspace_id ON downloads (workspace_id, id);
CREATE INDEX cf_downloads_updated_at ON downloads (updated_at);

CREATE TABLE external_purchase_endpoints (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    name TEXT,
    provider TEXT,
    live_mode BOOLEAN,
    suppress_order_system_emails BOOLEAN,
    url TEXT,
    webhook_secret_last_four TEXT,
    provider_metadata TEXT,
    created_at TEXT,
    updated_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_external_purchase_endpoints_workspace_id ON external_purchase_endpoints (workspace_id, id);
CREATE INDEX cf_external_purchase_endpoints_updated_at ON external_purchase_endpoints (updated_at);
CREATE INDEX cf_external_purchase_endpoints_cf_synced_at ON external_purchase_endpoints (cf_synced_at);

CREATE TABLE external_purchase_mappings (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    external_purchase_endpoint_id BIGINT,
    external_product_sku TEXT,
    products_variant_id BIGINT,
    products_price_id BIGINT,
    clickfunnels_product TEXT,
    clickfunnels_variant TEXT,
    clickfunnels_price TEXT,
    created_at TEXT,
    updated_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_external_purchase_mappings_workspace_id ON external_purchase_mappings (workspace_id, id);
CREATE INDEX cf_external_purchase_mappings_external_purchase_endpoint_id ON external_purchase_mappings (external_purchase_endpoint_id, id);
CREATE INDEX cf_external_purchase_mappings_products_variant_id ON external_purchase_mappings (products_variant_id);
CREATE INDEX cf_external_purchase_mappings_products_price_id ON external_purchase_mappings (products_price_id);
CREATE INDEX cf_external_purchase_mappings_updated_at ON external_purchase_mappings (updated_at);

CREATE TABLE external_purchase_events (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    external_purchase_endpoint_id BIGINT,
    order_id BIGINT,
    event_type TEXT,
    external_event_id TEXT,
    payload TEXT,
    processed_at TEXT,
    processing_status TEXT,
    processing_errors TEXT,
    created_at TEXT,
    updated_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_external_purchase_events_workspace_id ON external_purchase_events (workspace_id, id);
CREATE INDEX cf_external_purchase_events_external_purchase_endpoint_id ON external_purchase_events (external_purchase_endpoint_id, id);
CREATE INDEX cf_external_purchase_events_order_id ON external_purchase_events (order_id);
CREATE INDEX cf_external_purchase_events_updated_at ON external_purchase_events (updated_at);

CREATE TABLE shipping_profiles (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    name TEXT,
    variant_ids TEXT,
    created_at TEXT,
    updated_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_shipping_profiles_workspace_id ON shipping_profiles (workspace_id, id);
CREATE INDEX cf_shipping_profiles_updated_at ON shipping_profiles (updated_at);
CREATE INDEX cf_shipping_profiles_cf_synced_at ON shipping_profiles (cf_synced_at);

CREATE TABLE shipping_location_groups (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    profile_id BIGINT,
    name TEXT,
    fulfillments_location_ids TEXT,
    created_at TEXT,
    updated_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_shipping_location_groups_workspace_id ON shipping_location_groups (workspace_id, id);
CREATE INDEX cf_shipping_location_groups_profile_id ON shipping_location_groups (profile_id, id);
CREATE INDEX cf_shipping_location_groups_updated_at ON shipping_location_groups (updated_at);
CREATE INDEX cf_shipping_location_groups_cf_synced_at ON shipping_location_groups (cf_synced_at);

CREATE TABLE shipping_zones (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    location_group_id BIGINT,
    name TEXT,
    address_filter_id TEXT,
    region_ids TEXT,
    country_ids TEXT,
    includes_rest_of_world BOOLEAN,
    created_at TEXT,
    updated_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_shipping_zones_workspace_id ON shipping_zones (workspace_id, id);
CREATE INDEX cf_shipping_zones_location_group_id ON shipping_zones (location_group_id, id);
CREATE INDEX cf_shipping_zones_updated_at ON shipping_zones (updated_at);
CREATE INDEX cf_shipping_zones_cf_synced_at ON shipping_zones (cf_synced_at);

CREATE TABLE shipping_rate_names (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    name TEXT,
    created_at TEXT,
    updated_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_shipping_rate_names_workspace_id ON shipping_rate_names (workspace_id, id);
CREATE INDEX cf_shipping_rate_names_updated_at ON shipping_rate_names (updated_at);

CREATE TABLE shipping_rates (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    zone_id BIGINT,
    description TEXT,
    provider_name TEXT,
    price NUMERIC,
    price_currency TEXT,
    rates_name_id BIGINT,
    live_rates_provider TEXT,
    created_at TEXT,
    updated_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_shipping_rates_workspace_id ON shipping_rates (workspace_id, id);
CREATE INDEX cf_shipping_rates_zone_id ON shipping_rates (zone_id, id);
CREATE INDEX cf_shipping_rates_rates_name_id ON shipping_rates (rates_name_id);
CREATE INDEX cf_shipping_rates_updated_at ON shipping_rates (updated_at);

CREATE TABLE shipping_packages (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    package_type TEXT,
    height REAL,
    width REAL,
    length REAL,
    distance_unit TEXT,
    empty_weight TEXT,
    weight REAL,
    weight_unit TEXT,
    default_package BOOLEAN,
    name TEXT,
    token TEXT,
    carrier TEXT,
    created_at TEXT,
    updated_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_shipping_packages_workspace_id ON shipping_packages (workspace_id, id);
CREATE INDEX cf_shipping_packages_updated_at ON shipping_packages (updated_at);

CREATE TABLE course_sections (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    course_id BIGINT,
    title TEXT,
    published_at TEXT,
    description TEXT,
    days_till_drip_access BIGINT,
    blocker_section_id BIGINT,
    blocker_lesson_id BIGINT,
    current_path TEXT,
    is_hidden_from_non_members BOOLEAN,
    upgrade_url TEXT,
    parent_id BIGINT,
    sort_order BIGINT,
    created_at TEXT,
    updated_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_course_sections_workspace_id ON course_sections (workspace_id, id);
CREATE INDEX cf_course_sections_course_id ON course_sections (course_id, id);
CREATE INDEX cf_course_sections_blocker_section_id ON course_sections (blocker_section_id);
CREATE INDEX cf_course_sections_blocker_lesson_id ON course_sections (blocker_lesson_id);
CREATE INDEX cf_course_sections_parent_id ON course_sections (parent_id);
CREATE INDEX cf_course_sections_updated_at ON course_sections (updated_at);
CREATE INDEX cf_course_sections_cf_synced_at ON course_sections (cf_synced_at);

CREATE TABLE course_lessons (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    title TEXT,
    body TEXT,
    section_id BIGINT,
    published_at TEXT,
    current_path TEXT,
    sort_order BIGINT,
    created_at TEXT,
    updated_at TEXT,
    lesson_content TEXT,
    image_id TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_course_lessons_workspace_id ON course_lessons (workspace_id, id);
CREATE INDEX cf_course_lessons_section_id ON course_lessons (section_id, id);
CREATE INDEX cf_course_lessons_updated_at ON course_lessons (updated_at);

CREATE TABLE lesson_completions (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    course_id BIGINT,
    enrollment_id BIGINT,
    lesson_id BIGINT,
    completed_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_lesson_completions_workspace_id ON lesson_completions (workspace_id, id);
CREATE INDEX cf_lesson_completions_course_id ON lesson_completions (course_id, id);
CREATE INDEX cf_lesson_completions_enrollment_id ON lesson_completions (enrollment_id);
CREATE INDEX cf_lesson_completions_lesson_id ON lesson_completions (lesson_id);

CREATE TABLE section_publish_actions (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    course_id BIGINT,
    target_all BOOLEAN,
    target_ids TEXT,
    auto_enroll BOOLEAN,
    send_email BOOLEAN,
    offer_new_section_via_all_access_products BOOLEAN,
    target_count BIGINT,
    performed_count BIGINT,
    published_lessons_count BIGINT,
    status TEXT,
    scheduled_for TEXT,
    started_at TEXT,
    completed_at TEXT,
    created_by_id BIGINT,
    approved_by_id BIGINT,
    created_at TEXT,
    updated_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_section_publish_actions_workspace_id ON section_publish_actions (workspace_id, id);
CREATE INDEX cf_section_publish_actions_course_id ON section_publish_actions (course_id, id);
CREATE INDEX cf_section_publish_actions_updated_at ON section_publish_actions (updated_at);

CREATE TABLE form_field_sets (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    form_id BIGINT,
    title TEXT,
    created_at TEXT,
    updated_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_form_field_sets_workspace_id ON form_field_sets (workspace_id, id);
CREATE INDEX cf_form_field_sets_form_id ON form_field_sets (form_id, id);
CREATE INDEX cf_form_field_sets_updated_at ON form_field_sets (updated_at);
CREATE INDEX cf_form_field_sets_cf_synced_at ON form_field_sets (cf_synced_at);

CREATE TABLE form_fields (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    field_set_id BIGINT,
    label TEXT,
    field_type TEXT,
    allow_multiple BOOLEAN,
    "key" TEXT,
    hidden BOOLEAN,
    sort_order BIGINT,
    created_at TEXT,
    updated_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_form_fields_workspace_id ON form_fields (workspace_id, id);
CREATE INDEX cf_form_fields_field_set_id ON form_fields (field_set_id, id);
CREATE INDEX cf_form_fields_updated_at ON form_fields (updated_at);
CREATE INDEX cf_form_fields_cf_synced_at ON form_fields (cf_synced_at);

CREATE TABLE form_field_options (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    field_id BIGINT,
    label TEXT,
    sort_order BIGINT,
    created_at TEXT,
    updated_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_form_field_options_workspace_id ON form_field_options (workspace_id, id);
CREATE INDEX cf_form_field_options_field_id ON form_field_options (field_id, id);
CREATE INDEX cf_form_field_options_updated_at ON form_field_options (updated_at);

CREATE TABLE form_answers (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    submission_id BIGINT,
    field_id BIGINT,
    fields_option_id BIGINT,
    entry TEXT,
    fields_option_ids TEXT,
    created_at TEXT,
    updated_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_form_answers_workspace_id ON form_answers (workspace_id, id);
CREATE INDEX cf_form_answers_submission_id ON form_answers (submission_id, id);
CREATE INDEX cf_form_answers_field_id ON form_answers (field_id);
CREATE INDEX cf_form_answers_fields_option_id ON form_answers (fields_option_id);
CREATE INDEX cf_form_answers_updated_at ON form_answers (updated_at);

CREATE TABLE funnel_tags (
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
CREATE INDEX cf_funnel_tags_workspace_id ON funnel_tags (workspace_id, id);
CREATE INDEX cf_funnel_tags_updated_at ON funnel_tags (updated_at);

CREATE TABLE themes (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    name TEXT,
    custom_name TEXT,
    current_style_id BIGINT,
    created_at TEXT,
    updated_at TEXT,
    styles TEXT,
    template_pages TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_themes_workspace_id ON themes (workspace_id, id);
CREATE INDEX cf_themes_updated_at ON themes (updated_at);

CREATE TABLE domains (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    name TEXT,
    status TEXT,
    connected BOOLEAN,
    created_at TEXT,
    updated_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_domains_workspace_id ON domains (workspace_id, id);
CREATE INDEX cf_domains_updated_at ON domains (updated_at);

CREATE TABLE funnels (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    name TEXT,
    archived BOOLEAN,
    current_path TEXT,
    live_mode BOOLEAN,
    domain_id BIGINT,
    favicon_image_id TEXT,
    created_at TEXT,
    updated_at TEXT,
    tags TEXT,
    head_code TEXT,
    footer_code TEXT,
    head_code_mode TEXT,
    footer_code_mode TEXT,
    tag_ids TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_funnels_workspace_id ON funnels (workspace_id, id);
CREATE INDEX cf_funnels_domain_id ON funnels (domain_id);
CREATE INDEX cf_funnels_updated_at ON funnels (updated_at);
CREATE INDEX cf_funnels_cf_synced_at ON funnels (cf_synced_at);

CREATE TABLE pages (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    name TEXT,
    description TEXT,
    theme_id BIGINT,
    created_at TEXT,
    seo_title TEXT,
    seo_description TEXT,
    seo_index BOOLEAN,
    updated_at TEXT,
    type TEXT,
    current_path TEXT,
    url TEXT,
    show_page_step TEXT,
    funnel TEXT,
    sdk TEXT,
    head_code TEXT,
    footer_code TEXT,
    custom_css TEXT,
    markup TEXT,
    sort_order BIGINT,
    head_code_mode TEXT,
    footer_code_mode TEXT,
    custom_css_mode TEXT,
    external_url TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_pages_workspace_id ON pages (workspace_id, id);
CREATE INDEX cf_pages_theme_id ON pages (theme_id);
CREATE INDEX cf_pages_updated_at ON pages (updated_at);

CREATE TABLE stores (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    name TEXT,
    current_path TEXT,
    seo_title TEXT,
    seo_description TEXT,
    seo_indexable BOOLEAN,
    social_image_id TEXT,
    status TEXT,
    created_at TEXT,
    updated_at TEXT,
    workspace_id BIGINT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_stores_workspace_id ON stores (workspace_id, id);
CREATE INDEX cf_stores_updated_at ON stores (updated_at);

CREATE TABLE site (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    name TEXT,
    created_at TEXT,
    updated_at TEXT,
    head_code TEXT,
    footer_code TEXT,
    homepage_id TEXT,
    theme_id TEXT,
    blog_theme_id TEXT,
    store_theme_id TEXT,
    head_code_mode TEXT,
    footer_code_mode TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_site_workspace_id ON site (workspace_id, id);
CREATE INDEX cf_site_updated_at ON site (updated_at);

CREATE TABLE styles (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    theme_id BIGINT,
    name TEXT,
    created_at TEXT,
    updated_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_styles_workspace_id ON styles (workspace_id, id);
CREATE INDEX cf_styles_updated_at ON styles (updated_at);

CREATE TABLE split_test_steps (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    funnel_id BIGINT,
    funnel TEXT,
    variants TEXT,
    created_at TEXT,
    updated_at TEXT,
    show_page_step_id BIGINT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_split_test_steps_workspace_id ON split_test_steps (workspace_id, id);
CREATE INDEX cf_split_test_steps_funnel_id ON split_test_steps (funnel_id, id);
CREATE INDEX cf_split_test_steps_updated_at ON split_test_steps (updated_at);

CREATE TABLE conditional_split_steps (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    funnel_id BIGINT,
    funnel_public_id TEXT,
    condition TEXT,
    branches TEXT,
    created_at TEXT,
    updated_at TEXT,
    show_page_step_id BIGINT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_conditional_split_steps_workspace_id ON conditional_split_steps (workspace_id, id);
CREATE INDEX cf_conditional_split_steps_funnel_id ON conditional_split_steps (funnel_id, id);
CREATE INDEX cf_conditional_split_steps_updated_at ON conditional_split_steps (updated_at);

CREATE TABLE blogs (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    site_id BIGINT,
    name TEXT,
    current_path TEXT,
    url TEXT,
    theme_id BIGINT,
    resolved_template_page_id BIGINT,
    resolved_post_template_page_id BIGINT,
    resolved_category_template_page_id BIGINT,
    style_id BIGINT,
    seo_image_id BIGINT,
    seo_title TEXT,
    seo_description TEXT,
    created_at TEXT,
    updated_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_blogs_workspace_id ON blogs (workspace_id, id);
CREATE INDEX cf_blogs_theme_id ON blogs (theme_id);
CREATE INDEX cf_blogs_resolved_template_page_id ON blogs (resolved_template_page_id);
CREATE INDEX cf_blogs_resolved_post_template_page_id ON blogs (resolved_post_template_page_id);
CREATE INDEX cf_blogs_resolved_category_template_page_id ON blogs (resolved_category_template_page_id);
CREATE INDEX cf_blogs_style_id ON blogs (style_id);
CREATE INDEX cf_blogs_seo_image_id ON blogs (seo_image_id);
CREATE INDEX cf_blogs_updated_at ON blogs (updated_at);
CREATE INDEX cf_blogs_cf_synced_at ON blogs (cf_synced_at);

CREATE TABLE blog_tags (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    blog_id BIGINT,
    name TEXT,
    created_at TEXT,
    updated_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_blog_tags_workspace_id ON blog_tags (workspace_id, id);
CREATE INDEX cf_blog_tags_blog_id ON blog_tags (blog_id, id);
CREATE INDEX cf_blog_tags_updated_at ON blog_tags (updated_at);

CREATE TABLE blog_categories (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    blog_id BIGINT,
    name TEXT,
    current_path TEXT,
    created_at TEXT,
    updated_at TEXT,
    url TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_blog_categories_workspace_id ON blog_categories (workspace_id, id);
CREATE INDEX cf_blog_categories_blog_id ON blog_categories (blog_id, id);
CREATE INDEX cf_blog_categories_updated_at ON blog_categories (updated_at);

CREATE TABLE blog_authors (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    blog_id BIGINT,
    first_name TEXT,
    last_name TEXT,
    email_address TEXT,
    image_id BIGINT,
    created_at TEXT,
    updated_at TEXT,
    full_name TEXT,
    display_name TEXT,
    image_url TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_blog_authors_workspace_id ON blog_authors (workspace_id, id);
CREATE INDEX cf_blog_authors_blog_id ON blog_authors (blog_id, id);
CREATE INDEX cf_blog_authors_updated_at ON blog_authors (updated_at);

CREATE TABLE blog_posts (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    blog_id BIGINT,
    title TEXT,
    published_at TEXT,
    current_path TEXT,
    url TEXT,
    visibility TEXT,
    excerpt_content TEXT,
    seo_title TEXT,
    seo_description TEXT,
    image_id BIGINT,
    image_url TEXT,
    categories TEXT,
    tags TEXT,
    authors TEXT,
    markup TEXT,
    created_at TEXT,
    updated_at TEXT,
    author_ids TEXT,
    tag_ids TEXT,
    category_ids TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_blog_posts_workspace_id ON blog_posts (workspace_id, id);
CREATE INDEX cf_blog_posts_blog_id ON blog_posts (blog_id, id);
CREATE INDEX cf_blog_posts_image_id ON blog_posts (image_id);
CREATE INDEX cf_blog_posts_updated_at ON blog_posts (updated_at);

CREATE TABLE communities (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    site_id BIGINT,
    workspace_id BIGINT,
    name TEXT,
    status TEXT,
    private BOOLEAN,
    current_path TEXT,
    logo_image_id BIGINT,
    social_image_id BIGINT,
    seo_title TEXT,
    seo_description TEXT,
    seo_indexable BOOLEAN,
    white_label BOOLEAN,
    allow_public_signup BOOLEAN,
    upgrade_url TEXT,
    send_membership_email BOOLEAN,
    send_digest_email BOOLEAN,
    require_post_approvals BOOLEAN,
    require_comment_approvals BOOLEAN,
    anyone_can_invite BOOLEAN,
    invite_only BOOLEAN,
    enable_block_list BOOLEAN,
    notifications TEXT,
    created_at TEXT,
    updated_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_communities_workspace_id ON communities (workspace_id, id);
CREATE INDEX cf_communities_logo_image_id ON communities (logo_image_id);
CREATE INDEX cf_communities_social_image_id ON communities (social_image_id);
CREATE INDEX cf_communities_updated_at ON communities (updated_at);
CREATE INDEX cf_communities_cf_synced_at ON communities (cf_synced_at);

CREATE TABLE community_space_groups (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    community_id BIGINT,
    workspace_id BIGINT,
    name TEXT,
    description TEXT,
    access TEXT,
    group_type TEXT,
    current_path TEXT,
    emoji TEXT,
    card_image_id BIGINT,
    auto_add_to_spaces BOOLEAN,
    approval_terms TEXT,
    require_post_approvals BOOLEAN,
    require_post_approvals_override BOOLEAN,
    require_comment_approvals BOOLEAN,
    require_comment_approvals_override BOOLEAN,
    is_hidden BOOLEAN,
    is_hidden_from_non_members BOOLEAN,
    always_on BOOLEAN,
    upgrade_url TEXT,
    sort_order BIGINT,
    created_at TEXT,
    updated_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_community_space_groups_workspace_id ON community_space_groups (workspace_id, id);
CREATE INDEX cf_community_space_groups_community_id ON community_space_groups (community_id, id);
CREATE INDEX cf_community_space_groups_card_image_id ON community_space_groups (card_image_id);
CREATE INDEX cf_community_space_groups_updated_at ON community_space_groups (updated_at);
CREATE INDEX cf_community_space_groups_cf_synced_at ON community_space_groups (cf_synced_at);

CREATE TABLE community_spaces (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    space_group_id BIGINT,
    workspace_id BIGINT,
    name TEXT,
    access TEXT,
    current_path TEXT,
    emoji TEXT,
    card_image_id BIGINT,
    social_image_id BIGINT,
    members_can_post BOOLEAN,
    members_can_invite BOOLEAN,
    allow_post_titles BOOLEAN,
    allow_cover_images BOOLEAN,
    hide_from_featured BOOLEAN,
    layout_style TEXT,
    default_tab TEXT,
    default_post_sort TEXT,
    default_comment_sort TEXT,
    default_member_sort TEXT,
    pinned_posts_label TEXT,
    seo_title TEXT,
    seo_description TEXT,
    sort_order BIGINT,
    always_on BOOLEAN,
    upgrade_url TEXT,
    created_at TEXT,
    updated_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_community_spaces_workspace_id ON community_spaces (workspace_id, id);
CREATE INDEX cf_community_spaces_space_group_id ON community_spaces (space_group_id, id);
CREATE INDEX cf_community_spaces_card_image_id ON community_spaces (card_image_id);
CREATE INDEX cf_community_spaces_social_image_id ON community_spaces (social_image_id);
CREATE INDEX cf_community_spaces_updated_at ON community_spaces (updated_at);
CREATE INDEX cf_community_spaces_cf_synced_at ON community_spaces (cf_synced_at);

CREATE TABLE community_posts (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    community_space_id BIGINT,
    contact_id BIGINT,
    title TEXT,
    body TEXT,
    url TEXT,
    contact TEXT,
    "group" TEXT,
    topic TEXT,
    created_at TEXT,
    updated_at TEXT,
    image_id BIGINT,
    is_pinned BOOLEAN,
    current_path TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_community_posts_workspace_id ON community_posts (workspace_id, id);
CREATE INDEX cf_community_posts_community_space_id ON community_posts (community_space_id, id);
CREATE INDEX cf_community_posts_contact_id ON community_posts (contact_id);
CREATE INDEX cf_community_posts_image_id ON community_posts (image_id);
CREATE INDEX cf_community_posts_updated_at ON community_posts (updated_at);
CREATE INDEX cf_community_posts_cf_synced_at ON community_posts (cf_synced_at);

CREATE TABLE community_comments (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    community_post_id BIGINT,
    contact_id BIGINT,
    body TEXT,
    url TEXT,
    contact TEXT,
    "group" TEXT,
    post TEXT,
    created_at TEXT,
    updated_at TEXT,
    parent_comment_id BIGINT,
    skip_notifications BOOLEAN,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_community_comments_workspace_id ON community_comments (workspace_id, id);
CREATE INDEX cf_community_comments_community_post_id ON community_comments (community_post_id, id);
CREATE INDEX cf_community_comments_updated_at ON community_comments (updated_at);
CREATE INDEX cf_community_comments_cf_synced_at ON community_comments (cf_synced_at);

CREATE TABLE community_video_embeds (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    post_id BIGINT,
    provider TEXT,
    url TEXT,
    data TEXT,
    workspace_id BIGINT,
    created_at TEXT,
    updated_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_community_video_embeds_workspace_id ON community_video_embeds (workspace_id, id);
CREATE INDEX cf_community_video_embeds_post_id ON community_video_embeds (post_id, id);
CREATE INDEX cf_community_video_embeds_updated_at ON community_video_embeds (updated_at);

CREATE TABLE community_post_likes (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    post_id BIGINT,
    contact TEXT,
    created_at TEXT,
    updated_at TEXT,
    contact_id BIGINT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_community_post_likes_workspace_id ON community_post_likes (workspace_id, id);
CREATE INDEX cf_community_post_likes_post_id ON community_post_likes (post_id, id);
CREATE INDEX cf_community_post_likes_updated_at ON community_post_likes (updated_at);

CREATE TABLE community_comment_likes (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    comment_id BIGINT,
    contact TEXT,
    created_at TEXT,
    updated_at TEXT,
    contact_id BIGINT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_community_comment_likes_workspace_id ON community_comment_likes (workspace_id, id);
CREATE INDEX cf_community_comment_likes_comment_id ON community_comment_likes (comment_id, id);
CREATE INDEX cf_community_comment_likes_updated_at ON community_comment_likes (updated_at);

CREATE TABLE community_memberships (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    community_id BIGINT,
    moderator BOOLEAN,
    created_at TEXT,
    updated_at TEXT,
    contact TEXT,
    contact_id BIGINT,
    space_ids TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_community_memberships_workspace_id ON community_memberships (workspace_id, id);
CREATE INDEX cf_community_memberships_community_id ON community_memberships (community_id, id);
CREATE INDEX cf_community_memberships_contact_id ON community_memberships (contact_id);
CREATE INDEX cf_community_memberships_updated_at ON community_memberships (updated_at);

CREATE TABLE community_bans (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    community_id BIGINT,
    bannable_type TEXT,
    bannable_id BIGINT,
    banned_by_id BIGINT,
    reason TEXT,
    created_at TEXT,
    updated_at TEXT,
    contact TEXT,
    contact_id BIGINT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_community_bans_workspace_id ON community_bans (workspace_id, id);
CREATE INDEX cf_community_bans_community_id ON community_bans (community_id, id);
CREATE INDEX cf_community_bans_updated_at ON community_bans (updated_at);

CREATE TABLE community_membership_exports (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    community_id BIGINT,
    target_all BOOLEAN,
    target_ids TEXT,
    failed_ids TEXT,
    target_count BIGINT,
    performed_count BIGINT,
    started_at TEXT,
    completed_at TEXT,
    created_at TEXT,
    updated_at TEXT,
    status TEXT,
    fields TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_community_membership_exports_workspace_id ON community_membership_exports (workspace_id, id);
CREATE INDEX cf_community_membership_exports_community_id ON community_membership_exports (community_id, id);
CREATE INDEX cf_community_membership_exports_updated_at ON community_membership_exports (updated_at);

CREATE TABLE community_ban_exports (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    community_id BIGINT,
    target_all BOOLEAN,
    target_ids TEXT,
    failed_ids TEXT,
    target_count BIGINT,
    performed_count BIGINT,
    started_at TEXT,
    completed_at TEXT,
    created_at TEXT,
    updated_at TEXT,
    status TEXT,
    fields TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_community_ban_exports_workspace_id ON community_ban_exports (workspace_id, id);
CREATE INDEX cf_community_ban_exports_community_id ON community_ban_exports (community_id, id);
CREATE INDEX cf_community_ban_exports_updated_at ON community_ban_exports (updated_at);

CREATE TABLE refine_filters (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    name TEXT,
    filter_class TEXT,
    conjunction TEXT,
    criteria TEXT,
    created_at TEXT,
    updated_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_refine_filters_workspace_id ON refine_filters (workspace_id, id);
CREATE INDEX cf_refine_filters_updated_at ON refine_filters (updated_at);

CREATE TABLE email_domains (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    name TEXT,
    ownership_verified BOOLEAN,
    verified BOOLEAN,
    ready_for_sending BOOLEAN,
    dkim_verified BOOLEAN,
    spf_verified BOOLEAN,
    dmarc_verified BOOLEAN,
    smtp_verified BOOLEAN,
    return_address_verified BOOLEAN,
    dkim_record TEXT,
    spf_record TEXT,
    dmarc_record TEXT,
    return_address_record TEXT,
    next_steps TEXT,
    created_at TEXT,
    updated_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_email_domains_workspace_id ON email_domains (workspace_id, id);
CREATE INDEX cf_email_domains_updated_at ON email_domains (updated_at);

CREATE TABLE email_addresses (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    email_address TEXT,
    name TEXT,
    is_workspace_default BOOLEAN,
    usable_as_sender BOOLEAN,
    emails_domain TEXT,
    created_at TEXT,
    updated_at TEXT,
    username TEXT,
    domain TEXT,
    label TEXT,
    emails_domain_id BIGINT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_email_addresses_workspace_id ON email_addresses (workspace_id, id);
CREATE INDEX cf_email_addresses_emails_domain_id ON email_addresses (emails_domain_id);
CREATE INDEX cf_email_addresses_updated_at ON email_addresses (updated_at);

CREATE TABLE email_topics (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    name TEXT,
    description TEXT,
    created_at TEXT,
    updated_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_email_topics_workspace_id ON email_topics (workspace_id, id);
CREATE INDEX cf_email_topics_updated_at ON email_topics (updated_at);

CREATE TABLE email_templates (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    name TEXT,
    template_type TEXT,
    created_at TEXT,
    updated_at TEXT,
    subject TEXT,
    html_body TEXT,
    text_body TEXT,
    created_via_api BOOLEAN,
    from_address TEXT,
    from_address_id BIGINT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_email_templates_workspace_id ON email_templates (workspace_id, id);
CREATE INDEX cf_email_templates_from_address_id ON email_templates (from_address_id);
CREATE INDEX cf_email_templates_updated_at ON email_templates (updated_at);

CREATE TABLE email_broadcasts (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    name TEXT,
    subject TEXT,
    preheadline TEXT,
    status TEXT,
    origination_channel_type TEXT,
    origination_channel_id BIGINT,
    external_id TEXT,
    filter_id BIGINT,
    send_at TEXT,
    send_at_local_time TEXT,
    time_zone TEXT,
    send_immediately BOOLEAN,
    sending_at TEXT,
    complete_at TEXT,
    from_email TEXT,
    from_name TEXT,
    reply_to_email TEXT,
    template TEXT,
    topic_ids TEXT,
    created_at TEXT,
    updated_at TEXT,
    smart_sending BOOLEAN,
    smart_sending_time REAL,
    smart_sending_unit TEXT,
    split_test BOOLEAN,
    split_test_percentage BIGINT,
    split_test_wait_time BIGINT,
    variants TEXT,
    html_body TEXT,
    text_body TEXT,
    template_id BIGINT,
    recipients TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_email_broadcasts_workspace_id ON email_broadcasts (workspace_id, id);
CREATE INDEX cf_email_broadcasts_filter_id ON email_broadcasts (filter_id);
CREATE INDEX cf_email_broadcasts_template_id ON email_broadcasts (template_id);
CREATE INDEX cf_email_broadcasts_updated_at ON email_broadcasts (updated_at);
CREATE INDEX cf_email_broadcasts_cf_synced_at ON email_broadcasts (cf_synced_at);

CREATE TABLE email_send_actions (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    send_type TEXT,
    target_ids TEXT,
    target_count BIGINT,
    performed_count BIGINT,
    scheduled_for TEXT,
    started_at TEXT,
    completed_at TEXT,
    created_by_id BIGINT,
    approved_by_id BIGINT,
    created_at TEXT,
    updated_at TEXT,
    broadcast_id BIGINT,
    send_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_email_send_actions_workspace_id ON email_send_actions (workspace_id, id);
CREATE INDEX cf_email_send_actions_broadcast_id ON email_send_actions (broadcast_id, id);
CREATE INDEX cf_email_send_actions_updated_at ON email_send_actions (updated_at);

CREATE TABLE email_settings (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    workspace_id BIGINT,
    system_emails_from_address TEXT,
    system_emails_reply_to_address TEXT,
    marketing_emails_from_address TEXT,
    marketing_emails_reply_to_address TEXT,
    address TEXT,
    address_complete BOOLEAN,
    name TEXT,
    hide_branding BOOLEAN,
    unsubscribe_footer TEXT,
    footer_alignment TEXT,
    address_single_line BOOLEAN,
    system_emails_from_address_id BIGINT,
    system_emails_reply_to_address_id BIGINT,
    marketing_emails_from_address_id BIGINT,
    marketing_emails_reply_to_address_id BIGINT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_email_settings_workspace_id ON email_settings (workspace_id, id);

CREATE TABLE sales_pipelines (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    name TEXT,
    created_at TEXT,
    updated_at TEXT,
    total_value BIGINT,
    stages TEXT,
    stages_attributes TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_sales_pipelines_workspace_id ON sales_pipelines (workspace_id, id);
CREATE INDEX cf_sales_pipelines_updated_at ON sales_pipelines (updated_at);
CREATE INDEX cf_sales_pipelines_cf_synced_at ON sales_pipelines (cf_synced_at);

CREATE TABLE sales_stages (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    pipeline_id BIGINT,
    name TEXT,
    sort_order BIGINT,
    close_probability REAL,
    opportunity_ids TEXT,
    created_at TEXT,
    updated_at TEXT,
    total_value BIGINT,
    weighted_value NUMERIC,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_sales_stages_workspace_id ON sales_stages (workspace_id, id);
CREATE INDEX cf_sales_stages_pipeline_id ON sales_stages (pipeline_id, id);
CREATE INDEX cf_sales_stages_updated_at ON sales_stages (updated_at);

CREATE TABLE sales_opportunities (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    name TEXT,
    workspace_id BIGINT,
    pipeline_id BIGINT,
    pipelines_stage_id BIGINT,
    primary_contact_id BIGINT,
    value NUMERIC,
    sort_order BIGINT,
    closed_at TEXT,
    created_at TEXT,
    updated_at TEXT,
    pipeline TEXT,
    pipelines_stage TEXT,
    primary_contact TEXT,
    assignee_id BIGINT,
    notes TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_sales_opportunities_workspace_id ON sales_opportunities (workspace_id, id);
CREATE INDEX cf_sales_opportunities_pipeline_id ON sales_opportunities (pipeline_id);
CREATE INDEX cf_sales_opportunities_pipelines_stage_id ON sales_opportunities (pipelines_stage_id);
CREATE INDEX cf_sales_opportunities_primary_contact_id ON sales_opportunities (primary_contact_id);
CREATE INDEX cf_sales_opportunities_assignee_id ON sales_opportunities (assignee_id);
CREATE INDEX cf_sales_opportunities_updated_at ON sales_opportunities (updated_at);
CREATE INDEX cf_sales_opportunities_cf_synced_at ON sales_opportunities (cf_synced_at);

CREATE TABLE sales_opportunity_notes (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    opportunity_id BIGINT,
    content TEXT,
    created_by_id BIGINT,
    created_at TEXT,
    updated_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_sales_opportunity_notes_workspace_id ON sales_opportunity_notes (workspace_id, id);
CREATE INDEX cf_sales_opportunity_notes_opportunity_id ON sales_opportunity_notes (opportunity_id, id);
CREATE INDEX cf_sales_opportunity_notes_created_by_id ON sales_opportunity_notes (created_by_id);
CREATE INDEX cf_sales_opportunity_notes_updated_at ON sales_opportunity_notes (updated_at);

CREATE TABLE workflows (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    name TEXT,
    status TEXT,
    disabled BOOLEAN,
    archived BOOLEAN,
    run_type TEXT,
    active_runs_count BIGINT,
    completed_runs_count BIGINT,
    created_at TEXT,
    updated_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_workflows_workspace_id ON workflows (workspace_id, id);
CREATE INDEX cf_workflows_updated_at ON workflows (updated_at);
CREATE INDEX cf_workflows_cf_synced_at ON workflows (cf_synced_at);

CREATE TABLE workflow_triggers (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    workflow_id BIGINT,
    event_type_key TEXT,
    event_type_name TEXT,
    active BOOLEAN,
    allow_anonymous_contacts BOOLEAN,
    subscription_cancelation_reason TEXT,
    contacts_tag_id BIGINT,
    funnel_id BIGINT,
    page_id BIGINT,
    product_id BIGINT,
    cancellation_product_id BIGINT,
    product_variant_id BIGINT,
    cancellation_product_variant_id BIGINT,
    subscription_variant_to_id BIGINT,
    sales_pipelines_id BIGINT,
    current_sales_pipelines_stage_id BIGINT,
    appointments_calendar_id BIGINT,
    appointments_event_type_id BIGINT,
    course_id BIGINT,
    courses_lesson_id BIGINT,
    courses_section_id BIGINT,
    community_id BIGINT,
    communities_space_id BIGINT,
    communities_space_group_id BIGINT,
    emails_broadcasts_id BIGINT,
    calendar_event_id BIGINT,
    survey_workflow_id BIGINT,
    workflows_step_id BIGINT,
    created_at TEXT,
    updated_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_workflow_triggers_workspace_id ON workflow_triggers (workspace_id, id);
CREATE INDEX cf_workflow_triggers_workflow_id ON workflow_triggers (workflow_id, id);
CREATE INDEX cf_workflow_triggers_updated_at ON workflow_triggers (updated_at);

CREATE TABLE workflow_steps (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    workflow_id BIGINT,
    step_type TEXT,
    name TEXT,
    sort_order BIGINT,
    state TEXT,
    parent_step_id BIGINT,
    branch TEXT,
    convergence_step_id BIGINT,
    step_type_settings TEXT,
    created_at TEXT,
    updated_at TEXT,
    position BIGINT,
    after_step_id TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_workflow_steps_workspace_id ON workflow_steps (workspace_id, id);
CREATE INDEX cf_workflow_steps_workflow_id ON workflow_steps (workflow_id, id);
CREATE INDEX cf_workflow_steps_updated_at ON workflow_steps (updated_at);

CREATE TABLE workflow_runs (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    workflow_id BIGINT,
    contact_id BIGINT,
    current_step_id BIGINT,
    event_id BIGINT,
    type TEXT,
    status TEXT,
    skip_communication BOOLEAN,
    completed_at TEXT,
    paused_at TEXT,
    created_at TEXT,
    updated_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_workflow_runs_workspace_id ON workflow_runs (workspace_id, id);
CREATE INDEX cf_workflow_runs_workflow_id ON workflow_runs (workflow_id, id);
CREATE INDEX cf_workflow_runs_contact_id ON workflow_runs (contact_id);
CREATE INDEX cf_workflow_runs_current_step_id ON workflow_runs (current_step_id);
CREATE INDEX cf_workflow_runs_updated_at ON workflow_runs (updated_at);

CREATE TABLE contact_tag_actions (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    tag_ids TEXT,
    action_type TEXT,
    filter_id BIGINT,
    target_all BOOLEAN,
    target_ids TEXT,
    target_count BIGINT,
    performed_count BIGINT,
    created_by_id BIGINT,
    approved_by_id BIGINT,
    scheduled_for TEXT,
    started_at TEXT,
    completed_at TEXT,
    created_at TEXT,
    updated_at TEXT,
    stable_id TEXT,
    stored_filter_id TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_contact_tag_actions_workspace_id ON contact_tag_actions (workspace_id, id);
CREATE INDEX cf_contact_tag_actions_updated_at ON contact_tag_actions (updated_at);

CREATE TABLE contact_enroll_actions (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    course_ids TEXT,
    section_ids TEXT,
    filter_id BIGINT,
    target_all BOOLEAN,
    target_ids TEXT,
    target_count BIGINT,
    performed_count BIGINT,
    created_by_id BIGINT,
    scheduled_for TEXT,
    started_at TEXT,
    completed_at TEXT,
    created_at TEXT,
    updated_at TEXT,
    stable_id TEXT,
    stored_filter_id TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_contact_enroll_actions_workspace_id ON contact_enroll_actions (workspace_id, id);
CREATE INDEX cf_contact_enroll_actions_updated_at ON contact_enroll_actions (updated_at);

CREATE TABLE contact_run_workflow_actions (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    workflow_id BIGINT,
    force_run BOOLEAN,
    filter_id BIGINT,
    target_all BOOLEAN,
    target_ids TEXT,
    target_count BIGINT,
    performed_count BIGINT,
    created_by_id BIGINT,
    approved_by_id BIGINT,
    scheduled_for TEXT,
    started_at TEXT,
    completed_at TEXT,
    created_at TEXT,
    updated_at TEXT,
    stable_id TEXT,
    stored_filter_id TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_contact_run_workflow_actions_workspace_id ON contact_run_workflow_actions (workspace_id, id);
CREATE INDEX cf_contact_run_workflow_actions_updated_at ON contact_run_workflow_actions (updated_at);

CREATE TABLE contact_unsubscribe_actions (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    filter_id BIGINT,
    target_all BOOLEAN,
    target_ids TEXT,
    target_count BIGINT,
    performed_count BIGINT,
    created_by_id BIGINT,
    approved_by_id BIGINT,
    scheduled_for TEXT,
    started_at TEXT,
    completed_at TEXT,
    created_at TEXT,
    updated_at TEXT,
    stable_id TEXT,
    stored_filter_id TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_contact_unsubscribe_actions_workspace_id ON contact_unsubscribe_actions (workspace_id, id);
CREATE INDEX cf_contact_unsubscribe_actions_updated_at ON contact_unsubscribe_actions (updated_at);

CREATE TABLE contact_export_actions (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    fields TEXT,
    file_url TEXT,
    filter_id BIGINT,
    target_all BOOLEAN,
    target_ids TEXT,
    target_count BIGINT,
    performed_count BIGINT,
    created_by_id BIGINT,
    approved_by_id BIGINT,
    scheduled_for TEXT,
    started_at TEXT,
    completed_at TEXT,
    created_at TEXT,
    updated_at TEXT,
    stable_id TEXT,
    stored_filter_id TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_contact_export_actions_workspace_id ON contact_export_actions (workspace_id, id);
CREATE INDEX cf_contact_export_actions_updated_at ON contact_export_actions (updated_at);

CREATE TABLE appointments (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    workspace_id BIGINT,
    start_on TEXT,
    end_on TEXT,
    status TEXT,
    max_invitees BIGINT,
    order_id TEXT,
    comments TEXT,
    tzid TEXT,
    created_at TEXT,
    updated_at TEXT,
    event_type TEXT,
    primary_contact TEXT,
    primary_contact_id BIGINT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_appointments_workspace_id ON appointments (workspace_id, id);
CREATE INDEX cf_appointments_primary_contact_id ON appointments (primary_contact_id);
CREATE INDEX cf_appointments_updated_at ON appointments (updated_at);

CREATE TABLE team_memberships (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    team_id BIGINT,
    user_id BIGINT,
    user_first_name TEXT,
    user_last_name TEXT,
    user_profile_photo_id TEXT,
    user_email TEXT,
    added_by_id BIGINT,
    platform_agent_of_id BIGINT,
    role_ids TEXT,
    created_at TEXT,
    updated_at TEXT,
    "user" TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_team_memberships_team_id ON team_memberships (team_id);
CREATE INDEX cf_team_memberships_updated_at ON team_memberships (updated_at);

CREATE TABLE users (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    public_id TEXT,
    email TEXT,
    first_name TEXT,
    last_name TEXT,
    time_zone TEXT,
    locale TEXT,
    created_at TEXT,
    updated_at TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_users_updated_at ON users (updated_at);

CREATE TABLE countries (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    iso2 TEXT,
    iso3 TEXT,
    name TEXT,
    localized_name TEXT,
    has_regions BOOLEAN,
    cf_rev BIGINT,
    cf_synced_at TEXT
);

CREATE TABLE regions (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    country_id BIGINT,
    code TEXT,
    name TEXT,
    localized_name TEXT,
    country_code TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
CREATE INDEX cf_regions_country_id ON regions (country_id);

CREATE TABLE webhook_event_types (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name TEXT,
    topic TEXT,
    cf_rev BIGINT,
    cf_synced_at TEXT
);
