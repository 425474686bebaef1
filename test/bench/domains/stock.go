package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/registrar/account"
)

func idOf(i int) string   { return fmt.Sprintf("dom_%08d", i) }
func nameOf(i int) string { return fmt.Sprintf("d%08d.com", i) }

// endOf is when a domain's term ends: the days of the year that began some days ago, in turn.
func endOf(i int) civil.Date { return today.AddDays(i%366 - 3) }

// customerOf is whose domain it is: the first customer has 500, the others 5 each.
func customerOf(i int) int {
	if i < 500 {
		return 0
	}
	return 1 + (i-500)/5
}

// stock fills the store with domains, without the history of how they came about.
func (b *bench) stock(ctx context.Context) error {
	if _, err := b.Domains.InstallShipped(ctx); err != nil {
		return err
	}
	prices := domainname.Prices{}
	for years, amount := range map[int]int64{1: 1200, 2: 2400, 5: 5800, 9: 9900} {
		prices = append(prices, domainname.Price{
			Extension: "com", Kind: domainname.ForRenewal, Years: years, Currency: "EUR", ValidFrom: today.AddDays(-100), Amount: amount,
		})
	}
	if _, err := b.Domains.SetPrices(ctx, prices); err != nil {
		return err
	}
	to, err := b.Registrars.Create(ctx, account.Input{Name: "Bench", Adapter: "bench", SyncMode: account.SyncOn})
	if err != nil {
		return err
	}
	const atOnce = 200
	for from := 0; from < *many; from += 20 * atOnce {
		err := b.db.Write(ctx, func(tx *db.Tx) error {
			for part := from; part < min(from+20*atOnce, *many); part += atOnce {
				if err := insert(ctx, tx, part, min(part+atOnce, *many), to.ID); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// insert writes some domains, and their customers.
func insert(ctx context.Context, tx *db.Tx, from, to int, registrarID string) error {
	var customers, domains []string
	for i := from; i < to; i++ {
		if c := customerOf(i); i == 0 || customerOf(i-1) != c {
			customers = append(customers, fmt.Sprintf("('cus_%08[1]d', 'c%08[1]d@example.com', 'c%08[1]d@example.com', 'Customer %[1]d', 'customer %[1]d', 'EUR', 0, 0)", c))
		}
		end, status := endOf(i), "active"
		if end.Before(today.AddDays(-1)) {
			status = "grace"
		}
		domains = append(domains, fmt.Sprintf("('%s', '%s', 'com', 'cus_%08d', '%s', 'register', '%s', %d, '%[7]s', '%[7]s', 'import', '%[7]s', '%[7]s', '%[7]s', 1, 'EUR', 1000, 0, 0)",
			idOf(i), nameOf(i), customerOf(i), registrarID, status, end.StartIn(time.UTC).Add(10*time.Hour).UnixMicro(), end))
	}
	if len(customers) > 0 {
		_, err := tx.SQL().ExecContext(ctx, "INSERT INTO customers (id, email, email_fold, name, name_fold, currency, created_at, updated_at) VALUES "+strings.Join(customers, ", "))
		if err != nil {
			return err
		}
	}
	_, err := tx.SQL().ExecContext(ctx, `INSERT INTO domains (id, name, extension, customer_id, registrar_id, kind, status, expires_at, expires_on, expiry_raw, expiry_source,
		paid_through, term_end, next_due, term, currency, recurring_amount, created_at, updated_at) VALUES `+strings.Join(domains, ", "))
	return err
}

func (b *bench) exec(ctx context.Context, statement string, args ...any) error {
	return b.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.SQL().ExecContext(ctx, statement, args...)
		return err
	})
}

func (b *bench) set(ctx context.Context, name, value string) error {
	_, err := b.Settings.Patch(ctx, map[string]json.RawMessage{name: json.RawMessage(value)})
	return err
}
