-- +goose Up
-- What is sold again and again. The amount is that of the day of the purchase until somebody changes it.
-- anchor and cycle give every boundary (civil.Boundary); next_at is the next instant at which something of it falls due;
-- status is what the facts said when they were assessed last (see subscription.Assess).
CREATE TABLE subscriptions (
    id             TEXT COLLATE "C" PRIMARY KEY,
    customer_id    TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    order_item_id  TEXT COLLATE "C" NOT NULL UNIQUE REFERENCES order_items (id),
    kind           TEXT NOT NULL CHECK (kind IN ('license', 'addon')),
    license_id     TEXT COLLATE "C" REFERENCES licenses (id), -- that it pays for, or that it adds to
    product_id     TEXT COLLATE "C" NOT NULL REFERENCES products (id),
    plan_id        TEXT COLLATE "C" NOT NULL REFERENCES plans (id),
    price_id       TEXT COLLATE "C" NOT NULL REFERENCES prices (id),
    description    TEXT NOT NULL,
    status         TEXT NOT NULL CHECK (status IN ('trialing', 'active', 'past_due', 'suspended', 'cancelled', 'expired')),
    currency       TEXT NOT NULL,
    unit_amount    BIGINT NOT NULL CHECK (unit_amount >= 0),
    quantity       BIGINT NOT NULL CHECK (quantity > 0),
    cycle          TEXT NOT NULL CHECK (cycle IN ('monthly', 'quarterly', 'semi_annual', 'annual', 'biennial', 'triennial')),
    anchor         TEXT COLLATE "C" NOT NULL,
    tax_class      TEXT NOT NULL DEFAULT 'standard',
    gateway        TEXT NOT NULL, -- by which it is paid unless a saved method is charged
    started_on     TEXT COLLATE "C" NOT NULL,
    trial_ends_at  BIGINT,
    next_due       TEXT COLLATE "C" NOT NULL, -- where the last period that was invoiced or given ends
    next_at        BIGINT,
    license_until  BIGINT, -- the expiry that this subscription gave its license last; a later one is staff's
    coupon_id      TEXT COLLATE "C" REFERENCES coupons (id),
    coupon_charges BIGINT CHECK (coupon_charges >= 0), -- that it still counts for; null: all
    cancel_on      TEXT COLLATE "C", -- asked to end on this day: the end of the paid period
    paused_on      TEXT COLLATE "C",
    ended_on       TEXT COLLATE "C",
    end_reason     TEXT NOT NULL DEFAULT '' CHECK (end_reason IN ('', 'cancelled', 'unpaid', 'refunded', 'dispute_lost', 'staff')),
    change_price_id TEXT COLLATE "C" REFERENCES prices (id), -- to this one at the next renewal
    change_quantity BIGINT CHECK (change_quantity > 0),
    change_on      TEXT COLLATE "C", -- from when that counts
    suspended_on   TEXT COLLATE "C", -- since when a hold of the payment stands
    grace_until    BIGINT, -- staff let its license run until then, although it is past due
    credit_due     BIGINT NOT NULL DEFAULT 0 CHECK (credit_due >= 0), -- for suspended time, taken off the next invoice
    version        BIGINT NOT NULL DEFAULT 1,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    CHECK ((ended_on IS NULL) = (end_reason = '')),
    CHECK ((status = 'expired') = (ended_on IS NOT NULL)),
    CHECK ((change_on IS NULL) = (change_price_id IS NULL)),
    CHECK ((change_on IS NULL) = (change_quantity IS NULL)),
    CHECK (kind = 'license' OR license_id IS NOT NULL),
    CHECK (coupon_id IS NOT NULL OR coupon_charges IS NULL),
    CHECK (status <> 'expired' OR next_at IS NULL)
);
CREATE INDEX subscriptions_due ON subscriptions (next_at, id) WHERE next_at IS NOT NULL;
CREATE INDEX subscriptions_by_customer ON subscriptions (customer_id, id);
CREATE INDEX subscriptions_by_license ON subscriptions (license_id) WHERE license_id IS NOT NULL;
CREATE INDEX subscriptions_by_status ON subscriptions (status, id);
CREATE INDEX subscriptions_by_product ON subscriptions (product_id, status, id);
CREATE INDEX subscriptions_by_price ON subscriptions (price_id, id);
CREATE INDEX subscriptions_trials ON subscriptions (trial_ends_at, id) WHERE status = 'trialing';

-- The periods of a subscription tile time. Each is billed once: whoever comes second finds its start taken.
-- open: invoiced and not paid; paid; given: nothing was asked for it (a trial); removed: its line was taken back, a
-- person decides what becomes of it; lapsed: it ended unpaid; disputed: paid, and the payment is in dispute.
CREATE TABLE subscription_periods (
    subscription_id TEXT COLLATE "C" NOT NULL REFERENCES subscriptions (id),
    starts_on       TEXT COLLATE "C" NOT NULL,
    ends_on         TEXT COLLATE "C" NOT NULL,
    line_id         TEXT COLLATE "C",
    invoice_id      TEXT COLLATE "C" REFERENCES invoices (id),
    due_on          TEXT COLLATE "C" NOT NULL,
    price_id        TEXT COLLATE "C" NOT NULL REFERENCES prices (id),
    amount          BIGINT NOT NULL CHECK (amount >= 0), -- of the whole period at its price, before discount and tax
    state           TEXT NOT NULL CHECK (state IN ('open', 'paid', 'given', 'removed', 'lapsed', 'disputed')),
    PRIMARY KEY (subscription_id, starts_on),
    CHECK (starts_on < ends_on),
    CHECK (state NOT IN ('open', 'paid', 'disputed') OR line_id IS NOT NULL)
);
CREATE INDEX subscription_periods_by_line ON subscription_periods (line_id) WHERE line_id IS NOT NULL;

-- What an add-on gives to its license while it is paid for.
CREATE TABLE license_addons (
    id                TEXT COLLATE "C" PRIMARY KEY,
    license_id        TEXT COLLATE "C" NOT NULL REFERENCES licenses (id),
    plan_id           TEXT COLLATE "C" NOT NULL REFERENCES plans (id),
    subscription_id   TEXT COLLATE "C" UNIQUE REFERENCES subscriptions (id), -- null: bought once, for good
    line_id           TEXT COLLATE "C" UNIQUE,
    quantity          BIGINT NOT NULL CHECK (quantity > 0),
    extra_activations BIGINT NOT NULL CHECK (extra_activations >= 0),
    entitlements      TEXT NOT NULL DEFAULT '{}',
    active            BOOLEAN NOT NULL,
    created_at        BIGINT NOT NULL,
    ended_at          BIGINT
);
CREATE INDEX license_addons_by_license ON license_addons (license_id, id);

-- A change of what many subscriptions cost: planned, told to the customers, applied at each one's next renewal after
-- starts_on, and taken back.
CREATE TABLE price_updates (
    id          TEXT COLLATE "C" PRIMARY KEY,
    filter      TEXT NOT NULL,
    mode        TEXT NOT NULL CHECK (mode IN ('percent', 'amount', 'list')),
    value       TEXT NOT NULL,
    starts_on   TEXT COLLATE "C" NOT NULL,
    notify      BOOLEAN NOT NULL,
    reason      TEXT NOT NULL,
    status      TEXT NOT NULL CHECK (status IN ('scheduled', 'undone')),
    created_at  BIGINT NOT NULL,
    undone_at   BIGINT,
    CHECK ((status = 'undone') = (undone_at IS NOT NULL))
);
CREATE INDEX price_updates_due ON price_updates (starts_on, id) WHERE status = 'scheduled';

CREATE TABLE price_update_items (
    update_id       TEXT COLLATE "C" NOT NULL REFERENCES price_updates (id),
    subscription_id TEXT COLLATE "C" NOT NULL REFERENCES subscriptions (id),
    before_amount   BIGINT NOT NULL,
    after_amount    BIGINT NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('planned', 'applied', 'skipped', 'undone')),
    PRIMARY KEY (update_id, subscription_id)
);
CREATE INDEX price_update_items_by_subscription ON price_update_items (subscription_id);

-- What needs a person. One open task for each occasion.
CREATE TABLE staff_tasks (
    id          TEXT COLLATE "C" PRIMARY KEY,
    kind        TEXT COLLATE "C" NOT NULL,
    subject_id  TEXT COLLATE "C" NOT NULL,
    occasion    TEXT COLLATE "C" NOT NULL,
    customer_id TEXT COLLATE "C" REFERENCES customers (id),
    detail      TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('open', 'done')),
    created_at  BIGINT NOT NULL,
    done_at     BIGINT,
    done_by     TEXT NOT NULL DEFAULT '',
    UNIQUE (kind, subject_id, occasion),
    CHECK ((state = 'done') = (done_at IS NOT NULL))
);
CREATE INDEX staff_tasks_open ON staff_tasks (id) WHERE state = 'open';
CREATE INDEX staff_tasks_of_customer ON staff_tasks (customer_id, kind) WHERE state = 'open';
