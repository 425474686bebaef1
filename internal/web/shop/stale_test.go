package shop

import (
	"testing"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
)

// A2c: a cart that was filled when nine years were on offer. When the domain has been renewed meanwhile they would lead beyond the
// cap: it is refused with the first day, and neither invoice nor renewal is made.
func TestStaleRenewalOverTheCap(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sellsNames()
	ada := b.customer("Ada")
	id := b.owns(ada.ID, "bücher.example", civil.On(2026, 12, 1))
	br := b.signedIn(ada)
	br.get("/domains/renew/" + id + "?years=9").to("/cart")
	br.get("/cart").is(200).says("9 years", "€99.00", "To the checkout")
	br.get("/checkout").is(200).says("Renewal of bücher.example for 9 years, 2026-12-01 to 2035-12-01")

	err := b.store.DB.Write(b.Context(), func(tx *db.Tx) error {
		d, err := domainname.Lock(b.Context(), tx, id)
		if err != nil {
			return err
		}
		d.Expiry.At, d.PaidThrough, d.NextDue = d.Expiry.At.AddDate(5, 0, 0), civil.On(2031, 12, 1), civil.On(2031, 12, 1)
		return domainname.Save(b.Context(), tx, &d)
	})
	if err != nil {
		t.Fatal(err)
	}
	br.sendForm("/checkout", "email", ada.Email, "name", "Ada").to("/cart")
	first := domainname.Refusal{Reason: domainname.OverCap, FirstDay: domainname.FirstUnderCap(civil.On(2040, 12, 1))}
	br.get("/cart").is(200).says(first.Sentence("en"), "/account/domains/"+id+"/renew").hides("To the checkout")
	br.get("/checkout").to("/cart")
	if n := len(b.orders()); n != 0 {
		t.Errorf("%d orders", n)
	}
	for _, table := range []string{"invoices", "domain_renewals"} {
		var n int
		err := b.store.DB.Read(b.Context(), func(tx *db.Tx) error {
			return tx.SQL().QueryRowContext(b.Context(), "SELECT COUNT(*) FROM "+table).Scan(&n)
		})
		if err != nil || n != 0 {
			t.Errorf("%d rows in %s, %v", n, table, err)
		}
	}
}
