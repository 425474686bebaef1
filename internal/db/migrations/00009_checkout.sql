-- +goose Up
-- Who ordered without signing in, under an address that was known already. Nothing of the two belongs together until
-- the owner of the mailbox says so; then all that was the guest's is the account's, and only the books keep the guest.
CREATE TABLE guests (
    customer_id TEXT COLLATE "C" PRIMARY KEY REFERENCES customers (id),
    account_id  TEXT COLLATE "C" REFERENCES customers (id), -- that everything was moved to
    created_at  BIGINT NOT NULL,
    claimed_at  BIGINT,
    CHECK ((account_id IS NULL) = (claimed_at IS NULL)),
    CHECK (account_id <> customer_id)
);

-- The links in mails with which the owner of an address takes the orders of a guest over.
CREATE TABLE guest_claims (
    token_hash  TEXT COLLATE "C" PRIMARY KEY,
    customer_id TEXT COLLATE "C" NOT NULL REFERENCES guests (customer_id),
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL
);
CREATE INDEX guest_claims_by_customer ON guest_claims (customer_id);
CREATE INDEX guest_claims_by_expiry ON guest_claims (expires_at);

-- Orders without a sign-in by the address that was given: what limits one customer limits one address, whoever owns it.
CREATE TABLE guest_orders (
    order_id     TEXT COLLATE "C" PRIMARY KEY REFERENCES orders (id),
    address_fold TEXT COLLATE "C" NOT NULL
);
CREATE INDEX guest_orders_by_address ON guest_orders (address_fold, order_id);

CREATE TABLE guest_trials (
    address_fold TEXT COLLATE "C" NOT NULL,
    product_id   TEXT COLLATE "C" NOT NULL REFERENCES products (id),
    order_id     TEXT COLLATE "C" NOT NULL REFERENCES orders (id),
    PRIMARY KEY (address_fold, product_id)
);
CREATE INDEX guest_trials_by_order ON guest_trials (order_id);

-- The secret addresses of thank-you pages.
CREATE TABLE thank_you_links (
    token_hash TEXT COLLATE "C" PRIMARY KEY,
    order_id   TEXT COLLATE "C" NOT NULL REFERENCES orders (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX thank_you_links_by_expiry ON thank_you_links (expires_at);

-- What a customer agreed to with an order, in the words that were shown.
CREATE TABLE consents (
    id          TEXT COLLATE "C" PRIMARY KEY,
    order_id    TEXT COLLATE "C" NOT NULL REFERENCES orders (id),
    customer_id TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    kind        TEXT NOT NULL,
    text        TEXT NOT NULL,
    version     TEXT NOT NULL,
    ip          TEXT NOT NULL,
    given_at    BIGINT NOT NULL
);
CREATE INDEX consents_by_order ON consents (order_id);
CREATE INDEX consents_by_customer ON consents (customer_id, id);
