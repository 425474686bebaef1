-- +goose Up
-- Where the history is sent to. A deleted endpoint stays as long as the log names it.
CREATE TABLE webhook_endpoints (
    id                 TEXT COLLATE "C" PRIMARY KEY,
    url                TEXT NOT NULL,
    description        TEXT NOT NULL DEFAULT '',
    event_types        TEXT NOT NULL, -- patterns ("invoice.*"), separated by spaces
    state              TEXT NOT NULL CHECK (state IN ('enabled', 'disabled', 'deleted')),
    disabled_why       TEXT NOT NULL DEFAULT '' CHECK (disabled_why IN ('', 'by_hand', 'gone', 'failing')),
    secret             TEXT NOT NULL, -- sealed; empty once the endpoint is deleted
    old_secret         TEXT,          -- sealed; signs as well until old_secret_ends_at, by the clock of the machine
    old_secret_ends_at BIGINT,
    failing_since_at   BIGINT,        -- the first failed attempt after the last that succeeded
    version            BIGINT NOT NULL DEFAULT 1,
    created_at         BIGINT NOT NULL,
    updated_at         BIGINT NOT NULL,
    CHECK ((state = 'disabled') = (disabled_why <> '')),
    CHECK ((old_secret IS NULL) = (old_secret_ends_at IS NULL))
);

-- An event that an endpoint is told of. due_at goes by the store's clock, lease_until by that of the machine.
CREATE TABLE webhook_deliveries (
    id          TEXT COLLATE "C" PRIMARY KEY,
    endpoint_id TEXT COLLATE "C" NOT NULL REFERENCES webhook_endpoints (id),
    event_id    TEXT COLLATE "C" NOT NULL REFERENCES events (id),
    event_type  TEXT COLLATE "C" NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('pending', 'sending', 'delivered', 'failed')),
    due_at      BIGINT NOT NULL,
    attempt     BIGINT NOT NULL DEFAULT 0, -- how often it was claimed
    failures    BIGINT NOT NULL DEFAULT 0, -- attempts that failed since it was queued
    lease_until BIGINT,
    give_up_at  BIGINT,                    -- three days after the first of those
    last_status BIGINT NOT NULL DEFAULT 0, -- of HTTP; 0: no answer
    last_error  TEXT NOT NULL DEFAULT '',
    created_at  BIGINT NOT NULL,
    finished_at BIGINT,
    UNIQUE (endpoint_id, event_id),
    CHECK ((state = 'sending') = (lease_until IS NOT NULL)),
    CHECK ((state IN ('delivered', 'failed')) = (finished_at IS NOT NULL))
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint_id, due_at, id) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_leased ON webhook_deliveries (endpoint_id, lease_until) WHERE state = 'sending';
CREATE INDEX webhook_deliveries_by_endpoint ON webhook_deliveries (endpoint_id, id);
CREATE INDEX webhook_deliveries_by_state ON webhook_deliveries (state, id);
CREATE INDEX webhook_deliveries_by_type ON webhook_deliveries (event_type, id);

CREATE TABLE webhook_attempts (
    delivery_id TEXT COLLATE "C" NOT NULL REFERENCES webhook_deliveries (id),
    attempt     BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    status      BIGINT NOT NULL, -- of HTTP; 0: no answer
    duration    BIGINT NOT NULL, -- microseconds
    answer      TEXT NOT NULL,   -- its beginning
    error       TEXT NOT NULL,   -- empty: delivered
    PRIMARY KEY (delivery_id, attempt)
);
