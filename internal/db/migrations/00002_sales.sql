-- +goose Up
CREATE TABLE products (
    id                    TEXT COLLATE "C" PRIMARY KEY,
    slug                  TEXT COLLATE "C" NOT NULL UNIQUE,
    name                  TEXT NOT NULL,
    description           TEXT NOT NULL DEFAULT '',
    requires_license      BOOLEAN NOT NULL,
    key_prefix            TEXT NOT NULL DEFAULT '',
    key_length            BIGINT NOT NULL DEFAULT 0 CHECK (key_length BETWEEN 0 AND 64),
    key_ignore_case       BOOLEAN NOT NULL DEFAULT FALSE,
    self_removal          BOOLEAN NOT NULL DEFAULT TRUE,
    self_removals_per_30d BIGINT NOT NULL DEFAULT 0 CHECK (self_removals_per_30d >= 0),
    -- Of the place of a license's first check, what later checks must match.
    enforce_domain        BOOLEAN NOT NULL DEFAULT FALSE,
    enforce_ip            BOOLEAN NOT NULL DEFAULT FALSE,
    enforce_directory     BOOLEAN NOT NULL DEFAULT FALSE,
    self_reissue          BOOLEAN NOT NULL DEFAULT TRUE, -- customers may clear the bound place
    max_reissues          BIGINT NOT NULL DEFAULT 0 CHECK (max_reissues >= 0), -- of one license by customers; 0: any number
    pack_name             TEXT NOT NULL DEFAULT '', -- how the support that a purchase includes is called
    private_suffixes      TEXT NOT NULL DEFAULT '[]', -- domains below which development licenses run too
    public_check          BOOLEAN NOT NULL DEFAULT FALSE, -- a page tells visitors whether a domain is licensed
    check_secret          TEXT NOT NULL DEFAULT '', -- sealed; shared with software that checks over WHMCS's protocol
    status                TEXT NOT NULL CHECK (status IN ('active', 'archived')),
    version               BIGINT NOT NULL DEFAULT 1,
    created_at            BIGINT NOT NULL,
    updated_at            BIGINT NOT NULL
);

CREATE TABLE plans (
    id               TEXT COLLATE "C" PRIMARY KEY,
    product_id       TEXT COLLATE "C" NOT NULL REFERENCES products (id),
    name             TEXT NOT NULL,
    license_type     TEXT NOT NULL CHECK (license_type IN ('purchased', 'leased', 'development', 'trial')),
    activation_type  TEXT NOT NULL CHECK (activation_type IN ('domain', 'device', 'seat', 'instance')),
    activation_limit BIGINT NOT NULL CHECK (activation_limit >= 0),
    entitlements     TEXT NOT NULL DEFAULT '{}',
    -- An add-on belongs to a license that another plan has issued; what it adds lasts as long as it is paid for.
    kind             TEXT NOT NULL DEFAULT 'license' CHECK (kind IN ('license', 'addon')),
    extra_activations BIGINT NOT NULL DEFAULT 0 CHECK (extra_activations >= 0),
    -- How long support and upgrades last: those that a purchased license includes (null: for ever), or those of an
    -- add-on that is a support pack (null: it is none; sold in cycles, each paid period counts instead).
    support_count    BIGINT CHECK (support_count > 0),
    support_unit     TEXT CHECK (support_unit IN ('day', 'week', 'month', 'year')),
    check_interval   BIGINT NOT NULL DEFAULT 7 CHECK (check_interval BETWEEN 1 AND 366), -- days between checks
    check_grace      BIGINT NOT NULL DEFAULT 3 CHECK (check_grace BETWEEN 0 AND 366), -- days that silence is borne after that
    file_days        BIGINT NOT NULL DEFAULT 0 CHECK (file_days BETWEEN 0 AND 1096), -- that a lease file is valid; 0: there are none
    visibility       TEXT NOT NULL DEFAULT 'public' CHECK (visibility IN ('public', 'hidden')),
    status           TEXT NOT NULL CHECK (status IN ('active', 'archived')),
    version          BIGINT NOT NULL DEFAULT 1,
    created_at       BIGINT NOT NULL,
    updated_at       BIGINT NOT NULL,
    UNIQUE (product_id, name),
    CHECK (kind = 'addon' OR extra_activations = 0),
    CHECK ((support_count IS NULL) = (support_unit IS NULL)),
    CHECK (support_count IS NULL OR kind = 'addon' OR license_type = 'purchased')
);

-- To which plans a subscriber of a plan may change; none: to every other of the product.
CREATE TABLE plan_paths (
    plan_id    TEXT COLLATE "C" NOT NULL REFERENCES plans (id),
    to_plan_id TEXT COLLATE "C" NOT NULL REFERENCES plans (id),
    PRIMARY KEY (plan_id, to_plan_id),
    CHECK (plan_id <> to_plan_id)
);

-- A price never changes: a change makes the next version and retires this one.
CREATE TABLE prices (
    id              TEXT COLLATE "C" PRIMARY KEY,
    plan_id         TEXT COLLATE "C" NOT NULL REFERENCES plans (id),
    replaces        TEXT COLLATE "C" UNIQUE REFERENCES prices (id),
    cycle           TEXT NOT NULL CHECK (cycle IN ('one_time', 'monthly', 'quarterly', 'semi_annual', 'annual', 'biennial', 'triennial')),
    currency        TEXT NOT NULL,
    amount          BIGINT NOT NULL CHECK (amount >= 0),
    setup_fee       BIGINT NOT NULL DEFAULT 0 CHECK (setup_fee >= 0),
    valid_for_count BIGINT CHECK (valid_for_count > 0),
    valid_for_unit  TEXT CHECK (valid_for_unit IN ('day', 'week', 'month', 'year')),
    trial_days      BIGINT NOT NULL DEFAULT 0 CHECK (trial_days >= 0),
    trial_amount    BIGINT NOT NULL DEFAULT 0 CHECK (trial_amount >= 0),
    tax_class       TEXT NOT NULL DEFAULT 'standard',
    version         BIGINT NOT NULL,
    status          TEXT NOT NULL CHECK (status IN ('active', 'retired')),
    created_at      BIGINT NOT NULL,
    CHECK ((valid_for_count IS NULL) = (valid_for_unit IS NULL)),
    CHECK (cycle = 'one_time' OR valid_for_count IS NULL),
    CHECK (cycle <> 'one_time' OR trial_days = 0),
    CHECK (trial_days > 0 OR trial_amount = 0)
);
CREATE INDEX prices_by_plan ON prices (plan_id, id);

CREATE TABLE releases (
    id           TEXT COLLATE "C" PRIMARY KEY,
    product_id   TEXT COLLATE "C" NOT NULL REFERENCES products (id),
    version      TEXT NOT NULL,
    precedence   TEXT COLLATE "C" NOT NULL,
    channel      TEXT NOT NULL,
    notes        TEXT NOT NULL DEFAULT '',
    released_at  BIGINT NOT NULL,
    published_at BIGINT,
    created_at   BIGINT NOT NULL,
    UNIQUE (product_id, precedence)
);

CREATE TABLE release_files (
    id         TEXT COLLATE "C" PRIMARY KEY,
    release_id TEXT COLLATE "C" NOT NULL REFERENCES releases (id),
    name       TEXT NOT NULL,
    size       BIGINT NOT NULL CHECK (size >= 0),
    sha256     TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (release_id, name)
);

-- charges is for how many charges of a subscription it counts; null: for all of them.
CREATE TABLE coupons (
    id            TEXT COLLATE "C" PRIMARY KEY,
    code          TEXT NOT NULL,
    code_fold     TEXT COLLATE "C" NOT NULL UNIQUE,
    name          TEXT NOT NULL DEFAULT '',
    kind          TEXT NOT NULL CHECK (kind IN ('percent', 'fixed')),
    percent       TEXT NOT NULL DEFAULT '', -- an exact decimal
    amount        BIGINT NOT NULL DEFAULT 0 CHECK (amount >= 0),
    currency      TEXT NOT NULL DEFAULT '',
    product_ids   TEXT NOT NULL DEFAULT '[]', -- empty: all
    cycles        TEXT NOT NULL DEFAULT '[]', -- empty: all
    charges       BIGINT CHECK (charges > 0),
    starts_on     TEXT COLLATE "C",
    ends_on       TEXT COLLATE "C",
    max_uses      BIGINT CHECK (max_uses > 0),
    per_customer  BIGINT CHECK (per_customer > 0),
    minimum       BIGINT NOT NULL DEFAULT 0 CHECK (minimum >= 0),
    new_customers BOOLEAN NOT NULL DEFAULT FALSE,
    uses          BIGINT NOT NULL DEFAULT 0 CHECK (uses >= 0),
    status        TEXT NOT NULL CHECK (status IN ('active', 'archived')),
    version       BIGINT NOT NULL DEFAULT 1,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    CHECK (max_uses IS NULL OR uses <= max_uses),
    CHECK ((kind = 'percent') = (percent <> '')),
    CHECK ((kind = 'fixed') = (amount > 0))
);

-- request_key keeps a request that arrives twice from becoming two orders.
CREATE TABLE orders (
    id           TEXT COLLATE "C" PRIMARY KEY,
    customer_id  TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    kind         TEXT NOT NULL CHECK (kind IN ('sale', 'complimentary', 'test')),
    status       TEXT NOT NULL CHECK (status IN ('pending', 'completed', 'cancelled', 'failed', 'refunded', 'partially_refunded', 'disputed')),
    gateway      TEXT NOT NULL,
    currency     TEXT NOT NULL,
    total        BIGINT NOT NULL CHECK (total >= 0),
    coupon_id    TEXT COLLATE "C" REFERENCES coupons (id),
    reason       TEXT NOT NULL DEFAULT '',
    request_key  TEXT COLLATE "C" UNIQUE,
    version      BIGINT NOT NULL DEFAULT 1,
    created_at   BIGINT NOT NULL,
    completed_at BIGINT,
    CHECK (kind = 'sale' OR (total = 0 AND reason <> '')),
    CHECK (status <> 'completed' OR completed_at IS NOT NULL)
);
CREATE INDEX orders_by_customer ON orders (customer_id, id);
CREATE INDEX orders_by_status ON orders (status, id);

CREATE TABLE order_items (
    id          TEXT COLLATE "C" PRIMARY KEY,
    order_id    TEXT COLLATE "C" NOT NULL REFERENCES orders (id),
    position    BIGINT NOT NULL,
    price_id    TEXT COLLATE "C" REFERENCES prices (id),
    description TEXT NOT NULL,
    quantity    BIGINT NOT NULL CHECK (quantity > 0),
    unit_amount BIGINT NOT NULL CHECK (unit_amount >= 0), -- what a period costs after the trial; for one_time what it costs
    setup_fee   BIGINT NOT NULL CHECK (setup_fee >= 0), -- of a domain: the fee of a late renewal
    trial_days  BIGINT NOT NULL DEFAULT 0 CHECK (trial_days >= 0),
    trial_amount BIGINT NOT NULL DEFAULT 0 CHECK (trial_amount >= 0),
    license_id  TEXT COLLATE "C", -- of an add-on: the license that it is for
    -- An item without a price does something to a domain: name is in A-labels, the id that of one in the store.
    domain_action     TEXT CHECK (domain_action IN ('register', 'transfer', 'renew')),
    domain_name       TEXT COLLATE "C",
    domain_id         TEXT COLLATE "C",
    domain_years      BIGINT CHECK (domain_years BETWEEN 1 AND 10),
    domain_auto_renew BOOLEAN, -- of a new one; null: as the settings said
    UNIQUE (order_id, position),
    CHECK ((price_id IS NULL) = (domain_action IS NOT NULL)),
    CHECK ((domain_action IS NULL) = (domain_name IS NULL) AND (domain_action IS NULL) = (domain_years IS NULL)),
    CHECK (domain_action <> 'renew' OR domain_id IS NOT NULL)
);

-- A use is given back when its order ends unpaid.
CREATE TABLE coupon_uses (
    coupon_id   TEXT COLLATE "C" NOT NULL REFERENCES coupons (id),
    order_id    TEXT COLLATE "C" NOT NULL REFERENCES orders (id),
    customer_id TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (coupon_id, order_id)
);
CREATE INDEX coupon_uses_by_customer ON coupon_uses (coupon_id, customer_id);
CREATE INDEX coupon_uses_by_order ON coupon_uses (order_id);

-- One trial of a product for each customer.
CREATE TABLE trials (
    customer_id TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    product_id  TEXT COLLATE "C" NOT NULL REFERENCES products (id),
    order_id    TEXT COLLATE "C" NOT NULL REFERENCES orders (id),
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (customer_id, product_id)
);
CREATE INDEX trials_by_order ON trials (order_id);

-- last_on keeps the dates of a series in the order of its numbers, whatever the clock does.
CREATE TABLE number_series (
    series      TEXT PRIMARY KEY,
    last_number BIGINT NOT NULL CHECK (last_number >= 0),
    last_on     TEXT COLLATE "C" NOT NULL
);

-- What an invoice asks for is frozen when it takes its number; what became of it is beside that.
-- paid is what payments count towards it, less what was given or charged back; credited is the sum of its credit notes.
-- step and step_on are what collecting its money does next.
CREATE TABLE invoices (
    id           TEXT COLLATE "C" PRIMARY KEY,
    order_id     TEXT COLLATE "C" REFERENCES orders (id),
    customer_id  TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    kind         TEXT NOT NULL CHECK (kind IN ('order', 'renewal', 'change', 'manual')),
    status       TEXT NOT NULL CHECK (status IN ('draft', 'open', 'paid', 'void', 'uncollectible')),
    series       TEXT,
    sequence     BIGINT,
    number       TEXT COLLATE "C" UNIQUE,
    currency     TEXT NOT NULL,
    tax_mode     TEXT NOT NULL DEFAULT 'none' CHECK (tax_mode IN ('none', 'exclusive', 'inclusive')),
    net          BIGINT NOT NULL CHECK (net >= 0),
    tax          BIGINT NOT NULL CHECK (tax >= 0),
    total        BIGINT NOT NULL CHECK (total = net + tax),
    credited     BIGINT NOT NULL DEFAULT 0 CHECK (credited >= 0),
    paid         BIGINT NOT NULL DEFAULT 0 CHECK (paid >= 0 AND paid + credited <= total),
    disputes     BIGINT NOT NULL DEFAULT 0 CHECK (disputes >= 0), -- open ones
    issued_on    TEXT COLLATE "C",
    due_on       TEXT COLLATE "C",
    seller       TEXT NOT NULL,
    buyer        TEXT NOT NULL,
    note         TEXT NOT NULL DEFAULT '', -- what the tax asks to be said
    replaces     TEXT COLLATE "C" UNIQUE REFERENCES invoices (id),
    step         TEXT NOT NULL DEFAULT '',
    step_on      TEXT COLLATE "C",
    version      BIGINT NOT NULL DEFAULT 1,
    created_at   BIGINT NOT NULL,
    paid_at      BIGINT,
    UNIQUE (series, sequence),
    CHECK ((number IS NULL) = (sequence IS NULL)),
    CHECK (status <> 'draft' OR number IS NULL),
    CHECK (status <> 'paid' OR paid + credited = total),
    CHECK ((status = 'paid') = (paid_at IS NOT NULL)),
    CHECK ((status = 'draft') = (issued_on IS NULL) AND (status = 'draft') = (due_on IS NULL)),
    CHECK (step_on IS NULL OR status = 'open')
);
CREATE INDEX invoices_by_customer ON invoices (customer_id, id);
CREATE INDEX invoices_by_order ON invoices (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX invoices_by_status ON invoices (status, id);
CREATE INDEX invoices_by_status_number ON invoices (status, number);
CREATE INDEX invoices_step_due ON invoices (step_on, id) WHERE step_on IS NOT NULL;

-- A line keeps its id when its invoice is issued anew. amount is before the discount; tax is counted per category on
-- the whole document. credited is what credit notes and plan changes have taken back of amount, with its share of discount.
CREATE TABLE invoice_lines (
    invoice_id        TEXT COLLATE "C" NOT NULL REFERENCES invoices (id),
    id                TEXT COLLATE "C" NOT NULL,
    position          BIGINT NOT NULL,
    order_item_id     TEXT COLLATE "C" REFERENCES order_items (id),
    subscription_id   TEXT COLLATE "C",
    with_line         TEXT COLLATE "C", -- of the same invoice: it is a fee of that one, or takes something off it, and ends with it
    period_start      TEXT COLLATE "C",
    period_end        TEXT COLLATE "C",
    description       TEXT NOT NULL,
    quantity          BIGINT NOT NULL CHECK (quantity > 0),
    unit_amount       BIGINT NOT NULL,
    amount            BIGINT NOT NULL,
    discount          BIGINT NOT NULL DEFAULT 0,
    total             BIGINT NOT NULL CHECK (total = amount - discount),
    tax_class         TEXT NOT NULL DEFAULT 'standard',
    tax_category      TEXT NOT NULL DEFAULT '',
    tax_rate          TEXT NOT NULL DEFAULT '',
    credited          BIGINT NOT NULL DEFAULT 0,
    taken_back        BOOLEAN NOT NULL DEFAULT FALSE, -- a refund has credited the whole of it, and with it what it gave
    discount_credited BIGINT NOT NULL DEFAULT 0 CHECK (discount_credited >= 0 AND discount_credited <= discount),
    PRIMARY KEY (invoice_id, id),
    UNIQUE (invoice_id, position),
    FOREIGN KEY (invoice_id, with_line) REFERENCES invoice_lines (invoice_id, id),
    CHECK (with_line < id), -- it came after that one
    CHECK ((credited >= 0 AND credited <= amount) OR (credited <= 0 AND credited >= amount)),
    CHECK ((period_start IS NULL) = (period_end IS NULL)),
    CHECK (period_start < period_end)
);
CREATE INDEX invoice_lines_by_id ON invoice_lines (id);
CREATE INDEX invoice_lines_by_order_item ON invoice_lines (order_item_id) WHERE order_item_id IS NOT NULL;
CREATE INDEX invoice_lines_by_subscription ON invoice_lines (subscription_id, invoice_id) WHERE subscription_id IS NOT NULL;

-- The tax of a finalised invoice, per category and rate (BR-CO-17).
CREATE TABLE invoice_taxes (
    invoice_id TEXT COLLATE "C" NOT NULL REFERENCES invoices (id),
    category   TEXT NOT NULL,
    rate       TEXT NOT NULL,
    base       BIGINT NOT NULL,
    tax        BIGINT NOT NULL,
    PRIMARY KEY (invoice_id, category, rate)
);

-- What paying a line does. Not part of the frozen document; invoice_id is the invoice that stands for the line now.
CREATE TABLE fulfilments (
    line_id    TEXT COLLATE "C" PRIMARY KEY,
    invoice_id TEXT COLLATE "C" NOT NULL,
    kind       TEXT NOT NULL,
    target     TEXT COLLATE "C",
    payload    TEXT NOT NULL DEFAULT '',
    state      TEXT NOT NULL CHECK (state IN ('pending', 'done', 'failed', 'revoked', 'fulfilled')),
    note       TEXT NOT NULL DEFAULT '', -- by what it was fulfilled before it was paid
    error      TEXT NOT NULL DEFAULT '',
    changed_at BIGINT NOT NULL,
    FOREIGN KEY (invoice_id, line_id) REFERENCES invoice_lines (invoice_id, id),
    CHECK (state <> 'done' OR target IS NOT NULL)
);
CREATE INDEX fulfilments_failed ON fulfilments (line_id) WHERE state = 'failed';
CREATE INDEX fulfilments_by_invoice ON fulfilments (invoice_id);

-- A credit note takes back a part of an invoice; in series of its own, frozen as an invoice is. freed is what the invoice
-- was paid beyond what it then asked for: it became the customer's credit.
CREATE TABLE credit_notes (
    id          TEXT COLLATE "C" PRIMARY KEY,
    invoice_id  TEXT COLLATE "C" NOT NULL REFERENCES invoices (id),
    customer_id TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    series      TEXT NOT NULL,
    sequence    BIGINT NOT NULL,
    number      TEXT COLLATE "C" NOT NULL UNIQUE,
    currency    TEXT NOT NULL,
    net         BIGINT NOT NULL CHECK (net >= 0),
    tax         BIGINT NOT NULL CHECK (tax >= 0),
    total       BIGINT NOT NULL CHECK (total = net + tax),
    freed       BIGINT NOT NULL DEFAULT 0 CHECK (freed >= 0),
    cause       TEXT NOT NULL CHECK (cause IN ('refund', 'change', 'cancellation', 'goodwill')),
    reason      TEXT NOT NULL,
    issued_on   TEXT COLLATE "C" NOT NULL,
    seller      TEXT NOT NULL,
    buyer       TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    UNIQUE (series, sequence)
);
CREATE INDEX credit_notes_by_invoice ON credit_notes (invoice_id, id);
CREATE INDEX credit_notes_by_customer ON credit_notes (customer_id, id);

CREATE TABLE credit_note_lines (
    credit_note_id TEXT COLLATE "C" NOT NULL REFERENCES credit_notes (id),
    line_id        TEXT COLLATE "C" NOT NULL,
    position       BIGINT NOT NULL,
    description    TEXT NOT NULL,
    period_start   TEXT COLLATE "C",
    period_end     TEXT COLLATE "C",
    amount         BIGINT NOT NULL CHECK (amount <> 0),
    discount       BIGINT NOT NULL DEFAULT 0 CHECK (discount >= 0),
    tax_category   TEXT NOT NULL DEFAULT '',
    tax_rate       TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (credit_note_id, line_id)
);

CREATE TABLE credit_note_taxes (
    credit_note_id TEXT COLLATE "C" NOT NULL REFERENCES credit_notes (id),
    category       TEXT NOT NULL,
    rate           TEXT NOT NULL,
    base           BIGINT NOT NULL,
    tax            BIGINT NOT NULL,
    PRIMARY KEY (credit_note_id, category, rate)
);

-- What a tax authority asks for, from a day on; the newest row of a place and class that has begun counts.
CREATE TABLE tax_rates (
    id         TEXT COLLATE "C" PRIMARY KEY,
    country    TEXT NOT NULL,
    state      TEXT NOT NULL DEFAULT '',
    class      TEXT NOT NULL DEFAULT 'standard',
    name       TEXT NOT NULL,
    rate       TEXT NOT NULL,
    valid_from TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (country, state, class, valid_from)
);

-- A card or an account at a gateway that may be charged without its owner. token is the gateway's name for it.
CREATE TABLE payment_methods (
    id          TEXT COLLATE "C" PRIMARY KEY,
    customer_id TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    gateway     TEXT NOT NULL,
    token       TEXT COLLATE "C" NOT NULL,
    label       TEXT NOT NULL,
    expires_on  TEXT COLLATE "C",
    is_default  BOOLEAN NOT NULL,
    created_at  BIGINT NOT NULL,
    removed_at  BIGINT,
    UNIQUE (gateway, token),
    CHECK (removed_at IS NULL OR NOT is_default)
);
CREATE UNIQUE INDEX payment_methods_default ON payment_methods (customer_id) WHERE is_default;
CREATE INDEX payment_methods_by_customer ON payment_methods (customer_id, id);
CREATE INDEX payment_methods_expiring ON payment_methods (expires_on, id) WHERE is_default;

-- Money for an invoice through a gateway. A charge that fails and is tried again is one payment with several attempts.
-- reference is the gateway's name for it, unknown until the gateway has answered; refunded is what left the store again.
CREATE TABLE payments (
    id           TEXT COLLATE "C" PRIMARY KEY,
    invoice_id   TEXT COLLATE "C" NOT NULL REFERENCES invoices (id),
    customer_id  TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    gateway      TEXT NOT NULL,
    reference    TEXT COLLATE "C",
    method_id    TEXT COLLATE "C" REFERENCES payment_methods (id),
    currency     TEXT NOT NULL,
    amount       BIGINT NOT NULL CHECK (amount > 0),
    applied      BIGINT NOT NULL CHECK (applied >= 0 AND applied <= amount), -- counted towards the invoice when it arrived
    refunded     BIGINT NOT NULL DEFAULT 0 CHECK (refunded >= 0 AND refunded <= amount),
    state        TEXT NOT NULL CHECK (state IN ('pending', 'requires_action', 'succeeded', 'failed')),
    received_at  BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    UNIQUE (gateway, reference),
    CHECK (applied = 0 OR state = 'succeeded'),
    CHECK (refunded = 0 OR state = 'succeeded'),
    CHECK (state <> 'succeeded' OR reference IS NOT NULL)
);
CREATE INDEX payments_by_invoice ON payments (invoice_id, id);
CREATE INDEX payments_by_customer ON payments (customer_id, id);
CREATE INDEX payments_by_received ON payments (received_at);
CREATE INDEX payments_by_reference ON payments (reference);

-- One try to charge. Its key makes a repeat at the gateway the same request; 'unknown' is asked about, never assumed.
CREATE TABLE payment_attempts (
    id              TEXT COLLATE "C" PRIMARY KEY,
    payment_id      TEXT COLLATE "C" NOT NULL REFERENCES payments (id),
    invoice_id      TEXT COLLATE "C" NOT NULL REFERENCES invoices (id),
    gateway         TEXT NOT NULL,
    method_id       TEXT COLLATE "C" REFERENCES payment_methods (id),
    idempotency_key TEXT COLLATE "C" NOT NULL UNIQUE,
    reference       TEXT COLLATE "C",
    currency        TEXT NOT NULL,
    amount          BIGINT NOT NULL CHECK (amount > 0),
    state           TEXT NOT NULL CHECK (state IN ('created', 'pending', 'requires_action', 'unknown', 'succeeded', 'failed')),
    code            TEXT NOT NULL DEFAULT '', -- why it failed: the gateway's word
    detail          TEXT NOT NULL DEFAULT '',
    action_url      TEXT NOT NULL DEFAULT '', -- where the owner confirms it
    created_at      BIGINT NOT NULL,
    settled_at      BIGINT,
    CHECK ((state IN ('succeeded', 'failed')) = (settled_at IS NOT NULL))
);
CREATE UNIQUE INDEX payment_attempts_in_flight ON payment_attempts (invoice_id) WHERE settled_at IS NULL;
CREATE INDEX payment_attempts_open ON payment_attempts (id) WHERE settled_at IS NULL;
CREATE INDEX payment_attempts_by_invoice ON payment_attempts (invoice_id, id);
CREATE INDEX payment_attempts_by_payment ON payment_attempts (payment_id, id);
CREATE INDEX payment_attempts_by_reference ON payment_attempts (gateway, reference);

-- Money that went back. To the gateway it is asked for like a charge: by key, and its outcome may be unknown.
CREATE TABLE refunds (
    id              TEXT COLLATE "C" PRIMARY KEY,
    payment_id      TEXT COLLATE "C" NOT NULL REFERENCES payments (id),
    invoice_id      TEXT COLLATE "C" NOT NULL REFERENCES invoices (id),
    destination     TEXT NOT NULL CHECK (destination IN ('gateway', 'credit')),
    currency        TEXT NOT NULL,
    amount          BIGINT NOT NULL CHECK (amount > 0),
    counted         BIGINT NOT NULL DEFAULT 0 CHECK (counted >= 0 AND counted <= amount), -- what it took off the invoice
    state           TEXT NOT NULL CHECK (state IN ('pending', 'succeeded', 'failed')),
    adjust          BOOLEAN NOT NULL,
    keep_license    BOOLEAN NOT NULL DEFAULT FALSE,
    credit_note_id  TEXT COLLATE "C" REFERENCES credit_notes (id),
    reason          TEXT NOT NULL DEFAULT '',
    origin          TEXT NOT NULL CHECK (origin IN ('staff', 'gateway', 'system')),
    gateway         TEXT NOT NULL,
    reference       TEXT COLLATE "C",
    detail          TEXT NOT NULL DEFAULT '',
    created_at      BIGINT NOT NULL,
    settled_at      BIGINT,
    UNIQUE (gateway, reference),
    CHECK ((state = 'pending') = (settled_at IS NULL))
);
CREATE INDEX refunds_pending ON refunds (id) WHERE state = 'pending';
CREATE INDEX refunds_by_payment ON refunds (payment_id, id);
CREATE INDEX refunds_by_invoice ON refunds (invoice_id, id);

CREATE TABLE disputes (
    id         TEXT COLLATE "C" PRIMARY KEY,
    payment_id TEXT COLLATE "C" NOT NULL REFERENCES payments (id),
    invoice_id TEXT COLLATE "C" NOT NULL REFERENCES invoices (id),
    gateway    TEXT NOT NULL,
    reference  TEXT COLLATE "C" NOT NULL,
    currency   TEXT NOT NULL,
    amount     BIGINT NOT NULL CHECK (amount > 0),
    counted    BIGINT NOT NULL CHECK (counted >= 0 AND counted <= amount), -- what it took off the invoice
    status     TEXT NOT NULL CHECK (status IN ('open', 'won', 'lost')),
    reason     TEXT NOT NULL DEFAULT '',
    opened_at  BIGINT NOT NULL,
    closed_at  BIGINT,
    UNIQUE (gateway, reference),
    CHECK ((status = 'open') = (closed_at IS NULL))
);
CREATE INDEX disputes_by_payment ON disputes (payment_id, id);
CREATE INDEX disputes_by_status ON disputes (status, id);
CREATE INDEX disputes_by_invoice ON disputes (invoice_id, id);

-- What gateways tell us, once per event: written before it is answered, applied afterwards, in whatever order it came.
CREATE TABLE gateway_events (
    gateway     TEXT NOT NULL,
    event_id    TEXT COLLATE "C" NOT NULL,
    type        TEXT NOT NULL,
    payload     TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('received', 'applied', 'ignored', 'failed')),
    error       TEXT NOT NULL DEFAULT '',
    attempts    BIGINT NOT NULL DEFAULT 0,
    try_at      BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    settled_at  BIGINT,
    PRIMARY KEY (gateway, event_id)
);
CREATE INDEX gateway_events_due ON gateway_events (try_at, event_id) WHERE state = 'received';
CREATE INDEX gateway_events_by_age ON gateway_events (received_at, event_id);

-- How many charges the automation asked for on each day of the store's zone. On an unusual day they are held, until
-- staff release them.
CREATE TABLE charge_days (
    day         TEXT COLLATE "C" PRIMARY KEY,
    charges     BIGINT NOT NULL CHECK (charges >= 0),
    held        BIGINT NOT NULL DEFAULT 0 CHECK (held >= 0), -- how many were due when they began to be held; 0: not held
    released_on TEXT COLLATE "C",
    CHECK (released_on IS NULL OR (held > 0 AND released_on >= day))
);
CREATE INDEX charge_days_held ON charge_days (day) WHERE held > 0;

-- The hash of all transactions that a seal covers, in the order of their ids, and of the seal before it.
CREATE TABLE ledger_seals (
    sequence     BIGINT PRIMARY KEY CHECK (sequence > 0),
    transactions BIGINT NOT NULL CHECK (transactions > 0),
    previous     TEXT NOT NULL,
    hash         TEXT NOT NULL UNIQUE,
    sealed_at    BIGINT NOT NULL
);

-- Double entry, append-only: the entries of one transaction sum to zero per currency.
CREATE TABLE ledger_transactions (
    id          TEXT COLLATE "C" PRIMARY KEY,
    kind        TEXT NOT NULL,
    source_id   TEXT COLLATE "C" NOT NULL,
    customer_id TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    invoice_id  TEXT COLLATE "C" REFERENCES invoices (id),
    occurred_at BIGINT NOT NULL,
    seal        BIGINT REFERENCES ledger_seals (sequence), -- null: not sealed yet
    UNIQUE (kind, source_id)
);
CREATE INDEX ledger_transactions_unsealed ON ledger_transactions (id) WHERE seal IS NULL;
CREATE INDEX ledger_transactions_by_seal ON ledger_transactions (seal, id) WHERE seal IS NOT NULL;
-- For what became of a customer's credit; issuing an invoice moves none.
CREATE INDEX ledger_transactions_by_customer ON ledger_transactions (customer_id, id) WHERE kind <> 'invoice.finalised';

CREATE TABLE ledger_entries (
    transaction_id TEXT COLLATE "C" NOT NULL REFERENCES ledger_transactions (id),
    position       BIGINT NOT NULL,
    account        TEXT NOT NULL CHECK (account IN ('receivable', 'revenue', 'tax', 'bank', 'customer_credit', 'loss')),
    currency       TEXT NOT NULL,
    amount         BIGINT NOT NULL CHECK (amount <> 0),
    PRIMARY KEY (transaction_id, position)
);
