package index

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/keystead/keystead/internal/db"
)

// committer keeps checks on PostgreSQL. A batch is one statement and thereby one transaction, on a connection of the
// committer's own. The commit does not wait for the disk: what survives the end of this process is enough, and the
// server is another one.
//
// All processes run the same statement, and its parts go through their rows sorted, so they wait for each other but
// don't meet in a deadlock; should they all the same, the batch is tried again.
type committer struct {
	db    *db.DB
	conns *sql.DB
}

const (
	committers     = 2 // batches on their way at once
	commitTimeout  = 5 * time.Second
	commitAttempts = 3
)

func newCommitter(d *db.DB) (*committer, error) {
	conns, err := ownConns(d, committers)
	return &committer{db: d, conns: conns}, err
}

// ownConns gives connections to a PostgreSQL store besides those that everybody shares: what needs them must go on
// when these are short.
func ownConns(d *db.DB, n int) (*sql.DB, error) {
	conns, err := sql.Open("pgx", d.PgURL())
	if err == nil {
		conns.SetMaxOpenConns(n)
		conns.SetMaxIdleConns(n)
	}
	return conns, err
}

func (p *committer) close() error { return p.conns.Close() }

func (p *committer) commit(checks []Check) error {
	ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
	defer cancel()
	args := p.arguments(summed(checks))
	for attempt := 1; ; attempt++ {
		_, err := p.conns.ExecContext(ctx, commitChecks, args...)
		var pe interface{ SQLState() string }
		again := errors.As(err, &pe) && (pe.SQLState() == "40001" || pe.SQLState() == "40P01") // serialization failure, deadlock
		if !again || attempt == commitAttempts {
			return err
		}
	}
}

// commitChecks writes the rows of a batch. Checks of licenses that are not there are left out, so that nothing a
// caller passes can fail the checks of others. PostgreSQL runs the parts from the last to the first; nothing relies on
// it, but so the hour, a row that all processes want, is held for the shortest time.
const commitChecks = `
WITH hours AS (
    INSERT INTO checks_hourly AS t (hour, check_count)
    SELECT * FROM unnest($1::bigint[], $2::bigint[])
    ON CONFLICT (hour) DO UPDATE SET check_count = t.check_count + excluded.check_count
), noted AS (
    INSERT INTO verification_log (id, license_id, at, result, identifier, version, ip, user_agent, domain, place_ip, directory)
    SELECT n.*
    FROM unnest($3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[])
        AS n (id, license_id, at, result, identifier, version, ip, user_agent, domain, place_ip, directory)
    JOIN licenses l ON l.id = n.license_id
), seen AS (
    UPDATE activations a SET last_seen_at = n.at
    FROM unnest($14::text[], $15::text[], $16::bigint[]) AS n (license_id, identifier, at)
    WHERE a.license_id = n.license_id AND a.identifier = n.identifier AND a.last_seen_at < n.at
), days AS (
    INSERT INTO license_checks_daily AS t (license_id, day, check_count)
    SELECT n.* FROM unnest($17::text[], $18::text[], $19::bigint[]) AS n (license_id, day, check_count)
    JOIN licenses l ON l.id = n.license_id ORDER BY n.license_id COLLATE "C", n.day COLLATE "C"
    ON CONFLICT (license_id, day) DO UPDATE SET check_count = t.check_count + excluded.check_count
), checks AS (
    INSERT INTO license_checks AS t (license_id, check_count, last_check_at, last_check_ip)
    SELECT n.* FROM unnest($20::text[], $21::bigint[], $22::bigint[], $23::text[]) AS n (license_id, check_count, at, ip)
    JOIN licenses l ON l.id = n.license_id ORDER BY n.license_id COLLATE "C"
    ON CONFLICT (license_id) DO UPDATE SET
        check_count = t.check_count + excluded.check_count,
        last_check_ip = CASE WHEN excluded.last_check_at >= t.last_check_at THEN excluded.last_check_ip ELSE t.last_check_ip END,
        last_check_at = greatest(t.last_check_at, excluded.last_check_at)
)
SELECT set_config('synchronous_commit', 'off', true)`

// arguments are the columns of commitChecks.
func (p *committer) arguments(items []item) []any {
	var rows [verification + 1][]item
	for _, it := range items {
		rows[it.kind] = append(rows[it.kind], it)
	}
	license := func(it item) string { return it.license }
	text := func(it item) string { return it.text }
	at := func(it item) int64 { return it.at }
	count := func(it item) int64 { return it.count }
	noted := func(f func(c *Check) string) []string {
		return column(rows[verification], func(it item) string { return f(it.check) })
	}
	return []any{
		column(rows[ofHour], at), column(rows[ofHour], count),

		noted(func(*Check) string { return p.db.NewID("ver") }), noted(func(c *Check) string { return c.LicenseID }),
		column(rows[verification], func(it item) int64 { return it.check.At.UnixMicro() }),
		noted(func(c *Check) string { return c.Result }), noted(func(c *Check) string { return c.Identifier }),
		noted(func(c *Check) string { return c.Version }), noted(func(c *Check) string { return ipText(c.IP) }),
		noted(func(c *Check) string { return c.UserAgent }), noted(func(c *Check) string { return c.Domain }),
		noted(func(c *Check) string { return c.PlaceIP }), noted(func(c *Check) string { return c.Directory }),

		column(rows[lastSeen], license), column(rows[lastSeen], text), column(rows[lastSeen], at),

		column(rows[ofDay], license), column(rows[ofDay], text), column(rows[ofDay], count),

		column(rows[ofLicense], license), column(rows[ofLicense], count), column(rows[ofLicense], at),
		column(rows[ofLicense], func(it item) string { return ipText(it.ip) }),
	}
}

func column[T any](items []item, f func(item) T) []T {
	c := make([]T, len(items))
	for i, it := range items {
		c[i] = f(it)
	}
	return c
}
