-- The columns that the tables of revision 0001 gain on SQLite with revision 0002. Frozen.

ALTER TABLE teams ADD COLUMN billing_subscriptions TEXT;
ALTER TABLE teams ADD COLUMN memberships TEXT;
ALTER TABLE contacts ADD COLUMN is_active BOOLEAN;
ALTER TABLE contacts ADD COLUMN email_suppression_reason TEXT;
ALTER TABLE contacts ADD COLUMN deleted_at TEXT;
ALTER TABLE product_variants ADD COLUMN has_access_to_all_valid_assets BOOLEAN;
ALTER TABLE product_variants ADD COLUMN included_courses TEXT;
ALTER TABLE product_variants ADD COLUMN included_space_groups TEXT;
ALTER TABLE product_variants ADD COLUMN included_courses_attributes TEXT;
ALTER TABLE product_variants ADD COLUMN included_space_groups_attributes TEXT;
ALTER TABLE orders ADD COLUMN recurring_invoices_paid_count BIGINT;
ALTER TABLE orders ADD COLUMN origination_channel_public_id TEXT;
ALTER TABLE orders ADD COLUMN paid_until TEXT;
ALTER TABLE orders ADD COLUMN resource_install_intent TEXT;
ALTER TABLE orders ADD COLUMN renewal_at TEXT;
ALTER TABLE courses ADD COLUMN image_id TEXT;
ALTER TABLE enrollments ADD COLUMN contact TEXT;

-- These refer to tables that are new.

CREATE INDEX cf_orders_page_id ON orders (page_id);
CREATE INDEX cf_form_submissions_page_id ON form_submissions (page_id);

-- These held text and hold integers now.

PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(replace(sql, 'anonymous TEXT', 'anonymous BIGINT'),
    'anonymous" TEXT', 'anonymous" BIGINT') WHERE type = 'table' AND name = 'contacts';
UPDATE sqlite_schema SET sql = replace(replace(sql, 'duration TEXT', 'duration BIGINT'),
    'duration" TEXT', 'duration" BIGINT') WHERE type = 'table' AND name = 'product_prices';
UPDATE sqlite_schema SET sql = replace(replace(sql, 'trial_duration TEXT', 'trial_duration BIGINT'),
    'trial_duration" TEXT', 'trial_duration" BIGINT') WHERE type = 'table' AND name = 'product_prices';
UPDATE sqlite_schema SET sql = replace(replace(sql, 'interval_count TEXT', 'interval_count BIGINT'),
    'interval_count" TEXT', 'interval_count" BIGINT') WHERE type = 'table' AND name = 'product_prices';
PRAGMA writable_schema = RESET;
UPDATE contacts SET anonymous = CASE WHEN anonymous NOT GLOB '*[^0-9]*' THEN CAST(anonymous AS INTEGER) END
    WHERE anonymous IS NOT NULL;
UPDATE product_prices SET duration = CASE WHEN duration NOT GLOB '*[^0-9]*' THEN CAST(duration AS INTEGER) END
    WHERE duration IS NOT NULL;
UPDATE product_prices SET trial_duration = CASE WHEN trial_duration NOT GLOB '*[^0-9]*' THEN CAST(trial_duration AS INTEGER) END
    WHERE trial_duration IS NOT NULL;
UPDATE product_prices SET interval_count = CASE WHEN interval_count NOT GLOB '*[^0-9]*' THEN CAST(interval_count AS INTEGER) END
    WHERE interval_count IS NOT NULL;

-- By these names rows are looked for: INSERT INTO contact_tag_links (contact_id, tag_name), and
-- whether another row has the name of a new one.

CREATE INDEX cf_contact_tags_name ON contact_tags (workspace_id, name);
CREATE INDEX cf_order_tags_name ON order_tags (workspace_id, name);
CREATE INDEX cf_product_tags_name ON product_tags (workspace_id, name);
CREATE INDEX cf_discounts_code ON discounts (workspace_id, code);
