-- +goose Up
-- The other side of the sandbox gateway: what a payment service would keep in its own house. Only a store in test mode
-- has rows here, and only the sandbox writes them, in transactions of its own.
CREATE TABLE sandbox_methods (
    id           TEXT COLLATE "C" PRIMARY KEY,
    customer_ref TEXT COLLATE "C" NOT NULL,
    card         TEXT NOT NULL,
    attached     BOOLEAN NOT NULL,
    created_at   BIGINT NOT NULL
);

-- A charge, asked for by its key or made on the pay page. request is what was asked under the key: who asks again for
-- something else is refused. captured is what was taken, of which refunded went back.
CREATE TABLE sandbox_charges (
    id             TEXT COLLATE "C" PRIMARY KEY,
    key            TEXT COLLATE "C" NOT NULL UNIQUE,
    request        TEXT NOT NULL,
    customer_ref   TEXT COLLATE "C" NOT NULL,
    invoice_number TEXT NOT NULL,
    card           TEXT NOT NULL, -- empty: not chosen yet
    currency       TEXT NOT NULL,
    amount         BIGINT NOT NULL CHECK (amount > 0),
    captured       BIGINT NOT NULL DEFAULT 0 CHECK (captured >= 0 AND captured <= amount),
    refunded       BIGINT NOT NULL DEFAULT 0 CHECK (refunded >= 0 AND refunded <= captured),
    state          TEXT NOT NULL CHECK (state IN ('pending', 'requires_action', 'succeeded', 'failed')),
    code           TEXT NOT NULL DEFAULT '',
    return_url     TEXT NOT NULL DEFAULT '',
    save_method    BOOLEAN NOT NULL DEFAULT FALSE,
    method_id      TEXT COLLATE "C" REFERENCES sandbox_methods (id),
    version        BIGINT NOT NULL DEFAULT 1,
    created_at     BIGINT NOT NULL,
    CHECK ((state = 'succeeded') = (captured > 0))
);
CREATE INDEX sandbox_charges_by_customer ON sandbox_charges (customer_ref, id);

-- key is null for a refund that was made on the gateway's own pages.
CREATE TABLE sandbox_refunds (
    id         TEXT COLLATE "C" PRIMARY KEY,
    key        TEXT COLLATE "C" UNIQUE,
    charge_id  TEXT COLLATE "C" NOT NULL REFERENCES sandbox_charges (id),
    currency   TEXT NOT NULL,
    amount     BIGINT NOT NULL CHECK (amount > 0),
    state      TEXT NOT NULL CHECK (state IN ('pending', 'succeeded', 'failed')),
    created_at BIGINT NOT NULL
);
CREATE INDEX sandbox_refunds_by_charge ON sandbox_refunds (charge_id, id);

CREATE TABLE sandbox_disputes (
    id         TEXT COLLATE "C" PRIMARY KEY,
    charge_id  TEXT COLLATE "C" NOT NULL REFERENCES sandbox_charges (id),
    currency   TEXT NOT NULL,
    amount     BIGINT NOT NULL CHECK (amount > 0),
    status     TEXT NOT NULL CHECK (status IN ('open', 'won', 'lost')),
    reason     TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX sandbox_disputes_by_charge ON sandbox_disputes (charge_id, id);

-- What it tells by webhook, each event about a charge.
CREATE TABLE sandbox_events (
    id         TEXT COLLATE "C" PRIMARY KEY,
    charge_id  TEXT COLLATE "C" NOT NULL REFERENCES sandbox_charges (id),
    type       TEXT NOT NULL,
    body       TEXT NOT NULL,
    copies     BIGINT NOT NULL CHECK (copies >= 0), -- that were sent on their way; 0: dropped
    created_at BIGINT NOT NULL
);
CREATE INDEX sandbox_events_by_charge ON sandbox_events (charge_id, id);

-- What goes wrong on purpose: one row, in force until it is set again.
CREATE TABLE sandbox_faults (
    id                BIGINT PRIMARY KEY CHECK (id = 1),
    duplicate         BIGINT NOT NULL CHECK (duplicate BETWEEN 0 AND 100),
    reorder           BOOLEAN NOT NULL,
    drops             BOOLEAN NOT NULL,
    delay_seconds     BIGINT NOT NULL CHECK (delay_seconds BETWEEN 0 AND 31536000),
    fail_after_effect BOOLEAN NOT NULL
);
