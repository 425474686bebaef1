package index

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/keystead/keystead/internal/db"
)

// committer keeps checks on PostgreSQL. A batch is one transaction of set-based statements, sent in one go on a
// connection of the committer's own. The commit does not wait for the disk: what survives the end of this process is
// enough, and the server is another one.
//
// All processes write the same tables in the same order, each with its rows sorted, so they wait for each other but
// don't meet in a deadlock.
type committer struct {
	db    *db.DB
	conns chan *pgx.Conn // nil: to be opened
}

const (
	committers     = 2 // batches on their way at once
	commitTimeout  = 5 * time.Second
	commitAttempts = 3
)

func newCommitter(d *db.DB) *committer {
	p := &committer{db: d, conns: make(chan *pgx.Conn, committers)}
	for range committers {
		p.conns <- nil
	}
	return p
}

func (p *committer) close(ctx context.Context) error {
	var errs error
	for range committers {
		select {
		case conn := <-p.conns:
			if conn != nil {
				errs = errors.Join(errs, conn.Close(ctx))
			}
		case <-ctx.Done():
			return errors.Join(errs, ctx.Err())
		}
	}
	return errs
}

func (p *committer) commit(checks []Check) error {
	ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
	defer cancel()
	b := p.statements(summed(checks))
	for attempt := 1; ; attempt++ {
		err := p.send(ctx, b)
		var pe *pgconn.PgError
		again := pgconn.SafeToRetry(err) ||
			errors.As(err, &pe) && (pe.Code == "40001" || pe.Code == "40P01") // serialization failure, deadlock
		if !again || attempt == commitAttempts {
			return err
		}
	}
}

func (p *committer) send(ctx context.Context, statements []statement) (err error) {
	conn := <-p.conns
	defer func() {
		if err != nil && conn != nil {
			// It may be in the middle of anything.
			_ = conn.Close(ctx)
			conn = nil
		}
		p.conns <- conn
	}()
	if conn == nil {
		if conn, err = pgx.Connect(ctx, p.db.PgURL()); err != nil {
			return err
		}
	}
	var b pgx.Batch
	b.Queue("BEGIN")
	b.Queue("SET LOCAL synchronous_commit = off")
	for _, s := range statements {
		b.Queue(s.sql, s.args...)
	}
	b.Queue("COMMIT")
	return conn.SendBatch(ctx, &b).Close()
}

type statement struct {
	sql  string
	args []any
}

// Checks of licenses that are not there are left out, so that nothing a caller passes can fail the checks of others.
const (
	addChecks = `
INSERT INTO license_checks AS t (license_id, check_count, last_check_at, last_check_ip)
SELECT n.* FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[]) AS n (license_id, check_count, at, ip)
JOIN licenses l ON l.id = n.license_id ORDER BY n.license_id COLLATE "C"
ON CONFLICT (license_id) DO UPDATE SET
    check_count = t.check_count + excluded.check_count,
    last_check_ip = CASE WHEN excluded.last_check_at >= t.last_check_at THEN excluded.last_check_ip ELSE t.last_check_ip END,
    last_check_at = greatest(t.last_check_at, excluded.last_check_at)`
	addChecksOfDays = `
INSERT INTO license_checks_daily AS t (license_id, day, check_count)
SELECT n.* FROM unnest($1::text[], $2::text[], $3::bigint[]) AS n (license_id, day, check_count)
JOIN licenses l ON l.id = n.license_id ORDER BY n.license_id COLLATE "C", n.day COLLATE "C"
ON CONFLICT (license_id, day) DO UPDATE SET check_count = t.check_count + excluded.check_count`
	setLastSeen = `
UPDATE activations a SET last_seen_at = n.at
FROM unnest($1::text[], $2::text[], $3::bigint[]) AS n (license_id, identifier, at)
WHERE a.license_id = n.license_id AND a.identifier = n.identifier AND a.last_seen_at < n.at`
	addVerifications = `
INSERT INTO verification_log (id, license_id, at, result, identifier, version, ip, user_agent)
SELECT n.* FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
    AS n (id, license_id, at, result, identifier, version, ip, user_agent)
JOIN licenses l ON l.id = n.license_id`
	addChecksOfHours = `
INSERT INTO checks_hourly AS t (hour, check_count)
SELECT * FROM unnest($1::bigint[], $2::bigint[])
ON CONFLICT (hour) DO UPDATE SET check_count = t.check_count + excluded.check_count`
)

// statements are what stores items, in the order in which every process locks rows. The hour comes last: all
// processes want the same row.
func (p *committer) statements(items []item) []statement {
	var licenses, days, hours, seen, noted []item
	for kind, into := range map[itemKind]*[]item{ofLicense: &licenses, ofDay: &days, ofHour: &hours, lastSeen: &seen, verification: &noted} {
		*into = slices.Collect(func(yield func(item) bool) {
			for _, it := range items {
				if it.kind == kind && !yield(it) {
					return
				}
			}
		})
	}
	license := func(it item) string { return it.license }
	text := func(it item) string { return it.text }
	at := func(it item) int64 { return it.at }
	count := func(it item) int64 { return it.count }
	all := []statement{
		{addChecks, []any{column(licenses, license), column(licenses, count), column(licenses, at), column(licenses, func(it item) string { return ipText(it.ip) })}},
		{addChecksOfDays, []any{column(days, license), column(days, text), column(days, count)}},
	}
	if len(seen) > 0 {
		all = append(all, statement{setLastSeen, []any{column(seen, license), column(seen, text), column(seen, at)}})
	}
	if len(noted) > 0 {
		of := func(f func(*Check) string) []string {
			return column(noted, func(it item) string { return f(it.check) })
		}
		all = append(all, statement{addVerifications, []any{
			of(func(*Check) string { return p.db.NewID("ver") }), of(func(c *Check) string { return c.LicenseID }),
			column(noted, func(it item) int64 { return it.check.At.UnixMicro() }),
			of(func(c *Check) string { return c.Result }), of(func(c *Check) string { return c.Identifier }),
			of(func(c *Check) string { return c.Version }), of(func(c *Check) string { return ipText(c.IP) }),
			of(func(c *Check) string { return c.UserAgent }),
		}})
	}
	return append(all, statement{addChecksOfHours, []any{column(hours, at), column(hours, count)}})
}

func column[T any](items []item, f func(item) T) []T {
	c := make([]T, len(items))
	for i, it := range items {
		c[i] = f(it)
	}
	return c
}
