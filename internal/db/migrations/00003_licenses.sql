-- +goose Up
-- status is the effective state that was written down last (see license.Effective); outcome is what staff or
-- money decided for good. expires_at, grace_until and ends_at decide the state at any instant.
CREATE TABLE licenses (
    id               TEXT COLLATE "C" PRIMARY KEY,
    key              TEXT COLLATE "C" NOT NULL UNIQUE CHECK (key <> ''),
    key_lookup       TEXT COLLATE "C" NOT NULL UNIQUE,
    customer_id      TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    product_id       TEXT COLLATE "C" NOT NULL REFERENCES products (id),
    plan_id          TEXT COLLATE "C" NOT NULL REFERENCES plans (id),
    order_id         TEXT COLLATE "C" REFERENCES orders (id),
    invoice_line_id  TEXT COLLATE "C" UNIQUE REFERENCES fulfilments (line_id),
    trial_line_id    TEXT COLLATE "C" UNIQUE REFERENCES fulfilments (line_id), -- that it was issued for when it was a trial
    subscription_id  TEXT COLLATE "C" UNIQUE, -- that pays for it
    type             TEXT NOT NULL CHECK (type IN ('purchased', 'leased', 'development', 'trial')),
    parent_id        TEXT COLLATE "C" REFERENCES licenses (id), -- of a development license
    free             BOOLEAN NOT NULL DEFAULT FALSE, -- the development license that comes with its parent
    status           TEXT NOT NULL CHECK (status IN ('active', 'expired', 'suspended', 'revoked', 'cancelled')),
    outcome          TEXT NOT NULL DEFAULT '' CHECK (outcome IN ('', 'revoked', 'cancelled')),
    activation_limit BIGINT NOT NULL CHECK (activation_limit >= 0),
    near_limit       BOOLEAN NOT NULL DEFAULT FALSE,
    entitlements     TEXT NOT NULL DEFAULT '{}',
    expires_at       BIGINT,
    grace_until      BIGINT,
    ends_at          BIGINT,
    updates_until    BIGINT, -- the latest end of its support periods; null: no end, or of a type that has none
    -- The place that it is bound to: lists in JSON. An empty one is open, and the next check that names one binds it.
    valid_domains     TEXT NOT NULL DEFAULT '[]',
    valid_ips         TEXT NOT NULL DEFAULT '[]',
    valid_directories TEXT NOT NULL DEFAULT '[]',
    reissues         BIGINT NOT NULL DEFAULT 0 CHECK (reissues >= 0), -- since staff set it back
    allowed_hosts    TEXT NOT NULL DEFAULT '[]', -- public ones on which this development license may run
    version          BIGINT NOT NULL DEFAULT 1,
    created_at       BIGINT NOT NULL,
    updated_at       BIGINT NOT NULL,
    CHECK (parent_id IS NULL OR type = 'development'),
    CHECK (NOT free OR parent_id IS NOT NULL),
    CHECK (outcome = '' OR status = outcome),
    CHECK (status NOT IN ('revoked', 'cancelled') OR outcome = status)
);
CREATE INDEX licenses_by_customer ON licenses (customer_id, id);
CREATE INDEX licenses_by_order ON licenses (order_id);
CREATE INDEX licenses_by_status ON licenses (status, id);
CREATE INDEX licenses_by_product ON licenses (product_id, status, id);
CREATE INDEX licenses_by_plan ON licenses (plan_id, status, id);
CREATE INDEX licenses_by_expiry ON licenses (status, expires_at, id);
CREATE INDEX licenses_grace_due ON licenses (status, grace_until) WHERE status = 'active';
CREATE INDEX licenses_end_due ON licenses (status, ends_at);
CREATE UNIQUE INDEX licenses_free_of_parent ON licenses (parent_id) WHERE free;
CREATE INDEX licenses_by_parent ON licenses (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX licenses_trials ON licenses (customer_id, product_id) WHERE type = 'trial';
CREATE INDEX licenses_by_updates ON licenses (updates_until, id) WHERE updates_until IS NOT NULL;
CREATE INDEX licenses_near_limit ON licenses (status, id) WHERE near_limit;

CREATE TABLE license_holds (
    license_id TEXT COLLATE "C" NOT NULL REFERENCES licenses (id),
    reason     TEXT NOT NULL CHECK (reason IN ('payment', 'dispute', 'staff', 'parent')),
    source     TEXT COLLATE "C" NOT NULL,
    since      BIGINT NOT NULL,
    why        TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (license_id, reason, source)
);

CREATE TABLE activations (
    id           TEXT COLLATE "C" PRIMARY KEY,
    license_id   TEXT COLLATE "C" NOT NULL REFERENCES licenses (id),
    identifier   TEXT COLLATE "C" NOT NULL CHECK (identifier <> ''),
    name         TEXT NOT NULL DEFAULT '',
    ip           TEXT NOT NULL DEFAULT '',
    override     BOOLEAN NOT NULL DEFAULT FALSE,
    activated_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    UNIQUE (license_id, identifier)
);
CREATE INDEX activations_by_identifier ON activations (identifier, license_id);

CREATE TABLE rejected_activations (
    license_id TEXT COLLATE "C" NOT NULL REFERENCES licenses (id),
    identifier TEXT COLLATE "C" NOT NULL,
    reason     TEXT NOT NULL,
    attempts   BIGINT NOT NULL CHECK (attempts > 0),
    ip         TEXT NOT NULL DEFAULT '',
    first_at   BIGINT NOT NULL,
    last_at    BIGINT NOT NULL,
    PRIMARY KEY (license_id, identifier)
);
CREATE INDEX rejected_activations_by_age ON rejected_activations (last_at);

CREATE TABLE license_history (
    id         TEXT COLLATE "C" PRIMARY KEY,
    license_id TEXT COLLATE "C" NOT NULL REFERENCES licenses (id),
    at         BIGINT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id   TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    what       TEXT NOT NULL,
    before     TEXT NOT NULL DEFAULT '',
    after      TEXT NOT NULL DEFAULT '',
    why        TEXT NOT NULL DEFAULT ''
);
CREATE INDEX license_history_by_license ON license_history (license_id, id);

-- Check figures live beside the license: they change on every check, the license does not.
CREATE TABLE license_checks (
    license_id    TEXT COLLATE "C" PRIMARY KEY REFERENCES licenses (id),
    check_count   BIGINT NOT NULL DEFAULT 0 CHECK (check_count >= 0),
    last_check_at BIGINT NOT NULL DEFAULT 0,
    last_check_ip TEXT NOT NULL DEFAULT ''
);
CREATE INDEX license_checks_by_age ON license_checks (last_check_at, license_id);

CREATE TABLE license_checks_daily (
    license_id  TEXT COLLATE "C" NOT NULL REFERENCES licenses (id),
    day         TEXT COLLATE "C" NOT NULL,
    check_count BIGINT NOT NULL,
    PRIMARY KEY (license_id, day)
);
CREATE INDEX license_checks_daily_by_day ON license_checks_daily (day);

CREATE TABLE checks_hourly (
    hour        BIGINT PRIMARY KEY,
    check_count BIGINT NOT NULL
);

-- Answers other than "valid", and changes of place.
CREATE TABLE verification_log (
    id         TEXT COLLATE "C" PRIMARY KEY,
    license_id TEXT COLLATE "C" NOT NULL REFERENCES licenses (id),
    at         BIGINT NOT NULL,
    result     TEXT NOT NULL,
    identifier TEXT NOT NULL DEFAULT '',
    domain     TEXT NOT NULL DEFAULT '', -- the place that the caller named
    place_ip   TEXT NOT NULL DEFAULT '',
    directory  TEXT NOT NULL DEFAULT '',
    version    TEXT NOT NULL DEFAULT '',
    ip         TEXT NOT NULL DEFAULT '', -- of the connection
    user_agent TEXT NOT NULL DEFAULT ''
);
CREATE INDEX verification_log_by_license ON verification_log (license_id, id);
CREATE INDEX verification_log_by_age ON verification_log (at, result);

-- Served and refused downloads.
CREATE TABLE download_log (
    id         TEXT COLLATE "C" PRIMARY KEY,
    license_id TEXT COLLATE "C" REFERENCES licenses (id),
    product_id TEXT COLLATE "C" NOT NULL REFERENCES products (id),
    release_id TEXT COLLATE "C" REFERENCES releases (id),
    file       TEXT NOT NULL DEFAULT '',
    result     TEXT NOT NULL,
    ip         TEXT NOT NULL DEFAULT '',
    user_agent TEXT NOT NULL DEFAULT '',
    at         BIGINT NOT NULL
);
CREATE INDEX download_log_by_license ON download_log (license_id, id);
CREATE INDEX download_log_by_age ON download_log (at);

-- How far the check log of a SQLite store has been folded into license_checks.
CREATE TABLE check_log_position (
    id      BIGINT PRIMARY KEY CHECK (id = 1),
    epoch   TEXT NOT NULL,
    segment BIGINT NOT NULL,
    folded  BIGINT NOT NULL
);

-- Tells the other processes of a PostgreSQL store which in-memory entries are old; '*' means all of them. Nothing
-- writes it on SQLite. xact is the transaction that wrote the row: commits become visible in another order than
-- their rows got a seq, so readers ask by transaction.
CREATE TABLE license_changes (
    seq        BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    license_id TEXT COLLATE "C" NOT NULL,
    version    BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    xact       BIGINT NOT NULL DEFAULT (pg_current_xact_id()::text::bigint)
);
CREATE INDEX license_changes_by_xact ON license_changes (xact);
