package index

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/license"
)

// bundle is a store with a product and a plan, and an index of it. Rows are written with plain SQL: these tests are
// about what is read, and must not depend on the rules by which licenses change.
type bundle struct {
	*dbtest.Store
	*Index
	t testing.TB
}

func setup(t testing.TB, s *dbtest.Store) *bundle {
	t.Helper()
	b := &bundle{Store: s, t: t}
	b.Index = b.node(s.DB, Options{})
	b.exec(
		`INSERT INTO customers (id, email, email_fold, name, name_fold, currency, created_at, updated_at)
		 VALUES ('cus_1', 'a@example.com', 'a@example.com', 'Ada', 'ada', 'EUR', 0, 0)`,
		`INSERT INTO products (id, slug, name, requires_license, status, created_at, updated_at)
		 VALUES ('prd_1', 'widget', 'Widget', TRUE, 'active', 0, 0)`,
		`INSERT INTO plans (id, product_id, name, license_type, activation_type, activation_limit, entitlements, status, created_at, updated_at)
		 VALUES ('pln_1', 'prd_1', 'Developer', 'purchased', 'domain', 5, '{"sso":true}', 'active', 0, 0)`,
	)
	return b
}

// node is another index of the same store, as of a process that has d open.
func (b *bundle) node(d *db.DB, o Options) *Index {
	x := New(d, license.New(d), o)
	b.t.Cleanup(x.Close)
	return x
}

func (b *bundle) exec(statements ...string) {
	b.t.Helper()
	err := b.DB.Write(context.Background(), func(tx *db.Tx) error {
		for _, q := range statements {
			if _, err := tx.SQL().ExecContext(context.Background(), q); err != nil {
				return fmt.Errorf("%s: %w", q, err)
			}
		}
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// issue stores licenses lic_<n> with the keys KEY-<n>.
func (b *bundle) issue(from, to int) {
	b.t.Helper()
	err := b.DB.Write(context.Background(), func(tx *db.Tx) error {
		for n := from; n <= to; n++ {
			_, err := tx.SQL().ExecContext(context.Background(), `
INSERT INTO licenses (id, key, key_lookup, customer_id, product_id, plan_id, type, status, activation_limit, created_at, updated_at)
VALUES ($1, $2, $3, 'cus_1', 'prd_1', 'pln_1', 'purchased', 'active', 5, 0, 0)`, licenseID(n), key(n), key(n))
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

func licenseID(n int) string { return fmt.Sprintf("lic_%020d", n) }
func key(n int) string       { return fmt.Sprintf("KEY-%d", n) }

// change runs a statement about a license the way the license room changes one: a new version, and a touch after
// the commit.
func (b *bundle) change(n int, statement string) {
	b.t.Helper()
	b.changeUnseen(n, statement)
	b.Touch(licenseID(n), 0)
}

// changeUnseen is change by another process.
func (b *bundle) changeUnseen(n int, statement string) {
	b.t.Helper()
	err := b.DB.Write(context.Background(), func(tx *db.Tx) error { return changeIn(tx, n, statement) })
	if err != nil {
		b.t.Fatal(err)
	}
}

func changeIn(tx *db.Tx, n int, statement string) error {
	ctx := context.Background()
	version := int64(0)
	err := tx.SQL().QueryRowContext(ctx, `UPDATE licenses SET version = version + 1 WHERE id = $1 RETURNING version`, licenseID(n)).Scan(&version)
	if err == nil && statement != "" {
		_, err = tx.SQL().ExecContext(ctx, statement, licenseID(n))
	}
	if err == nil && tx.Engine() == db.Postgres {
		err = noteChange(ctx, tx, licenseID(n), version)
	}
	return err
}

func (b *bundle) lookup(n int) Entry {
	b.t.Helper()
	e, err := b.Lookup(context.Background(), key(n), b.Clock.Now())
	if err != nil {
		b.t.Fatal(err)
	}
	return e
}

const (
	suspend = `INSERT INTO license_holds (license_id, reason, source, since) VALUES ($1, 'staff', 'stf_1', 0)`
	lift    = `DELETE FROM license_holds WHERE license_id = $1`
	revoke  = `UPDATE licenses SET status = 'revoked', outcome = 'revoked' WHERE id = $1`
)

func activate(identifier string) string {
	return fmt.Sprintf(`INSERT INTO activations (id, license_id, identifier, activated_at, last_seen_at)
		VALUES ('act_' || $1 || '%[1]s', $1, '%[1]s', 0, 0)`, identifier)
}

func deactivate(identifier string) string {
	return fmt.Sprintf(`DELETE FROM activations WHERE license_id = $1 AND identifier = '%s'`, identifier)
}

func expire(at time.Time) string {
	return fmt.Sprintf(`UPDATE licenses SET expires_at = %[1]d, grace_until = %[1]d, ends_at = %[1]d WHERE id = $1`, clock.FromTime(at))
}

// check is a check of license n at a second of the test's day.
func check(n, second int) Check {
	return Check{LicenseID: licenseID(n), At: dbtest.Start.Add(time.Duration(second) * time.Second), IP: netip.AddrFrom4([4]byte{192, 0, 2, byte(second)})}
}

// number reads one number from the store.
func number(t testing.TB, d *db.DB, q string) (n int64) {
	t.Helper()
	err := d.Read(context.Background(), func(tx *db.Tx) error {
		return tx.SQL().QueryRowContext(context.Background(), q).Scan(&n)
	})
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	return n
}
