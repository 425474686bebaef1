-- +goose Up
-- Who is running the automation: one process at a time. lease_until is real time, as a process lives by it; looked_at
-- is the store's.
CREATE TABLE automation_lease (
    id          BIGINT PRIMARY KEY CHECK (id = 1),
    holder      TEXT NOT NULL,
    lease_until BIGINT NOT NULL,
    looked_at   BIGINT NOT NULL
);

-- The passes of a task that found something to do, by the store's time. took is real time, in microseconds.
CREATE TABLE automation_runs (
    id     TEXT COLLATE "C" PRIMARY KEY,
    task   TEXT COLLATE "C" NOT NULL,
    at     BIGINT NOT NULL,
    took   BIGINT NOT NULL CHECK (took >= 0),
    done   BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    held   BIGINT NOT NULL,
    error  TEXT NOT NULL DEFAULT ''
);
CREATE INDEX automation_runs_by_task ON automation_runs (task, id);
CREATE INDEX automation_runs_by_age ON automation_runs (at);

-- What is due and could not be done.
CREATE TABLE automation_failures (
    task        TEXT COLLATE "C" NOT NULL,
    subject_id  TEXT COLLATE "C" NOT NULL,
    error       TEXT NOT NULL,
    attempts    BIGINT NOT NULL CHECK (attempts > 0),
    first_at    BIGINT NOT NULL,
    last_at     BIGINT NOT NULL,
    next_try_at BIGINT NOT NULL,
    PRIMARY KEY (task, subject_id)
);
CREATE INDEX automation_failures_by_try ON automation_failures (next_try_at);
