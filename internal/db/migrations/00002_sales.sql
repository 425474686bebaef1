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
    status                TEXT NOT NULL CHECK (status IN ('active', 'archived')),
    version               BIGINT NOT NULL DEFAULT 1,
    created_at            BIGINT NOT NULL,
    updated_at            BIGINT NOT NULL
);

CREATE TABLE plans (
    id               TEXT COLLATE "C" PRIMARY KEY,
    product_id       TEXT COLLATE "C" NOT NULL REFERENCES products (id),
    name             TEXT NOT NULL,
    license_type     TEXT NOT NULL CHECK (license_type IN ('purchased')),
    activation_type  TEXT NOT NULL CHECK (activation_type IN ('domain', 'device', 'seat', 'instance')),
    activation_limit BIGINT NOT NULL CHECK (activation_limit >= 0),
    entitlements     TEXT NOT NULL DEFAULT '{}',
    status           TEXT NOT NULL CHECK (status IN ('active', 'archived')),
    version          BIGINT NOT NULL DEFAULT 1,
    created_at       BIGINT NOT NULL,
    updated_at       BIGINT NOT NULL,
    UNIQUE (product_id, name)
);

-- A price never changes: a change makes the next version and retires this one.
CREATE TABLE prices (
    id              TEXT COLLATE "C" PRIMARY KEY,
    plan_id         TEXT COLLATE "C" NOT NULL REFERENCES plans (id),
    replaces        TEXT COLLATE "C" UNIQUE REFERENCES prices (id),
    cycle           TEXT NOT NULL CHECK (cycle IN ('one_time')),
    currency        TEXT NOT NULL,
    amount          BIGINT NOT NULL CHECK (amount >= 0),
    setup_fee       BIGINT NOT NULL DEFAULT 0 CHECK (setup_fee >= 0),
    valid_for_count BIGINT CHECK (valid_for_count > 0),
    valid_for_unit  TEXT CHECK (valid_for_unit IN ('day', 'week', 'month', 'year')),
    version         BIGINT NOT NULL,
    status          TEXT NOT NULL CHECK (status IN ('active', 'retired')),
    created_at      BIGINT NOT NULL,
    CHECK ((valid_for_count IS NULL) = (valid_for_unit IS NULL))
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

-- request_key keeps a request that arrives twice from becoming two orders.
CREATE TABLE orders (
    id           TEXT COLLATE "C" PRIMARY KEY,
    customer_id  TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    kind         TEXT NOT NULL CHECK (kind IN ('sale', 'complimentary', 'test')),
    status       TEXT NOT NULL CHECK (status IN ('pending', 'completed', 'cancelled', 'failed')),
    gateway      TEXT NOT NULL,
    currency     TEXT NOT NULL,
    total        BIGINT NOT NULL CHECK (total >= 0),
    reason       TEXT NOT NULL DEFAULT '',
    request_key  TEXT COLLATE "C" UNIQUE,
    version      BIGINT NOT NULL DEFAULT 1,
    created_at   BIGINT NOT NULL,
    completed_at BIGINT,
    CHECK (kind = 'sale' OR (total = 0 AND reason <> '')),
    CHECK ((status = 'completed') = (completed_at IS NOT NULL))
);
CREATE INDEX orders_by_customer ON orders (customer_id, id);
CREATE INDEX orders_by_status ON orders (status, id);

CREATE TABLE order_items (
    id          TEXT COLLATE "C" PRIMARY KEY,
    order_id    TEXT COLLATE "C" NOT NULL REFERENCES orders (id),
    position    BIGINT NOT NULL,
    price_id    TEXT COLLATE "C" NOT NULL REFERENCES prices (id),
    description TEXT NOT NULL,
    quantity    BIGINT NOT NULL CHECK (quantity > 0),
    unit_amount BIGINT NOT NULL CHECK (unit_amount >= 0),
    setup_fee   BIGINT NOT NULL CHECK (setup_fee >= 0),
    UNIQUE (order_id, position)
);

-- last_on keeps the dates of a series in the order of its numbers, whatever the clock does.
CREATE TABLE number_series (
    series      TEXT PRIMARY KEY,
    last_number BIGINT NOT NULL CHECK (last_number >= 0),
    last_on     TEXT COLLATE "C" NOT NULL
);

CREATE TABLE invoices (
    id           TEXT COLLATE "C" PRIMARY KEY,
    order_id     TEXT COLLATE "C" NOT NULL UNIQUE REFERENCES orders (id),
    customer_id  TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    status       TEXT NOT NULL CHECK (status IN ('draft', 'open', 'paid', 'void', 'uncollectible')),
    series       TEXT,
    sequence     BIGINT,
    number       TEXT COLLATE "C" UNIQUE,
    currency     TEXT NOT NULL,
    total        BIGINT NOT NULL CHECK (total >= 0),
    paid         BIGINT NOT NULL DEFAULT 0 CHECK (paid >= 0 AND paid <= total),
    issued_on    TEXT COLLATE "C",
    due_on       TEXT COLLATE "C",
    seller       TEXT NOT NULL,
    buyer        TEXT NOT NULL,
    version      BIGINT NOT NULL DEFAULT 1,
    created_at   BIGINT NOT NULL,
    paid_at      BIGINT,
    UNIQUE (series, sequence),
    CHECK ((status = 'draft') = (number IS NULL)),
    CHECK ((number IS NULL) = (sequence IS NULL)),
    CHECK (status <> 'paid' OR paid = total),
    CHECK ((status = 'paid') = (paid_at IS NOT NULL)),
    CHECK ((number IS NULL) = (issued_on IS NULL) AND (number IS NULL) = (due_on IS NULL))
);
CREATE INDEX invoices_by_customer ON invoices (customer_id, id);
CREATE INDEX invoices_by_status ON invoices (status, id);
CREATE INDEX invoices_by_status_number ON invoices (status, number);

CREATE TABLE invoice_lines (
    id                TEXT COLLATE "C" PRIMARY KEY,
    invoice_id        TEXT COLLATE "C" NOT NULL REFERENCES invoices (id),
    position          BIGINT NOT NULL,
    order_item_id     TEXT COLLATE "C" REFERENCES order_items (id),
    description       TEXT NOT NULL,
    quantity          BIGINT NOT NULL CHECK (quantity > 0),
    unit_amount       BIGINT NOT NULL,
    total             BIGINT NOT NULL,
    UNIQUE (invoice_id, position)
);
CREATE INDEX invoice_lines_by_order_item ON invoice_lines (order_item_id);

-- What paying a line does. Not part of the frozen document.
CREATE TABLE fulfilments (
    line_id    TEXT COLLATE "C" PRIMARY KEY REFERENCES invoice_lines (id),
    kind       TEXT NOT NULL,
    target     TEXT COLLATE "C",
    state      TEXT NOT NULL CHECK (state IN ('pending', 'done', 'failed', 'revoked')),
    error      TEXT NOT NULL DEFAULT '',
    changed_at BIGINT NOT NULL,
    CHECK (state <> 'done' OR target IS NOT NULL)
);
CREATE INDEX fulfilments_open ON fulfilments (state) WHERE state IN ('failed');

CREATE TABLE payments (
    id          TEXT COLLATE "C" PRIMARY KEY,
    invoice_id  TEXT COLLATE "C" NOT NULL REFERENCES invoices (id),
    customer_id TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    gateway     TEXT NOT NULL,
    reference   TEXT COLLATE "C" NOT NULL,
    currency    TEXT NOT NULL,
    amount      BIGINT NOT NULL CHECK (amount > 0),
    applied     BIGINT NOT NULL CHECK (applied >= 0 AND applied <= amount),
    state       TEXT NOT NULL CHECK (state IN ('pending', 'requires_action', 'succeeded', 'failed')),
    received_at BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    UNIQUE (gateway, reference),
    CHECK (applied = 0 OR state = 'succeeded')
);
CREATE INDEX payments_by_invoice ON payments (invoice_id, id);
CREATE INDEX payments_by_customer ON payments (customer_id, id);
CREATE INDEX payments_by_received ON payments (received_at);
CREATE INDEX payments_by_reference ON payments (reference);

-- Double entry, append-only: the entries of one transaction sum to zero per currency.
CREATE TABLE ledger_transactions (
    id          TEXT COLLATE "C" PRIMARY KEY,
    kind        TEXT NOT NULL,
    source_id   TEXT COLLATE "C" NOT NULL,
    customer_id TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    invoice_id  TEXT COLLATE "C" REFERENCES invoices (id),
    occurred_at BIGINT NOT NULL,
    UNIQUE (kind, source_id)
);

CREATE TABLE ledger_entries (
    transaction_id TEXT COLLATE "C" NOT NULL REFERENCES ledger_transactions (id),
    position       BIGINT NOT NULL,
    account        TEXT NOT NULL CHECK (account IN ('receivable', 'revenue', 'bank', 'customer_credit')),
    currency       TEXT NOT NULL,
    amount         BIGINT NOT NULL CHECK (amount <> 0),
    PRIMARY KEY (transaction_id, position)
);
