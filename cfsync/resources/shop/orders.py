"""What was sold: orders, invoices, transactions. Field facts: the API's OpenAPI document, version 2.0.0.

`contact_attributes`, which names the contact of an external order in another way, is no column: the
contact must exist, so that `contact_id` can name it.
"""

from __future__ import annotations

from cfsync.resources.field_table import table
from cfsync.resources.model import Action, Resource

ORDERS = Resource(
    name="orders",
    body_key="order",
    parent="workspaces",
    list_path="/workspaces/{parent}/orders",
    one_path="/orders/{id}",
    insert="create",
    update=True,
    refuse_insert="other orders are made by a checkout",
    refuse_delete="ClickFunnels has no delete for orders",
    actions={
        "cancel": Action(
            "POST",
            "/orders/{id}/cancel",
            does="cancels a subscription of Stripe or Payments AI",
            fields=table("""
                effective_date          text  create
                cancel_reason           text  create
                cancel_description      text  create
                cancelation_proration   text  create
                canceled_by             text  create
                voidable_invoices       json  create
            """),
            confirms=("order_number", "total_amount", "currency", "service_status"),
        ),
    },
    filters=("id", "contact_id", "order_type"),
    natural=("external_id", "contact_id", "order_type"),
    events=(
        "order.created",
        "order.updated",
        "order.deleted",
        "order.completed",
        "one-time-order.completed",
        "one-time-order.invoice.paid",
        "one_time_order.refunded",
        "subscription.activated",
        "subscription.canceled",
        "subscription.churned",
        "subscription.completed",
        "subscription.downgraded",
        "subscription.upgraded",
        "subscription.first_payment_received",
        "subscription.invoice.paid",
        "subscription.line_items.changed",
        "subscription.modified",
        "subscription.reactivated",
        "subscription.trial_started",
        "subscription.trial_ended",
        "subscription.trial_converted",
    ),
    pull_every="1m",
    fields=table("""
        id                                  integer
        public_id                           text?
        order_number                        text?
        workspace_id                        integer     ref=workspaces
        contact_id                          integer     create! ref=contacts
        live_mode                           boolean?    create!
        total_amount                        money?
        currency                            text
        origination_channel_id              integer
        origination_channel_type            text?
        shipping_address_first_name         text?       create update-if=payment_processor:external
        shipping_address_last_name          text?       create update-if=payment_processor:external
        shipping_address_organization_name  text?       create update-if=payment_processor:external
        shipping_address_phone_number       text?       create update-if=payment_processor:external
        shipping_address_street_one         text?       create update-if=payment_processor:external
        shipping_address_street_two         text?       create update-if=payment_processor:external
        shipping_address_city               text?       create update-if=payment_processor:external
        shipping_address_region             text?       create update-if=payment_processor:external
        shipping_address_country            text?       create update-if=payment_processor:external
        shipping_address_postal_code        text?       create update-if=payment_processor:external
        billing_address_street_one          text?       create update-if=payment_processor:external
        billing_address_street_two          text?       create update-if=payment_processor:external
        billing_address_city                text?       create update-if=payment_processor:external
        billing_address_region              text?       create update-if=payment_processor:external
        billing_address_country             text?       create update-if=payment_processor:external
        billing_address_postal_code         text?       create update-if=payment_processor:external
        page_id                             integer?    ref=pages
        notes                               text?       create update
        in_trial                            boolean?
        billing_status                      text?       create update-if=payment_processor:external
        service_status                      text?       create update-if=payment_processor:external
        order_type                          text?       create!
        next_charge_at                      timestamp?  create update-if=payment_processor:external
        tax_amount                          money?
        trial_end_at                        timestamp?  update-if=in_trial:true later
        billing_payment_method_id           text?
        funnel_name                         text?
        tag_ids                             json?       update ref=order_tags set via=order_applied_tags:tag_id
        discount_ids                        json?       ref=discounts
        activated_at                        timestamp?  create update-if=payment_processor:external
        workspace_sharing_id                text?
        canceled_at                         timestamp?  create update-if=payment_processor:external
        canceled_by                         text?       create update-if=payment_processor:external
        cancel_reason                       text?       create update-if=payment_processor:external
        cancel_description                  text?       create update-if=payment_processor:external
        churned_at                          timestamp?  create update-if=payment_processor:external
        created_at                          timestamp?
        updated_at                          timestamp?
        external_id                         text?       create update-if=payment_processor:external
        payment_processor                   text?       only=external
        phone_number                        text?
        page_name                           text?
        origination_channel_name            text?
        order_page                          json?       quote
        contact                             json        quote
        contact_groups                      json?       quote
        workspace                           json        quote
        segments                            json?       quote
        line_items                          json?       create! sent-as=line_items_attributes quote item=variant_id:product_variants:products_variant item=products_price_id:product_prices:products_price item=quantity
        previous_line_item                  text?
        affiliate                           json?       quote
        referral_code                       json?       quote
        visits                              json?       quote
        recurring_invoices_paid_count       integer
        origination_channel_public_id       text?
        paid_until                          timestamp?
        resource_install_intent             text?
        renewal_at                          timestamp?  update later
    """),
)

ORDER_APPLIED_TAGS = Resource(
    name="order_applied_tags",
    body_key="orders_applied_tag",
    parent="orders",
    list_path="/orders/{parent}/applied_tags",
    one_path="/orders/applied_tags/{id}",
    insert="create",
    delete=True,
    natural=("tag_id",),
    group="standard",
    mirrored=False,
    fields=table("""
        id            integer
        public_id     text?
        workspace_id  integer     path ref=workspaces
        order_id      integer     ref=orders
        tag_id        integer     create! ref=order_tags
        created_at    timestamp?
        updated_at    timestamp?
    """),
)

ORDER_INVOICES = Resource(
    name="order_invoices",
    body_key="orders_invoice",
    parent="workspaces",
    list_path="/workspaces/{parent}/orders/invoices",
    one_path="/orders/invoices/{id}",
    create_paths={"order_id": "/orders/{parent}/invoices"},
    insert="create",
    update=True,
    refuse_insert="other invoices are made by a payment processor",
    actions={
        "abandon": Action(
            "POST", "/orders/invoices/{id}/abandon", does="abandons an unpaid invoice"
        ),
    },
    filters=("id", "status", "invoice_type", "invoice_number", "external_id"),
    natural=("external_id", "order_id", "status"),
    events=(
        "orders/invoice.created",
        "orders/invoice.updated",
        "orders/invoice.paid",
        "orders/invoice.refunded",
        "orders/invoice.past_due",
        "orders/invoice.fulfilled",
        "orders/invoice.voided",
        "orders/invoice.abandoned",
        "orders/invoice.reissued",
    ),
    pull_every="5m",
    fields=table("""
        id                        integer
        public_id                 text?
        workspace_id              integer     path ref=workspaces
        order_id                  integer     ref=orders
        status                    text        create! update-if=payment_processor:external
        due_amount                money?
        total_amount              money?
        subtotal_amount           money?
        tax_amount                money?
        shipping_amount           money?      create update-if=payment_processor:external
        discount_amount           money?
        currency                  text?
        issued_at                 timestamp?  create update-if=payment_processor:external
        due_at                    timestamp?  create update-if=payment_processor:external
        paid_at                   timestamp?  create update-if=payment_processor:external
        invoice_type              text?       create
        invoice_number            text        create update-if=payment_processor:external
        fulfillment_status        text?
        created_at                timestamp?
        updated_at                timestamp?
        external_id               text?       create! update-if=payment_processor:external
        payment_processor         text?       only=external
        eligible_for_fulfillment  boolean?
        line_items                json?       create sent-as=line_items_attributes quote
        order                     json        quote
        visits                    json?       quote
    """),
)

ORDER_TRANSACTIONS = Resource(
    name="order_transactions",
    body_key="orders_transaction",
    parent="orders",
    list_path="/orders/{parent}/transactions",
    one_path="/orders/transactions/{id}",
    actions={
        "refund": Action(
            "POST",
            "/orders/transactions/{id}/refund",
            does="pays the full amount back",
            fields=table("reason text create"),
            confirms=("amount", "currency", "order_id", "status"),
        ),
    },
    events=("orders/transaction.created", "orders/transaction.updated"),
    pull_every="5m",
    fields=table("""
        id                                integer
        public_id                         text?
        workspace_id                      integer     path ref=workspaces
        order_id                          integer     ref=orders
        status                            text
        external_type                     text?
        external_id                       text
        amount                            money?
        currency                          text?
        reason                            text?
        adjusted_transaction_id           text?
        result                            text
        billing_payment_instruction_id    text?
        billing_payment_instruction_type  text?
        arn                               text?
        is_rebill                         boolean?
        rebill_number                     text?
        created_at                        timestamp?
        updated_at                        timestamp?
        visits                            json?       quote
    """),
)
