-- The schema is written once, in PostgreSQL's dialect. On SQLite it is translated by
-- migrations.go (integers, identities, collations, STRICT); nothing else may differ.
-- Instants are microseconds since the Unix epoch (BIGINT), civil dates and JSON are TEXT,
-- money is minor units (BIGINT) beside its currency (TEXT).

-- +goose Up
CREATE TABLE store_facts (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE settings (
    name       TEXT PRIMARY KEY,
    value      TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE staff (
    id             TEXT COLLATE "C" PRIMARY KEY,
    email          TEXT COLLATE "C" NOT NULL UNIQUE CHECK (email = lower(email)),
    name           TEXT NOT NULL,
    role           TEXT NOT NULL CHECK (role IN ('owner', 'billing', 'support', 'read_only')),
    password_hash  TEXT NOT NULL,
    time_zone      TEXT NOT NULL DEFAULT '',
    totp_secret    TEXT,
    totp_pending   TEXT, -- shown to its owner, not yet confirmed by a code
    totp_last_step BIGINT NOT NULL DEFAULT 0,
    disabled_at    BIGINT,
    created_at     BIGINT NOT NULL
);

-- One-time codes for whoever has lost the device that makes the others.
CREATE TABLE staff_recovery_codes (
    staff_id  TEXT COLLATE "C" NOT NULL REFERENCES staff (id),
    code_hash TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (staff_id, code_hash)
);

CREATE TABLE customers (
    id            TEXT COLLATE "C" PRIMARY KEY,
    email         TEXT NOT NULL,
    email_fold    TEXT COLLATE "C" NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    name_fold     TEXT COLLATE "C" NOT NULL,
    company       TEXT NOT NULL DEFAULT '',
    company_fold  TEXT COLLATE "C" NOT NULL DEFAULT '',
    country       TEXT NOT NULL DEFAULT '',
    state         TEXT NOT NULL DEFAULT '', -- of the country, where taxes differ by it
    address       TEXT NOT NULL DEFAULT '',
    tax_id        TEXT NOT NULL DEFAULT '',
    language      TEXT NOT NULL DEFAULT '', -- of mails and documents; empty: the store's
    currency      TEXT NOT NULL,
    time_zone     TEXT NOT NULL DEFAULT '',
    password_hash TEXT,
    version       BIGINT NOT NULL DEFAULT 1,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL
);
CREATE INDEX customers_by_name ON customers (name_fold, id);
CREATE INDEX customers_by_company ON customers (company_fold, id);

-- What the store owes a customer, per currency; never below zero.
CREATE TABLE customer_credits (
    customer_id TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    currency    TEXT NOT NULL,
    amount      BIGINT NOT NULL CHECK (amount >= 0),
    PRIMARY KEY (customer_id, currency)
);

CREATE TABLE sessions (
    token_hash   TEXT COLLATE "C" PRIMARY KEY,
    kind         TEXT NOT NULL CHECK (kind IN ('staff', 'customer')),
    staff_id     TEXT COLLATE "C" REFERENCES staff (id),
    customer_id  TEXT COLLATE "C" REFERENCES customers (id),
    stage        TEXT NOT NULL CHECK (stage IN ('second_factor', 'signed_in')),
    acting_staff_id TEXT COLLATE "C" REFERENCES staff (id),
    ip           TEXT NOT NULL,
    user_agent   TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    CHECK ((kind = 'staff') = (staff_id IS NOT NULL)),
    CHECK ((kind = 'customer') = (customer_id IS NOT NULL)),
    CHECK (acting_staff_id IS NULL OR kind = 'customer'),
    CHECK (stage = 'signed_in' OR kind = 'staff')
);
CREATE INDEX sessions_by_staff ON sessions (staff_id);
CREATE INDEX sessions_by_customer ON sessions (customer_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- One-time links: the first owner's set-up, a new colleague, a customer's password, a customer's way in by mail.
CREATE TABLE one_time_links (
    token_hash  TEXT COLLATE "C" PRIMARY KEY,
    purpose     TEXT NOT NULL CHECK (purpose IN ('setup', 'staff_password', 'customer_password', 'customer_sign_in')),
    staff_id    TEXT COLLATE "C" REFERENCES staff (id),
    customer_id TEXT COLLATE "C" REFERENCES customers (id),
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    used_at     BIGINT,
    CHECK ((purpose = 'staff_password') = (staff_id IS NOT NULL)),
    CHECK ((purpose IN ('customer_password', 'customer_sign_in')) = (customer_id IS NOT NULL))
);
CREATE INDEX one_time_links_by_staff ON one_time_links (staff_id);
CREATE INDEX one_time_links_by_customer ON one_time_links (customer_id);
CREATE INDEX one_time_links_by_expiry ON one_time_links (expires_at);

CREATE TABLE api_tokens (
    id           TEXT COLLATE "C" PRIMARY KEY,
    name         TEXT NOT NULL,
    token_hash   TEXT COLLATE "C" NOT NULL UNIQUE,
    scopes       TEXT NOT NULL,
    created_by   TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT,
    last_used_at BIGINT,
    revoked_at   BIGINT
);

-- The first answer to a POST, kept so that its repeat gets the same one.
CREATE TABLE idempotency_keys (
    token_id     TEXT COLLATE "C" NOT NULL REFERENCES api_tokens (id),
    key          TEXT COLLATE "C" NOT NULL,
    request      TEXT NOT NULL,   -- a fingerprint of all that was asked for
    status       BIGINT NOT NULL, -- 0: not answered yet, seen by nobody but the transaction that answers
    content_type TEXT NOT NULL,
    body         TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (token_id, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

CREATE TABLE events (
    seq         BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    id          TEXT COLLATE "C" NOT NULL UNIQUE,
    type        TEXT COLLATE "C" NOT NULL,
    occurred_at BIGINT NOT NULL,
    actor_kind  TEXT NOT NULL,
    actor_id    TEXT NOT NULL,
    subject_id  TEXT COLLATE "C" NOT NULL,
    customer_id TEXT COLLATE "C",
    data        TEXT NOT NULL
);
CREATE INDEX events_by_type ON events (type, seq);
CREATE INDEX events_by_subject ON events (subject_id, seq);
CREATE INDEX events_by_customer ON events (customer_id, seq);

-- What people and programs changed outside a license's own history: sign-ins, settings, catalog, customers, acting for a customer.
CREATE TABLE audit_log (
    id         TEXT COLLATE "C" PRIMARY KEY,
    at         BIGINT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id   TEXT COLLATE "C" NOT NULL,
    actor_name TEXT NOT NULL,
    ip         TEXT NOT NULL,
    what       TEXT NOT NULL,
    subject_id TEXT COLLATE "C" NOT NULL,
    before     TEXT NOT NULL DEFAULT '',
    after      TEXT NOT NULL DEFAULT '',
    why        TEXT NOT NULL DEFAULT ''
);
CREATE INDEX audit_log_by_subject ON audit_log (subject_id, id);
CREATE INDEX audit_log_by_actor ON audit_log (actor_id, id);

CREATE TABLE jobs (
    id           TEXT COLLATE "C" PRIMARY KEY,
    kind         TEXT COLLATE "C" NOT NULL,
    dedup_key    TEXT COLLATE "C",
    payload      TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed')),
    run_at       BIGINT NOT NULL,
    attempt      BIGINT NOT NULL DEFAULT 0,
    max_attempts BIGINT NOT NULL CHECK (max_attempts > 0),
    lease_until  BIGINT,
    last_error   TEXT NOT NULL DEFAULT '',
    created_at   BIGINT NOT NULL,
    finished_at  BIGINT,
    UNIQUE (kind, dedup_key),
    CHECK ((state = 'running') = (lease_until IS NOT NULL)),
    CHECK ((state IN ('done', 'failed')) = (finished_at IS NOT NULL))
);
CREATE INDEX jobs_due ON jobs (run_at, id) WHERE state = 'queued';
CREATE INDEX jobs_leased ON jobs (lease_until) WHERE state = 'running';
CREATE INDEX jobs_by_state ON jobs (state, id);
