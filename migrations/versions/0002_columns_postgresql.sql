-- The columns that the tables of revision 0001 gain on PostgreSQL with revision 0002. Frozen.

ALTER TABLE teams ADD COLUMN billing_subscriptions JSONB;
ALTER TABLE teams ADD COLUMN memberships JSONB;
ALTER TABLE contacts ADD COLUMN is_active BOOLEAN;
ALTER TABLE contacts ADD COLUMN email_suppression_reason TEXT;
ALTER TABLE contacts ADD COLUMN deleted_at TIMESTAMPTZ;
ALTER TABLE product_variants ADD COLUMN has_access_to_all_valid_assets BOOLEAN;
ALTER TABLE product_variants ADD COLUMN included_courses JSONB;
ALTER TABLE product_variants ADD COLUMN included_space_groups JSONB;
ALTER TABLE product_variants ADD COLUMN included_courses_attributes JSONB;
ALTER TABLE product_variants ADD COLUMN included_space_groups_attributes JSONB;
ALTER TABLE orders ADD COLUMN recurring_invoices_paid_count BIGINT;
ALTER TABLE orders ADD COLUMN origination_channel_public_id TEXT;
ALTER TABLE orders ADD COLUMN paid_until TIMESTAMPTZ;
ALTER TABLE orders ADD COLUMN resource_install_intent TEXT;
ALTER TABLE orders ADD COLUMN renewal_at TIMESTAMPTZ;
ALTER TABLE courses ADD COLUMN image_id TEXT;
ALTER TABLE enrollments ADD COLUMN contact JSONB;

-- These refer to tables that are new.

CREATE INDEX cf_orders_page_id ON orders (page_id);
CREATE INDEX cf_form_submissions_page_id ON form_submissions (page_id);

-- These held text and hold integers now.

ALTER TABLE contacts ALTER COLUMN anonymous TYPE BIGINT
    USING CASE WHEN anonymous ~ '^[0-9]{1,18}$' THEN anonymous::bigint END;
ALTER TABLE product_prices ALTER COLUMN duration TYPE BIGINT
    USING CASE WHEN duration ~ '^[0-9]{1,18}$' THEN duration::bigint END;
ALTER TABLE product_prices ALTER COLUMN trial_duration TYPE BIGINT
    USING CASE WHEN trial_duration ~ '^[0-9]{1,18}$' THEN trial_duration::bigint END;
ALTER TABLE product_prices ALTER COLUMN interval_count TYPE BIGINT
    USING CASE WHEN interval_count ~ '^[0-9]{1,18}$' THEN interval_count::bigint END;

-- By these names rows are looked for: INSERT INTO contact_tag_links (contact_id, tag_name), and
-- whether another row has the name of a new one.

CREATE INDEX cf_contact_tags_name ON contact_tags (workspace_id, name);
CREATE INDEX cf_order_tags_name ON order_tags (workspace_id, name);
CREATE INDEX cf_product_tags_name ON product_tags (workspace_id, name);
CREATE INDEX cf_discounts_code ON discounts (workspace_id, code);
