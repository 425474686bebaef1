package cli

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/app"
	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/subscription"
)

// A demo store shows everything that a store can show, and obeys every rule.
func TestDemoStore(t *testing.T) {
	t.Parallel()
	a := openStore(t, demoStore(t))
	has := census(t, a)
	for _, what := range []string{
		"25 customers", "customers with credit", "orders given away",
		"active licenses", "suspended licenses", "expired licenses", "revoked licenses", "cancelled licenses",
		"licenses held for staff", "licenses held for dispute", "licenses for ever", "licenses without limit", "licenses near their limit",
		"licenses beyond their limit", "licenses with refused attempts", "licenses never checked",
		"open invoices", "overdue invoices", "partly paid invoices", "paid invoices", "void invoices", "uncollectible invoices",
		"invoices over nothing", "30 days with checks", "bad answers",
		"trialing subscriptions", "active subscriptions", "past_due subscriptions", "suspended subscriptions", "cancelled subscriptions", "expired subscriptions",
		"subscriptions ended cancelled", "subscriptions ended unpaid", "subscriptions ended refunded", "subscriptions ended dispute_lost",
		"paused subscriptions", "subscriptions in grace", "add-ons", "planned changes", "changes that wait for money",
		"open disputes", "lost disputes", "won disputes", "credit notes", "refunds", "failed payments", "people with two cards", "subscriptions with a coupon",
	} {
		if has[what] == 0 {
			t.Errorf("there are no %s", what)
		}
	}
	if t.Failed() {
		t.Log(has)
	}
	differences, err := a.Billing.Verify(t.Context())
	if err != nil || len(differences) > 0 {
		t.Errorf("the books: %v, %v", differences, err)
	}
	if n := customersFrom(t, a, a.DB.Clock().Now().AddDate(0, -6, 0)); n < 5 || n > 20 {
		t.Errorf("%d customers came in the last six months: their ids do not tell the time", n)
	}
	latest, err := a.Events.Recent(t.Context(), "", event.Filter{Limit: 1})
	if err != nil || len(latest) == 0 || a.DB.Clock().Now().Sub(latest[0].OccurredAt) > 72*time.Hour {
		t.Errorf("the latest event is %v, %v", latest, err)
	}
}

// customersFrom counts the customers whose ids are of a time or later.
func customersFrom(t *testing.T, a *app.App, at time.Time) (n int) {
	t.Helper()
	for c, err := range a.Customers.All(t.Context(), customer.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		if c.ID >= db.FirstID("cus", at) {
			n++
		}
	}
	return n
}

// census counts what a store has of everything.
func census(t *testing.T, a *app.App) map[string]int {
	t.Helper()
	ctx := t.Context()
	has := map[string]int{}
	note := func(what string, is bool) {
		if is {
			has[what]++
		}
	}
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	customers := 0
	for c, err := range a.Customers.All(ctx, customer.Filter{}) {
		check(err)
		customers++
		note("customers with credit", len(c.Credit) > 0)
	}
	note("25 customers", customers == 25)
	for o, err := range a.Orders.All(ctx, order.Filter{}) {
		check(err)
		note("orders given away", o.Kind == order.Complimentary)
	}
	for l, err := range a.Licenses.All(ctx, license.Filter{}) {
		check(err)
		rejected, err := a.Licenses.Rejected(ctx, l.ID)
		check(err)
		has[string(l.Status)+" licenses"]++
		for _, h := range l.Holds {
			has["licenses held for "+string(h.Reason)]++
		}
		note("licenses for ever", l.ExpiresAt == nil)
		note("licenses without limit", l.ActivationLimit == 0)
		note("licenses near their limit", l.NearLimit)
		note("licenses with refused attempts", len(rejected) > 0)
		note("licenses never checked", l.CheckCount == 0)
		history, _, err := a.Licenses.History(ctx, l.ID, "", 200)
		check(err)
		for _, e := range history {
			note("licenses beyond their limit", e.Override && e.What == license.WhatActivationAdded)
		}
	}
	today := civil.Of(a.DB.Clock().Now(), time.UTC)
	for i, err := range a.Billing.All(ctx, billing.Filter{}) {
		check(err)
		has[string(i.Status)+" invoices"]++
		note("overdue invoices", i.Status == billing.Open && i.DueOn.Before(today))
		note("partly paid invoices", i.Status == billing.Open && i.Paid.Amount > 0)
		note("invoices over nothing", i.Total.Amount == 0)
	}
	subscriptionsOf(t, a, today, note)
	check(a.Counts.Flush(ctx))
	var days int
	check(a.DB.Read(ctx, func(tx *db.Tx) error {
		q := tx.SQL().QueryRowContext(ctx, "SELECT COUNT(DISTINCT day), (SELECT COUNT(*) FROM verification_log) FROM license_checks_daily")
		bad := 0
		err := q.Scan(&days, &bad)
		has["bad answers"] = bad
		return err
	}))
	note("30 days with checks", days >= 30)
	return has
}

// subscriptionsOf counts what a store has of subscriptions, and of the money that is about them.
func subscriptionsOf(t *testing.T, a *app.App, today civil.Date, note func(what string, is bool)) {
	t.Helper()
	ctx := t.Context()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for s, err := range a.Subscriptions.All(ctx, subscription.Filter{}) {
		check(err)
		note(string(s.Status)+" subscriptions", true)
		note("subscriptions ended "+string(s.EndReason), s.Ended())
		note("paused subscriptions", !s.PausedOn.IsZero())
		note("add-ons", s.Kind == subscription.OfAddon)
		note("planned changes", !s.ChangeOn.IsZero())
		for _, p := range s.Periods {
			note("subscriptions in grace", s.Status == subscription.Active && p.State == subscription.PeriodOpen && p.DueOn.Before(today))
		}
	}
	for i, err := range a.Billing.All(ctx, billing.Filter{}) {
		check(err)
		note("changes that wait for money", i.Kind == billing.KindChange && i.Status == billing.Open)
		for _, l := range i.Lines {
			note("subscriptions with a coupon", l.Discount.Amount > 0)
		}
		notes, err := a.Billing.CreditNotes(ctx, i.ID)
		check(err)
		note("credit notes", len(notes) > 0)
		refunds, err := a.Payments.Refunds(ctx, i.ID)
		check(err)
		note("refunds", len(refunds) > 0)
		disputes, err := a.Payments.Disputes(ctx, i.ID)
		check(err)
		for _, d := range disputes {
			note(string(d.Status)+" disputes", true)
		}
		payments, _, err := a.Payments.List(ctx, payment.Filter{InvoiceID: i.ID})
		check(err)
		for _, p := range payments {
			note("failed payments", p.State == payment.StateFailed)
		}
	}
	for c, err := range a.Customers.All(ctx, customer.Filter{}) {
		check(err)
		methods, err := a.Payments.Methods(ctx, c.ID)
		check(err)
		note("people with two cards", len(methods) == 2)
	}
}

// The customer whose password is printed has something of everything that customers see.
func TestDemoCustomer(t *testing.T) {
	t.Parallel()
	a := openStore(t, demoStore(t))
	ada, err := a.Customers.ByEmail(t.Context(), "ada@example.com")
	if err != nil {
		t.Fatal(err)
	}
	has := map[subscription.Status]int{}
	for s, err := range a.Subscriptions.All(t.Context(), subscription.Filter{CustomerID: ada.ID}) {
		if err != nil {
			t.Fatal(err)
		}
		has[s.Status]++
	}
	if has[subscription.Active] != 3 || has[subscription.Trialing] != 1 || has[subscription.Cancelled] != 1 {
		t.Errorf("subscriptions: %v", has)
	}
	open := map[string]int{} // by the kind of the invoice, and what paying its line does
	for i, err := range a.Billing.All(t.Context(), billing.Filter{CustomerID: ada.ID, Status: billing.Open}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range i.Lines {
			open[string(i.Kind)+" "+l.Link.Kind]++
		}
	}
	// A license, a subscription in grace, a domain that ends soon, and one that the registry renewed at its end.
	if diff := cmp.Diff(map[string]int{"order license": 1, "renewal renewal": 1, "renewal domain_renewal": 2}, open); diff != "" {
		t.Errorf("open invoices: %s", diff)
	}
}

// The story is always the same: names, amounts, days and states. Only ids, keys and secrets differ.
func TestDemoStoreIsAlwaysTheSame(t *testing.T) {
	t.Parallel()
	var tales []string
	c := &demoCommand{}
	for _, dir := range []string{demoStore(t), t.TempDir()} {
		if _, err := c.prepare(context.Background(), quiet(), dir, discard); err != nil {
			t.Fatal(err)
		}
		a := openStore(t, dir)
		c.Now = instant(a.DB.Clock().Now()) // of the other one, too: midnight may have passed between the two
		var tale strings.Builder
		for o, err := range a.Orders.All(t.Context(), order.Filter{}) {
			if err != nil {
				t.Fatal(err)
			}
			for _, part := range []string{o.CustomerName, string(o.Status), o.Items[0].Description, o.Total.Decimal()} {
				tale.WriteString(part + " ")
			}
			for _, id := range o.LicenseIDs {
				l, err := a.Licenses.ByID(t.Context(), id)
				if err != nil {
					t.Fatal(err)
				}
				tale.WriteString(string(l.Status))
				tale.WriteString(strings.Repeat(".", int(l.ActivationsUsed)))
			}
			tale.WriteString("\n")
		}
		tales = append(tales, tale.String())
	}
	if diff := cmp.Diff(tales[0], tales[1]); diff != "" {
		t.Errorf("two demo stores differ:\n%s", diff)
	}
}

// A demo store is never made of something that is there.
func TestDemoNeedsAPlaceOfItsOwn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, err := app.Open(t.Context(), app.Config{Dir: dir, Logger: discard})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := keystead(t, "demo", "--data", dir, "--listen", "127.0.0.1:0")
	if r.status != failed || !strings.Contains(r.err, "but no demo.json") {
		t.Errorf("status %d: %s", r.status, r.err)
	}
	pg := inDatabase(t)
	file := backUp(t, inFolder(demoStore(t)))
	if r := restore(t, file, pg, passphrase); r.status != done {
		t.Fatal(r.err)
	}
	r = keystead(t, "demo", "--data", filepath.Join(t.TempDir(), "demo"), "--database-url", pg.flags[1], "--listen", "127.0.0.1:0")
	if r.status != failed || !strings.Contains(r.err, "a database of its own") {
		t.Errorf("status %d: %s", r.status, r.err)
	}
}
