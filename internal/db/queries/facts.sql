-- name: AddStoreFact :execrows
INSERT INTO store_facts (name, value) VALUES (@name, @value) ON CONFLICT (name) DO NOTHING;

-- name: StoreFact :one
SELECT value FROM store_facts WHERE name = @name;

-- name: DeleteStoreFact :exec
-- Of the few facts that do not stay for ever.
DELETE FROM store_facts WHERE name = @name;

-- name: MoveTestClock :exec
UPDATE store_facts SET value = @value WHERE name = @name AND value < @value;
