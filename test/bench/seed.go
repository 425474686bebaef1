package main

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
)

// The store that is measured: licenses of one plan, each with one activation, customers with ten licenses each.
const (
	seedProduct  = "prd_bench"
	seedPlan     = "pln_bench"
	perCustomer  = 10
	perBatch     = 5000
	seedLimit    = 1_000_000 // of activations per license: the bench measures work, not refusals
	seedProducts = 3

	// Where every license is in use, beside its host.
	seedIP        = "192.0.2.7"
	seedDirectory = "/srv/www"
)

func licenseKey(n int) string {
	return fmt.Sprintf("%08X-%08X-%08X-%08X", uint32(n)*2654435761, n, uint32(n)*40503, ^uint32(n))
}

func licenseHost(n int) string { return fmt.Sprintf("host%d.example.com", n) }

// seed fills an empty store with n licenses, by rows: the verbs are measured later, not while filling.
func seed(ctx context.Context, d *db.DB, n int) error {
	now := int64(clock.FromTime(d.Clock().Now()))
	err := d.Write(ctx, func(tx *db.Tx) error {
		exec := func(q string, args ...any) error {
			_, err := tx.SQL().ExecContext(ctx, q, args...)
			return err
		}
		for p := range seedProducts {
			id, plan, slug := seedProduct, seedPlan, "bench"
			if p > 0 {
				id, plan, slug = fmt.Sprintf("%s%d", id, p), fmt.Sprintf("%s%d", plan, p), fmt.Sprintf("%s%d", slug, p)
			}
			if err := exec(`INSERT INTO products (id, slug, name, requires_license, status, created_at, updated_at) VALUES ($1, $2, $3, TRUE, 'active', $4, $4)`, id, slug, "Widget "+slug, now); err != nil {
				return err
			}
			if err := exec(`INSERT INTO plans (id, product_id, name, license_type, activation_type, activation_limit, entitlements, status, created_at, updated_at)
				VALUES ($1, $2, 'Developer', 'purchased', 'domain', $3, '{"feature.sso":true,"projects.max":25}', 'active', $4, $4)`, plan, id, seedLimit, now); err != nil {
				return err
			}
		}
		return exec(`INSERT INTO settings (name, value, updated_at) VALUES ('limits.exempt', '["127.0.0.0/8","::1/128"]', $1) ON CONFLICT (name) DO NOTHING`, now)
	})
	if err != nil {
		return fmt.Errorf("seed the catalog: %w", err)
	}
	statuses := []string{"active", "active", "active", "active", "active", "active", "expired", "suspended"}
	for from := 0; from < n; from += perBatch {
		to := min(from+perBatch, n)
		err := d.Write(ctx, func(tx *db.Tx) error {
			for i := from; i < to; i++ {
				if err := seedLicense(ctx, tx, i, now, statuses[i%len(statuses)]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("seed licenses from %d: %w", from, err)
		}
	}
	return nil
}

func seedLicense(ctx context.Context, tx *db.Tx, i int, now int64, status string) error {
	exec := func(q string, args ...any) error {
		_, err := tx.SQL().ExecContext(ctx, q, args...)
		return err
	}
	customer := fmt.Sprintf("cus_%020d", i/perCustomer)
	if i%perCustomer == 0 {
		email := fmt.Sprintf("customer%d@example.com", i/perCustomer)
		if err := exec(`INSERT INTO customers (id, email, email_fold, name, name_fold, currency, created_at, updated_at) VALUES ($1, $2, $2, $3, $4, 'EUR', $5, $5)`,
			customer, email, fmt.Sprintf("Customer %d", i/perCustomer), fmt.Sprintf("customer %d", i/perCustomer), now); err != nil {
			return err
		}
	}
	id, key := fmt.Sprintf("lic_%020d", i), licenseKey(i)
	product, plan := seedProduct, seedPlan
	if p := (i / 7) % seedProducts; p > 0 && status != "active" {
		product, plan = fmt.Sprintf("%s%d", product, p), fmt.Sprintf("%s%d", plan, p)
	}
	year := int64(365 * 24 * time.Hour / time.Microsecond)
	expires := now + year + int64(i)
	if status == "expired" {
		expires = now - year + int64(i)
	}
	if err := exec(`INSERT INTO licenses (id, key, key_lookup, customer_id, product_id, plan_id, type, status, activation_limit, near_limit, expires_at, grace_until, ends_at, created_at, updated_at,
		valid_domains, valid_ips, valid_directories)
		VALUES ($1, $2, $2, $3, $4, $5, 'purchased', $6, $7, $8, $9, $9, $9, $10, $10, $11, $12, $13)`, id, key, customer, product, plan, status, seedLimit, i%50 == 0, expires, now,
		`["`+licenseHost(i)+`"]`, `["`+seedIP+`"]`, `["`+seedDirectory+`"]`); err != nil {
		return err
	}
	if err := exec(`INSERT INTO foreign_numbers (kind, number, subject_id) VALUES ('service', $1, $2)`, 1_000_001+i, id); err != nil {
		return err
	}
	if status == "suspended" {
		if err := exec(`INSERT INTO license_holds (license_id, reason, source, since) VALUES ($1, 'staff', 'stf_bench', $2)`, id, now); err != nil {
			return err
		}
	}
	if err := exec(`INSERT INTO license_checks (license_id, last_check_at) VALUES ($1, $2)`, id, now-int64(i%1000)*3_600_000_000); err != nil {
		return err
	}
	return exec(`INSERT INTO activations (id, license_id, identifier, activated_at, last_seen_at) VALUES ($1, $2, $3, $4, $4)`,
		fmt.Sprintf("act_%020d", i), id, licenseHost(i), now)
}

// activeLicense gives the number of an active license near i.
func activeLicense(i int) int { return i - i%8 + i%6 }
