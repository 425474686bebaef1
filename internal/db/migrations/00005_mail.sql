-- +goose Up
-- Mails, from the moment that something happened which they tell of. due_at (the store's clock) is when one is to be
-- tried; who tries it holds it by a claim until lease_until (the real time, which a process and its mail server live
-- by). Of a kind that holds a secret link, data and bodies are sealed, and forgotten once the mail is settled.
CREATE TABLE mails (
    id           TEXT COLLATE "C" PRIMARY KEY,
    kind         TEXT COLLATE "C" NOT NULL,
    customer_id  TEXT COLLATE "C" REFERENCES customers (id),
    subject_id   TEXT COLLATE "C" NOT NULL,
    occasion     TEXT COLLATE "C" NOT NULL,
    resend_of    TEXT COLLATE "C", -- the mail that this one repeats
    recipient    TEXT NOT NULL,
    recipient_fold TEXT COLLATE "C" NOT NULL,
    language     TEXT NOT NULL, -- empty: the store's
    message_id   TEXT NOT NULL,
    data         TEXT NOT NULL, -- what the mail tells, as it was when it was queued
    state        TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'unknown', 'failed', 'cancelled')),
    due_at       BIGINT,
    tries        BIGINT NOT NULL DEFAULT 0,
    unknowns     BIGINT NOT NULL DEFAULT 0, -- tries of which nobody knows what became of them
    claim        TEXT COLLATE "C",
    lease_until  BIGINT,
    rendered     BOOLEAN NOT NULL DEFAULT FALSE,
    subject      TEXT NOT NULL DEFAULT '',
    body_text    TEXT NOT NULL DEFAULT '',
    body_html    TEXT NOT NULL DEFAULT '',
    last_error   TEXT NOT NULL DEFAULT '',
    created_at   BIGINT NOT NULL,
    tried_at     BIGINT, -- for the first time
    settled_at   BIGINT,
    UNIQUE (subject_id, kind, occasion),
    CHECK (state <> 'queued' OR due_at IS NOT NULL),
    CHECK (state IN ('queued', 'unknown') OR due_at IS NULL),
    CHECK (state <> 'sending' OR claim IS NOT NULL),
    CHECK ((claim IS NULL) = (lease_until IS NULL)),
    CHECK ((settled_at IS NOT NULL) = (state IN ('sent', 'failed', 'cancelled') OR (state = 'unknown' AND due_at IS NULL)))
);
CREATE INDEX mails_due ON mails (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX mails_sending ON mails (lease_until) WHERE state = 'sending';
CREATE INDEX mails_claimed ON mails (claim) WHERE claim IS NOT NULL;
CREATE INDEX mails_by_state ON mails (state, id);
CREATE INDEX mails_by_kind ON mails (kind, id);
CREATE INDEX mails_by_customer ON mails (customer_id, id);
CREATE INDEX mails_by_recipient ON mails (recipient_fold, id);

-- What a store wrote in the place of the templates that Keystead ships.
CREATE TABLE mail_templates (
    kind       TEXT COLLATE "C" NOT NULL,
    language   TEXT COLLATE "C" NOT NULL,
    subject    TEXT NOT NULL,
    body_text  TEXT NOT NULL,
    body_html  TEXT NOT NULL,
    version    BIGINT NOT NULL DEFAULT 1,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (kind, language)
);

-- The password for the mail server, sealed, and the account that it was given for: it is shown to no other server.
CREATE TABLE mail_passwords (
    account    TEXT COLLATE "C" PRIMARY KEY,
    sealed     TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);
