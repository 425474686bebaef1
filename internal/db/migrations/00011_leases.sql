-- +goose Up
-- Two roots a product: one in use, one spare. sealed is null once the private part was taken off the server.
CREATE TABLE product_roots (
    id          TEXT COLLATE "C" PRIMARY KEY,
    product_id  TEXT COLLATE "C" NOT NULL REFERENCES products (id),
    position    BIGINT NOT NULL CHECK (position IN (1, 2)),
    public_key  TEXT COLLATE "C" NOT NULL UNIQUE,
    sealed      TEXT,
    created_at  BIGINT NOT NULL,
    exported_at BIGINT,
    removed_at  BIGINT,
    UNIQUE (product_id, position),
    CHECK ((sealed IS NULL) = (removed_at IS NOT NULL)),
    CHECK (removed_at IS NULL OR exported_at IS NOT NULL)
);

-- Keys that sign leases, each with a root's statement. Those in reserve were stated in advance, so that the next ones need
-- no root. A serial is never used twice.
CREATE TABLE signing_keys (
    id          TEXT COLLATE "C" PRIMARY KEY,
    product_id  TEXT COLLATE "C" NOT NULL REFERENCES products (id),
    root_id     TEXT COLLATE "C" NOT NULL REFERENCES product_roots (id),
    serial      BIGINT NOT NULL CHECK (serial > 0),
    public_key  TEXT COLLATE "C" NOT NULL UNIQUE,
    sealed      TEXT, -- null once it signs no more
    statement   TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('reserve', 'current', 'retired')),
    expires_at  BIGINT NOT NULL, -- of the statement
    created_at  BIGINT NOT NULL,
    started_at  BIGINT,
    retired_at  BIGINT,
    UNIQUE (product_id, serial),
    CHECK ((sealed IS NULL) = (state = 'retired')),
    CHECK ((state = 'reserve') = (started_at IS NULL)),
    CHECK ((state = 'retired') = (retired_at IS NOT NULL))
);
CREATE UNIQUE INDEX signing_keys_current ON signing_keys (product_id) WHERE state = 'current';

-- During which a license had support and upgrades. All are kept: a lapsed one covers what was released in it.
CREATE TABLE support_periods (
    id              TEXT COLLATE "C" PRIMARY KEY,
    license_id      TEXT COLLATE "C" NOT NULL REFERENCES licenses (id),
    kind            TEXT NOT NULL CHECK (kind IN ('included', 'pack', 'staff', 'import')),
    name            TEXT NOT NULL,
    starts_at       BIGINT NOT NULL,
    ends_at         BIGINT NOT NULL,
    ends_on         TEXT COLLATE "C" NOT NULL, -- its day in the store's zone: when the next one is due
    line_id         TEXT COLLATE "C" UNIQUE REFERENCES fulfilments (line_id), -- of the invoice that paid for it
    subscription_id TEXT COLLATE "C" REFERENCES subscriptions (id),
    created_at      BIGINT NOT NULL,
    taken_back_at   BIGINT, -- it was refunded
    why             TEXT NOT NULL DEFAULT '',
    CHECK (starts_at < ends_at)
);
CREATE INDEX support_periods_by_license ON support_periods (license_id, starts_at);

-- One trial of a product for each place, whoever asks.
CREATE TABLE trial_places (
    product_id TEXT COLLATE "C" NOT NULL REFERENCES products (id),
    identifier TEXT COLLATE "C" NOT NULL,
    license_id TEXT COLLATE "C" NOT NULL REFERENCES licenses (id),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (product_id, identifier)
);
CREATE INDEX trial_places_by_license ON trial_places (license_id);

-- The domains that licenses are bound to, one a row, to find the licenses of a domain. Written along with
-- licenses.valid_domains.
CREATE TABLE license_domains (
    product_id TEXT COLLATE "C" NOT NULL REFERENCES products (id),
    domain     TEXT COLLATE "C" NOT NULL,
    license_id TEXT COLLATE "C" NOT NULL REFERENCES licenses (id),
    PRIMARY KEY (product_id, domain, license_id)
);
CREATE INDEX license_domains_by_license ON license_domains (license_id);

-- Places at which no license runs.
CREATE TABLE bans (
    id         TEXT COLLATE "C" PRIMARY KEY,
    kind       TEXT NOT NULL CHECK (kind IN ('domain', 'ip')),
    value      TEXT COLLATE "C" NOT NULL,
    why        TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (kind, value)
);

-- Lease files of installations that never ask; each holds its activation until it ends.
CREATE TABLE lease_files (
    id            TEXT COLLATE "C" PRIMARY KEY, -- the lease's jti
    license_id    TEXT COLLATE "C" NOT NULL REFERENCES licenses (id),
    activation_id TEXT COLLATE "C" NOT NULL, -- that it was made for; it may be removed since
    identifier    TEXT COLLATE "C" NOT NULL,
    nonce         TEXT NOT NULL,
    created_at    BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    lease         TEXT NOT NULL, -- as it was handed out: the same request gets the same file
    UNIQUE (license_id, nonce),
    CHECK (expires_at > created_at)
);
CREATE INDEX lease_files_by_activation ON lease_files (activation_id, expires_at);

-- The numbers by which software and exports of WHMCS know a license and its product.
CREATE TABLE foreign_numbers (
    kind       TEXT NOT NULL CHECK (kind IN ('service', 'product')),
    number     BIGINT NOT NULL CHECK (number > 0),
    subject_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (kind, number),
    UNIQUE (kind, subject_id)
);

-- Versions that installed software says it is and no release is registered for.
CREATE TABLE unknown_versions (
    product_id TEXT COLLATE "C" NOT NULL REFERENCES products (id),
    version    TEXT COLLATE "C" NOT NULL,
    first_at   BIGINT NOT NULL,
    last_at    BIGINT NOT NULL,
    PRIMARY KEY (product_id, version)
);
