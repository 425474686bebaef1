package license

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/text"
)

// Verification is a logged check: one that was answered with anything but "valid", or that bound its license to a place.
type Verification struct {
	ID, LicenseID string
	At            time.Time
	Result        string
	Identifier    string
	Place         Place // as the software said
	Version       string
	IP            string // of the connection
	UserAgent     string

	Key, ProductID, ProductName, CustomerID, CustomerName string
}

// VerificationFilter picks logged checks. Empty fields pick all.
type VerificationFilter struct {
	LicenseID, ProductID, Result string
	IP                           string // of the connection, or that the software said
	Since                        time.Time
	Cursor                       string
	Limit                        int
}

// Validate reports everything that is wrong with f, after bringing its fields into the form that lists compare.
func (f *VerificationFilter) Validate() error {
	var bad fail.Fields
	for name, id := range map[string]string{"license_id": f.LicenseID, "product_id": f.ProductID} {
		if id != "" && !text.IsID(id) {
			bad.Add(name, "is not an id")
		}
	}
	var err error
	f.Result, err = text.Line(f.Result, text.NameLength)
	bad.Check("result", err)
	if f.IP != "" {
		if ip, err := netip.ParseAddr(strings.TrimSpace(f.IP)); err != nil {
			bad.Add("ip", "is not an address")
		} else {
			f.IP = ip.Unmap().WithZone("").String()
		}
	}
	f.Limit = page.Limit(f.Limit)
	return bad.Err()
}

// narrow reports whether a filter is set that no index serves.
func (f *VerificationFilter) narrow() bool {
	return f.ProductID != "" || f.Result != "" || f.IP != "" || !f.Since.IsZero()
}

// logWindows is how many windows of the log, of [examineAtMost] rows each, a page looks through where a filter is left that
// no index serves. A page that is short still has a next one.
const logWindows = 4

// Verifications returns a page of the verification log, newest first, and the cursor of the next page. What checks have
// just been answered is in it.
func (s *Service) Verifications(ctx context.Context, f VerificationFilter) (found []Verification, next string, err error) {
	if err := f.Validate(); err != nil {
		return nil, "", err
	}
	before, err := idCursor(f.Cursor)
	if err != nil {
		return nil, "", err
	}
	if s.flush != nil {
		_ = s.flush(ctx) // the log can do without: what is not in it yet will be
	}
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		found, next = nil, ""
		from := before
		for range logWindows {
			rows, err := f.window(ctx, tx, from, f.Limit+1-len(found), s.examine)
			if err != nil {
				return err
			}
			found = append(found, rows...)
			if len(found) > f.Limit {
				found = found[:f.Limit]
				next = page.Cursor(found[f.Limit-1].ID)
				return nil
			}
			end, at, err := f.windowEnd(ctx, tx, from, s.examine)
			if err != nil {
				return err
			}
			// Rows are written up to some seconds after the check.
			if end == "" || at.Before(f.Since.Add(-time.Hour)) {
				return nil
			}
			from = end
		}
		next = page.Cursor(from)
		return nil
	})
	if err != nil {
		return nil, "", fmt.Errorf("verification log: %w", err)
	}
	return found, next, nil
}

// inner picks the window of the log that begins at before, and its arguments.
func (f *VerificationFilter) inner(before string) (where string, args []any) {
	where, args = "w.id < $1", []any{before}
	if f.LicenseID != "" {
		where, args = where+" AND w.license_id = $2", append(args, f.LicenseID)
	}
	return where, args
}

// window reads what fits of one window of size rows, at most n.
func (f *VerificationFilter) window(ctx context.Context, tx *db.Tx, before string, n, size int) ([]Verification, error) {
	where, args := f.inner(before)
	from := "verification_log v"
	var outer []string
	add := func(condition string, value any) {
		args = append(args, value)
		outer = append(outer, strings.ReplaceAll(condition, "?", fmt.Sprintf("$%d", len(args))))
	}
	if f.narrow() {
		from = fmt.Sprintf("(SELECT w.* FROM verification_log w WHERE %s ORDER BY w.id DESC LIMIT %d) v", where, size)
	} else {
		outer = append(outer, strings.ReplaceAll(where, "w.", "v."))
	}
	if f.ProductID != "" {
		add("l.product_id = ?", f.ProductID)
	}
	if f.Result != "" {
		add("v.result = ?", f.Result)
	}
	if f.IP != "" {
		add("(v.ip = ? OR v.place_ip = ?)", f.IP)
	}
	if !f.Since.IsZero() {
		add("v.at >= ?", int64(clock.FromTime(f.Since)))
	}
	args = append(args, n)
	rows, err := tx.SQL().QueryContext(ctx, `SELECT v.id, v.license_id, v.at, v.result, v.identifier, v.domain, v.place_ip, v.directory, v.version, v.ip, v.user_agent,
		l.key, p.id, p.name, c.id, c.name
		FROM `+from+` JOIN licenses l ON l.id = v.license_id JOIN products p ON p.id = l.product_id JOIN customers c ON c.id = l.customer_id
		WHERE `+strings.Join(outer, " AND ")+fmt.Sprintf(" ORDER BY v.id DESC LIMIT CAST($%d AS BIGINT)", len(args)), args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var found []Verification
	for rows.Next() {
		var v Verification
		var at clock.Instant
		err := rows.Scan(&v.ID, &v.LicenseID, &at, &v.Result, &v.Identifier, &v.Place.Domain, &v.Place.IP, &v.Place.Directory, &v.Version, &v.IP, &v.UserAgent,
			&v.Key, &v.ProductID, &v.ProductName, &v.CustomerID, &v.CustomerName)
		if err != nil {
			return nil, err
		}
		v.At = at.Time()
		found = append(found, v)
	}
	return found, rows.Err()
}

// windowEnd is the last row of a window that is full; empty if the log ends in it.
func (f *VerificationFilter) windowEnd(ctx context.Context, tx *db.Tx, before string, size int) (id string, at time.Time, err error) {
	if !f.narrow() {
		return "", time.Time{}, nil
	}
	where, args := f.inner(before)
	rows, err := tx.SQL().QueryContext(ctx, fmt.Sprintf("SELECT w.id, w.at FROM verification_log w WHERE %s ORDER BY w.id DESC LIMIT 1 OFFSET %d", where, size-1), args...)
	if err != nil {
		return "", time.Time{}, err
	}
	defer func() { _ = rows.Close() }()
	var instant clock.Instant
	if rows.Next() {
		err = rows.Scan(&id, &instant)
	}
	if err == nil {
		err = rows.Err()
	}
	return id, instant.Time(), err
}
