-- +goose Up
-- What a registry allows, from a day on. Rows that have counted stay: a renewal names the one that decided.
CREATE TABLE tld_policies (
    id                   TEXT COLLATE "C" PRIMARY KEY,
    extension            TEXT COLLATE "C" NOT NULL, -- A-labels
    valid_from           TEXT COLLATE "C" NOT NULL,
    min_years            BIGINT NOT NULL CHECK (min_years BETWEEN 1 AND 10),
    max_years            BIGINT NOT NULL CHECK (max_years BETWEEN min_years AND 10),
    step_years           BIGINT NOT NULL CHECK (step_years BETWEEN 1 AND 10),
    earliest             BIGINT CHECK (earliest >= 0), -- null: any time
    grace_days           BIGINT NOT NULL CHECK (grace_days >= 0),
    latest               BIGINT CHECK (latest <= 0),
    redemption_days      BIGINT NOT NULL CHECK (redemption_days >= 0),
    registry_auto_renews BOOLEAN NOT NULL,
    argp_days            BIGINT NOT NULL CHECK (argp_days >= 0),
    explicit_renew       BOOLEAN NOT NULL,
    date_moves           TEXT NOT NULL CHECK (date_moves IN ('at_once', 'at_expiry')),
    expiry_rounding      TEXT NOT NULL CHECK (expiry_rounding IN ('none', 'month_end')),
    due_margin           BIGINT NOT NULL CHECK (due_margin >= 0),
    years_ahead_limit    BIGINT CHECK (years_ahead_limit BETWEEN 0 AND 10),
    grace_fee            TEXT NOT NULL DEFAULT '{}', -- JSON: currency to minor units
    redemption_fee       TEXT NOT NULL DEFAULT '{}', -- the same; empty: staff quote it
    source               TEXT NOT NULL DEFAULT '',
    read_on              TEXT COLLATE "C",
    created_at           BIGINT NOT NULL,
    UNIQUE (extension, valid_from),
    CHECK (grace_days = 0 OR latest IS NULL),
    CHECK (earliest + latest >= 0), -- the first day is not after the last
    CHECK (argp_days = 0 OR registry_auto_renews)
);

-- What a term costs from a day on; -1: not offered. A group's row without an amount: it has no price of its own any more.
CREATE TABLE domain_prices (
    extension      TEXT COLLATE "C" NOT NULL,
    kind           TEXT COLLATE "C" NOT NULL CHECK (kind IN ('register', 'transfer', 'renew')),
    years          BIGINT NOT NULL CHECK (years BETWEEN 1 AND 10),
    currency       TEXT COLLATE "C" NOT NULL,
    customer_group TEXT COLLATE "C" NOT NULL, -- empty: all
    valid_from     TEXT COLLATE "C" NOT NULL,
    amount         BIGINT CHECK (amount >= -1),
    updated_at     BIGINT NOT NULL,
    PRIMARY KEY (extension, kind, years, currency, customer_group, valid_from),
    CHECK (amount IS NOT NULL OR customer_group <> ''),
    CHECK (kind <> 'renew' OR years < 10 OR amount IS NULL OR amount = -1)
);

-- Through whom registries are reached. settings holds no secrets; secret is encrypted.
CREATE TABLE registrars (
    id         TEXT COLLATE "C" PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    adapter    TEXT NOT NULL,
    settings   TEXT NOT NULL DEFAULT '{}',
    secret     TEXT NOT NULL DEFAULT '',
    sync_mode  TEXT NOT NULL CHECK (sync_mode IN ('on', 'notify', 'off')),
    status     TEXT NOT NULL CHECK (status IN ('active', 'archived')),
    -- The breaker: since when sync is stopped because too many answers were bad; null: it runs.
    stopped_at BIGINT,
    -- What the account holds, as it was read last.
    balance          BIGINT,
    balance_currency TEXT NOT NULL DEFAULT '',
    balance_read_at  BIGINT,
    -- Since when it could not be reached, and the store's date since which the account is short of money. Told once each
    -- (of money once a day): told_unreachable, funds_told_on.
    unreachable_since BIGINT,
    told_unreachable  BOOLEAN NOT NULL DEFAULT FALSE,
    funds_low_since   TEXT COLLATE "C",
    funds_told_on     TEXT COLLATE "C",
    -- Until when the turns of its commands are given to processes of the store, by the wall.
    paced_until BIGINT NOT NULL DEFAULT 0,
    version    BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL,
    CHECK (unreachable_since IS NOT NULL OR NOT told_unreachable),
    CHECK ((balance IS NULL) = (balance_read_at IS NULL) AND (balance IS NULL) = (balance_currency = ''))
);

-- Through whom the names of an extension are registered; none: they are only renewed where they are.
CREATE TABLE tlds (
    extension    TEXT COLLATE "C" PRIMARY KEY, -- A-labels
    registrar_id TEXT COLLATE "C" REFERENCES registrars (id),
    version      BIGINT NOT NULL DEFAULT 1,
    created_at   BIGINT NOT NULL
);

-- Every frame that went to a registrar or came from one, secrets masked.
CREATE TABLE registrar_frames (
    id             TEXT COLLATE "C" PRIMARY KEY,
    registrar_id   TEXT COLLATE "C" NOT NULL REFERENCES registrars (id),
    session        BIGINT NOT NULL,
    sent           BOOLEAN NOT NULL,
    command        TEXT NOT NULL,
    transaction_id TEXT COLLATE "C" NOT NULL,
    body           TEXT NOT NULL,
    created_at     BIGINT NOT NULL
);
CREATE INDEX registrar_frames_by_transaction ON registrar_frames (transaction_id, id);
CREATE INDEX registrar_frames_by_registrar ON registrar_frames (registrar_id, id);

-- The messages of registries, each handled once and acknowledged afterwards.
CREATE TABLE registrar_messages (
    registrar_id TEXT COLLATE "C" NOT NULL REFERENCES registrars (id),
    message_id   TEXT COLLATE "C" NOT NULL,
    body         TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (registrar_id, message_id)
);

-- What a registrar asks the store for a term, imported or quoted. It is compared, and blocks nothing.
CREATE TABLE domain_costs (
    registrar_id TEXT COLLATE "C" NOT NULL REFERENCES registrars (id),
    extension    TEXT COLLATE "C" NOT NULL,
    kind         TEXT COLLATE "C" NOT NULL CHECK (kind IN ('register', 'transfer', 'renew', 'restore')),
    years        BIGINT NOT NULL CHECK (years BETWEEN 1 AND 10),
    currency     TEXT COLLATE "C" NOT NULL,
    valid_from   TEXT COLLATE "C" NOT NULL,
    amount       BIGINT NOT NULL CHECK (amount >= 0),
    source       TEXT NOT NULL DEFAULT '',
    updated_at   BIGINT NOT NULL,
    PRIMARY KEY (registrar_id, extension, kind, years, currency, valid_from)
);

-- name is in A-labels. expires_on is the UTC date of expires_at (R); term_end is T as of the last write, for those who
-- look for what falls due. Status is what was written down last; what holds is computed when it is read.
CREATE TABLE domains (
    id                TEXT COLLATE "C" PRIMARY KEY,
    name              TEXT COLLATE "C" NOT NULL CHECK (name = lower(name)),
    extension         TEXT COLLATE "C" NOT NULL,
    customer_id       TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    order_id          TEXT COLLATE "C" REFERENCES orders (id),
    registrar_id      TEXT COLLATE "C" REFERENCES registrars (id),
    kind              TEXT NOT NULL CHECK (kind IN ('register', 'transfer')),
    status            TEXT NOT NULL CHECK (status IN ('pending', 'pending_registration', 'pending_transfer', 'active', 'grace', 'redemption',
                          'expired', 'transferred_away', 'cancelled', 'fraud')),
    expires_at        BIGINT,
    expires_on        TEXT COLLATE "C",
    expiry_raw        TEXT NOT NULL DEFAULT '',
    expiry_source     TEXT NOT NULL DEFAULT '' CHECK (expiry_source IN ('', 'epp', 'registrar', 'staff', 'import', 'predicted')),
    expiry_read_at    BIGINT,
    accounting_on     TEXT COLLATE "C",
    paid_through      TEXT COLLATE "C",
    term_end          TEXT COLLATE "C",
    next_due          TEXT COLLATE "C",
    term              BIGINT CHECK (term BETWEEN 1 AND 9), -- null: it does not renew by itself
    currency          TEXT NOT NULL,
    recurring_amount  BIGINT NOT NULL DEFAULT 0 CHECK (recurring_amount >= 0), -- 0 with a term: free
    do_not_renew      BOOLEAN NOT NULL DEFAULT FALSE,
    bundled_with      TEXT COLLATE "C" REFERENCES subscriptions (id),
    premium           TEXT, -- JSON: class, last quote, time
    restore_quote     TEXT, -- JSON: what staff have quoted for its restore, and for which term
    registry_state    TEXT NOT NULL DEFAULT '{}', -- JSON: statuses, sponsor, limit
    registry_read_at  BIGINT,
    locked_by_us      BOOLEAN NOT NULL DEFAULT FALSE,
    unanswered        BOOLEAN NOT NULL DEFAULT FALSE,
    bought_years      BIGINT CHECK (bought_years BETWEEN 1 AND 10), -- of a registration or transfer
    transfer_secret   TEXT NOT NULL DEFAULT '', -- sealed; forgotten when the transfer is over
    nameservers       TEXT NOT NULL DEFAULT '[]', -- JSON: those that the store asked for
    registrant        TEXT NOT NULL DEFAULT '{}', -- JSON: who the registry was told holds it
    holder_at_end     TEXT NOT NULL DEFAULT '', -- JSON: who held it on the day on which its term ended last, for notices after it
    renewal_mode      TEXT NOT NULL DEFAULT '' CHECK (renewal_mode IN ('', 'renew', 'expire')), -- as it was set where there is no renew command
    missing_since     BIGINT, -- the registry did not find it in a run; acted upon in a second one
    deleted_at        BIGINT, -- when staff had the registry delete it; null: they did not, or the registry has it again
    sync_at           BIGINT, -- when it is read next; null: never
    invoice_tried_on  TEXT COLLATE "C", -- the day on which its automatic invoice was due and could not be made; null: it has changed since
    -- The work at the registrar: when something is to be done (the store's clock), and until when somebody does it (the wall's).
    work_at           BIGINT,
    worker_until      BIGINT,
    work_tries        BIGINT NOT NULL DEFAULT 0,
    version           BIGINT NOT NULL DEFAULT 1,
    created_at        BIGINT NOT NULL,
    updated_at        BIGINT NOT NULL,
    CHECK ((expires_at IS NULL) = (expires_on IS NULL) AND (expires_at IS NULL) = (expiry_source = '')),
    CHECK (term IS NOT NULL OR recurring_amount = 0),
    CHECK (status NOT IN ('active', 'grace', 'redemption', 'expired') OR expires_at IS NOT NULL)
);
-- A name is once in the store, until its record is over.
CREATE UNIQUE INDEX domains_name ON domains (name) WHERE status NOT IN ('expired', 'transferred_away', 'cancelled', 'fraud');
CREATE INDEX domains_by_name ON domains (name, id);
CREATE INDEX domains_unpaid ON domains (id) WHERE status = 'pending';
CREATE INDEX domains_premium ON domains (next_due, id) WHERE premium IS NOT NULL;
CREATE INDEX domains_by_customer ON domains (customer_id, id);
CREATE INDEX domains_by_extension ON domains (extension, id);
CREATE INDEX domains_by_order ON domains (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX domains_by_registrar ON domains (registrar_id, registry_read_at) WHERE registrar_id IS NOT NULL;
CREATE INDEX domains_bundled ON domains (bundled_with) WHERE bundled_with IS NOT NULL;
CREATE INDEX domains_due ON domains (next_due, id)
    WHERE next_due IS NOT NULL AND status NOT IN ('expired', 'transferred_away', 'cancelled', 'fraud');
CREATE INDEX domains_term_end ON domains (term_end, id) WHERE term_end IS NOT NULL;
-- Those whose registry is ahead of what was paid: few of all.
CREATE INDEX domains_ahead ON domains (term_end, id) WHERE term_end < expires_on OR unanswered;
CREATE INDEX domains_work ON domains (work_at, id) WHERE work_at IS NOT NULL;
CREATE INDEX domains_work_of ON domains (registrar_id, work_at, id) WHERE work_at IS NOT NULL;
CREATE INDEX domains_sync ON domains (registrar_id, sync_at, id) WHERE sync_at IS NOT NULL;
CREATE INDEX domains_standing ON domains (status, extension, term_end, id) WHERE status IN ('active', 'grace', 'redemption');
CREATE INDEX domains_not_standing ON domains (status) WHERE status NOT IN ('active', 'grace', 'redemption');

-- The ledger of renewals. The money of a row is beside its state: a renewal made by hand can be confirmed and still owed.
CREATE TABLE domain_renewals (
    id              TEXT COLLATE "C" PRIMARY KEY,
    domain_id       TEXT COLLATE "C" NOT NULL REFERENCES domains (id),
    customer_id     TEXT COLLATE "C" NOT NULL REFERENCES customers (id),
    base            TEXT COLLATE "C" NOT NULL, -- the term's end when it was made
    years           BIGINT NOT NULL CHECK (years BETWEEN 1 AND 9),
    kind            TEXT NOT NULL CHECK (kind IN ('automatic', 'ordered', 'free', 'manual')),
    state           TEXT NOT NULL CHECK (state IN ('open', 'paid', 'held', 'arranged', 'submitted', 'unknown', 'attention',
                        'confirmed', 'satisfied', 'withdrawn', 'revoked', 'refunded', 'lost')),
    hold            TEXT NOT NULL DEFAULT '' CHECK (hold IN ('', 'top_up', 'price', 'funds', 'lock', 'staff', 'registry')),
    cause           TEXT NOT NULL DEFAULT '',
    due_on          TEXT COLLATE "C",
    currency        TEXT NOT NULL,
    price           BIGINT NOT NULL CHECK (price >= 0),
    fee             BIGINT NOT NULL DEFAULT 0 CHECK (fee >= 0),
    stage           TEXT NOT NULL CHECK (stage IN ('active', 'grace', 'too_late', 'redemption')),
    policy_id       TEXT COLLATE "C" NOT NULL REFERENCES tld_policies (id),
    line_id         TEXT COLLATE "C" UNIQUE,
    invoice_id      TEXT COLLATE "C" REFERENCES invoices (id),
    order_id        TEXT COLLATE "C" REFERENCES orders (id),
    -- The fee of its stage, or what was missing after the stage or the price changed: an invoice of its own, which it waits for.
    fee_line_id     TEXT COLLATE "C" UNIQUE,
    fee_invoice_id  TEXT COLLATE "C" REFERENCES invoices (id),
    expected_on     TEXT COLLATE "C" NOT NULL,
    reference       TEXT NOT NULL DEFAULT '', -- the registry's own id of the transaction: evidence
    resends         BIGINT NOT NULL DEFAULT 0 CHECK (resends BETWEEN 0 AND 3),
    move_due        BOOLEAN NOT NULL DEFAULT TRUE, -- next due follows; false: staff left it where it was
    paid_at         BIGINT,
    owed            BOOLEAN NOT NULL DEFAULT FALSE, -- staff renewed it before it was paid
    paid_before     TEXT COLLATE "C", -- paid-through and next due, as they were before payment moved them
    due_before      TEXT COLLATE "C",
    settled_at      BIGINT,
    looked_on       TEXT COLLATE "C" NOT NULL DEFAULT '', -- the day, of the store and by UTC, on which the automation has seen it last
    version         BIGINT NOT NULL DEFAULT 1,
    created_at      BIGINT NOT NULL,
    CHECK ((state = 'held') = (hold <> '')),
    CHECK ((kind = 'automatic') = (due_on IS NOT NULL)),
    CHECK ((state IN ('confirmed', 'satisfied', 'withdrawn', 'revoked', 'refunded', 'lost')) = (settled_at IS NOT NULL)),
    -- Nothing is sent without payment, but for what staff do by hand.
    CHECK (state NOT IN ('paid', 'held', 'arranged', 'submitted', 'unknown', 'attention', 'confirmed')
        OR paid_at IS NOT NULL OR owed OR kind IN ('free', 'manual')),
    -- What is paid for is never just taken away: it is refunded, or lost and becomes credit.
    CHECK (state NOT IN ('open', 'withdrawn', 'revoked') OR paid_at IS NULL),
    CHECK (expected_on > base)
);
CREATE UNIQUE INDEX domain_renewals_open ON domain_renewals (domain_id)
    WHERE state IN ('open', 'paid', 'held', 'arranged', 'submitted', 'unknown', 'attention');
CREATE UNIQUE INDEX domain_renewals_base ON domain_renewals (domain_id, base)
    WHERE state IN ('open', 'paid', 'held', 'arranged', 'submitted', 'unknown', 'attention', 'confirmed', 'satisfied');
CREATE UNIQUE INDEX domain_renewals_due ON domain_renewals (domain_id, due_on) WHERE kind = 'automatic' AND state <> 'withdrawn';
CREATE INDEX domain_renewals_revoked ON domain_renewals (base, id) WHERE state = 'revoked';
CREATE INDEX domain_renewals_owed ON domain_renewals (id) WHERE state IN ('confirmed', 'satisfied') AND paid_at IS NULL AND line_id IS NOT NULL;
CREATE INDEX domain_renewals_held ON domain_renewals (customer_id, domain_id) WHERE state = 'held';
CREATE INDEX domain_renewals_by_domain ON domain_renewals (domain_id, id);
CREATE INDEX domain_renewals_by_customer ON domain_renewals (customer_id, id);
CREATE INDEX domain_renewals_unconfirmed ON domain_renewals (id)
    WHERE state IN ('paid', 'held', 'arranged', 'submitted', 'unknown', 'attention');
CREATE INDEX domain_renewals_by_state ON domain_renewals (state, id)
    WHERE state IN ('open', 'paid', 'held', 'arranged', 'submitted', 'unknown', 'attention');

-- What a renewal was asked for besides and is paid, since it waits for more: each by an invoice of its own.
CREATE TABLE domain_renewal_fees (
    line_id    TEXT COLLATE "C" PRIMARY KEY,
    renewal_id TEXT COLLATE "C" NOT NULL REFERENCES domain_renewals (id)
);
CREATE INDEX domain_renewal_fees_by_renewal ON domain_renewal_fees (renewal_id, line_id);

-- What a registrar was told to do: committed before it is sent. A domain has at most one whose outcome is not known.
CREATE TABLE registrar_commands (
    id             TEXT COLLATE "C" PRIMARY KEY,
    transaction_id TEXT COLLATE "C" NOT NULL UNIQUE CHECK (length(transaction_id) BETWEEN 3 AND 64),
    registrar_id   TEXT COLLATE "C" NOT NULL REFERENCES registrars (id),
    domain_id      TEXT COLLATE "C" NOT NULL REFERENCES domains (id),
    renewal_id     TEXT COLLATE "C" REFERENCES domain_renewals (id),
    attempt        BIGINT NOT NULL CHECK (attempt >= 1),
    command        TEXT NOT NULL CHECK (command IN ('register', 'transfer', 'renew', 'restore', 'restore_report', 'set_mode', 'update', 'delete')),
    guard_kind     TEXT NOT NULL CHECK (guard_kind IN ('date', 'year', 'key', 'none')),
    guard          TEXT NOT NULL DEFAULT '',
    years          BIGINT NOT NULL DEFAULT 0 CHECK (years BETWEEN 0 AND 10),
    expected_on    TEXT COLLATE "C",
    outcome        TEXT NOT NULL DEFAULT '' CHECK (outcome IN ('', 'done', 'pending', 'policy', 'status', 'money', 'not_ours', 'our_fault',
                       'session', 'unknown', 'not_done', 'another_date', 'confirmed')),
    code           BIGINT,
    message        TEXT NOT NULL DEFAULT '', -- for staff
    asked          TEXT NOT NULL DEFAULT '', -- JSON: what somebody asked for at once, who and why; empty: the store itself
    created_at     BIGINT NOT NULL,
    settled_at     BIGINT,
    UNIQUE (renewal_id, attempt),
    CHECK (asked = '' OR command = 'update'),
    CHECK (command <> 'renew' OR (years >= 1 AND expected_on IS NOT NULL AND renewal_id IS NOT NULL)),
    CHECK (settled_at IS NULL OR outcome NOT IN ('', 'unknown', 'pending'))
);
CREATE UNIQUE INDEX registrar_commands_in_flight ON registrar_commands (domain_id) WHERE settled_at IS NULL;
CREATE INDEX registrar_commands_by_domain ON registrar_commands (domain_id, id);

-- days before (negative) or after the end of the term, or the due date. extension empty: all.
CREATE TABLE domain_notice_rules (
    id         TEXT COLLATE "C" PRIMARY KEY,
    anchor     TEXT NOT NULL CHECK (anchor IN ('term_end', 'next_due')),
    days       BIGINT NOT NULL CHECK (days BETWEEN -3650 AND 3650),
    extension  TEXT COLLATE "C" NOT NULL DEFAULT '',
    recipients TEXT NOT NULL, -- JSON: account, billing, registrant
    enabled    BOOLEAN NOT NULL,
    version    BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL,
    UNIQUE (anchor, days, extension)
);

-- Each notice once: term is the end of the term as it was when the first notice of it was made, recipient the address, empty for
-- one that was missed.
CREATE TABLE domain_notices (
    id               TEXT COLLATE "C" PRIMARY KEY,
    domain_id        TEXT COLLATE "C" NOT NULL REFERENCES domains (id),
    rule_id          TEXT COLLATE "C" NOT NULL REFERENCES domain_notice_rules (id),
    term             TEXT COLLATE "C" NOT NULL,
    recipient        TEXT COLLATE "C" NOT NULL,
    due_on           TEXT COLLATE "C" NOT NULL,
    state            TEXT NOT NULL CHECK (state IN ('sent', 'missed', 'failed')),
    breach           BOOLEAN NOT NULL DEFAULT FALSE, -- outside the days that ICANN asks for
    mail_id          TEXT COLLATE "C",
    language         TEXT NOT NULL DEFAULT '',
    template_version TEXT NOT NULL DEFAULT '',
    created_at       BIGINT NOT NULL,
    UNIQUE (domain_id, term, rule_id, recipient),
    CHECK (state <> 'sent' OR mail_id IS NOT NULL)
);
CREATE INDEX domain_notices_by_day ON domain_notices (created_at, id);
CREATE INDEX domain_notices_by_mail ON domain_notices (mail_id) WHERE mail_id IS NOT NULL;
CREATE INDEX domain_notices_failed ON domain_notices (term) WHERE state = 'failed' AND NOT breach;
CREATE INDEX domain_notices_sent ON domain_notices (term) WHERE state = 'sent' AND NOT breach;

CREATE TABLE domain_sync_runs (
    id           TEXT COLLATE "C" PRIMARY KEY,
    registrar_id TEXT COLLATE "C" NOT NULL REFERENCES registrars (id),
    mode         TEXT NOT NULL CHECK (mode IN ('on', 'notify')),
    asked        BIGINT NOT NULL DEFAULT 0,
    changed      BIGINT NOT NULL DEFAULT 0,
    held         BIGINT NOT NULL DEFAULT 0,
    negative     BIGINT NOT NULL DEFAULT 0, -- not found, or somebody else's
    failed       BIGINT NOT NULL DEFAULT 0,
    stopped      BOOLEAN NOT NULL DEFAULT FALSE, -- by the breaker
    created_at   BIGINT NOT NULL,
    finished_at  BIGINT
);
CREATE INDEX domain_sync_runs_by_registrar ON domain_sync_runs (registrar_id, id);

-- What a run found that differs: what is stored, what was read, and what became of it.
CREATE TABLE domain_sync_findings (
    run_id    TEXT COLLATE "C" NOT NULL REFERENCES domain_sync_runs (id),
    domain_id TEXT COLLATE "C" NOT NULL REFERENCES domains (id),
    finding   TEXT NOT NULL CHECK (finding IN ('corrected', 'ahead', 'held', 'unreadable', 'not_found', 'other_sponsor', 'failed')),
    stored    TEXT NOT NULL,
    read      TEXT NOT NULL,
    applied   BOOLEAN NOT NULL,
    PRIMARY KEY (run_id, domain_id)
);
CREATE INDEX domain_sync_findings_by_domain ON domain_sync_findings (domain_id, run_id);

-- A change of what many domains cost: previewed, told, applied in batches, each row once, and undone.
CREATE TABLE domain_price_updates (
    id          TEXT COLLATE "C" PRIMARY KEY,
    filter      TEXT NOT NULL,
    change      TEXT NOT NULL,
    starts_on   TEXT COLLATE "C" NOT NULL,
    notice_days BIGINT CHECK (notice_days >= 0), -- null: customers are not told
    reason      TEXT NOT NULL,
    status      TEXT NOT NULL CHECK (status IN ('planning', 'scheduled', 'applied', 'undone')),
    created_at  BIGINT NOT NULL,
    applied_at  BIGINT,
    undone_at   BIGINT,
    CHECK (status <> 'applied' OR applied_at IS NOT NULL),
    CHECK ((status = 'undone') = (undone_at IS NOT NULL))
);
CREATE INDEX domain_price_updates_due ON domain_price_updates (starts_on, id) WHERE status = 'scheduled';

CREATE TABLE domain_price_update_items (
    update_id     TEXT COLLATE "C" NOT NULL REFERENCES domain_price_updates (id),
    domain_id     TEXT COLLATE "C" NOT NULL REFERENCES domains (id),
    years         BIGINT NOT NULL CHECK (years BETWEEN 1 AND 9), -- its term as the amounts are for
    before_amount BIGINT NOT NULL CHECK (before_amount >= 0),
    after_amount  BIGINT NOT NULL CHECK (after_amount >= 0),
    state         TEXT NOT NULL CHECK (state IN ('planned', 'applied', 'same', 'skipped', 'undone', 'kept')),
    detail        TEXT NOT NULL DEFAULT '',
    noticed       BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (update_id, domain_id),
    CHECK (state <> 'same' OR after_amount = before_amount),
    CHECK (state NOT IN ('planned', 'applied') OR (after_amount <> before_amount AND after_amount > 0))
);
CREATE INDEX domain_price_update_items_by_domain ON domain_price_update_items (domain_id);
CREATE INDEX domain_price_update_items_by_state ON domain_price_update_items (update_id, state, domain_id);

-- A client group may have prices of its own.
ALTER TABLE customers ADD COLUMN customer_group TEXT COLLATE "C" NOT NULL DEFAULT '';
