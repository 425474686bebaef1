package order_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/coupon"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/order/ordertest"
)

// mailbox has the links that were sent, by the customer who was written to.
type mailbox struct{ mails []order.ClaimMail }

func (m *mailbox) send(_ context.Context, tx *db.Tx, mail order.ClaimMail) error {
	tx.OnCommit(func() { m.mails = append(m.mails, mail) })
	return nil
}

func checkout(t *testing.T, shop *ordertest.Shop, email string, in order.Input) order.Receipt {
	t.Helper()
	r, err := shop.Orders.Checkout(t.Context(), order.Guest{Email: email, Name: "A Guest", Country: "DE"}, in)
	if err != nil {
		t.Fatalf("checkout of %s: %v", email, err)
	}
	return r
}

// customerOf is whose an order really is.
func customerOf(t *testing.T, shop *ordertest.Shop, orderID string) customer.Customer {
	t.Helper()
	c, err := shop.Customers.ByID(t.Context(), shop.Order(t, orderID).CustomerID)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestGuestCheckout(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		ctx := t.Context()
		price := shop.NewPrice(t, "editor", 4900, 0)
		r, err := shop.Orders.Checkout(ctx, order.Guest{
			Email: " Ada@example.com", Name: "Ada", Company: "Engines", Country: "GB", State: "Kent", Address: "1 High Street", TaxID: "GB1", Language: "en",
		}, order.Input{Items: one(price), Consents: []order.Consent{{Kind: "terms", Text: "I accept."}}})
		if err != nil {
			t.Fatal(err)
		}
		c := customerOf(t, shop, r.Order.ID)
		if c.Guest || c.Email != "Ada@example.com" || c.Company != "Engines" || c.State != "Kent" || c.Currency != "EUR" || c.HasPassword {
			t.Errorf("customer = %+v", c)
		}
		if buyer := shop.Invoice(t, r.Order.InvoiceID).Buyer; buyer.Name != "Ada" || buyer.Country != "GB" || buyer.Address != "1 High Street" || buyer.TaxID != "GB1" {
			t.Errorf("buyer = %+v", buyer)
		}
		if consents, err := shop.Orders.Consents(ctx, r.Order.ID); err != nil || len(consents) != 1 {
			t.Errorf("consents = %+v, %v", consents, err)
		}

		// The thank-you page shows this order, for a day.
		shop.Pay(t, r.Order.InvoiceID, 4900, "wire")
		o, err := shop.Orders.ThankYou(ctx, r.Secret)
		if err != nil || o.ID != r.Order.ID || o.Status != order.Completed || len(o.LicenseIDs) != 1 || o.CustomerID+o.CustomerName+o.CustomerEmail != "" {
			t.Errorf("thank you = %+v, %v", o, err)
		}
		if n := shop.Count(t, "SELECT COUNT(*) FROM thank_you_links WHERE token_hash = $1", r.Secret); n != 0 {
			t.Error("the secret itself is stored")
		}
		shop.Clock.Advance(24*time.Hour - time.Second)
		another, err := shop.Orders.ThankYouLink(ctx, o.ID)
		if err != nil || another == r.Secret {
			t.Errorf("another link: %v", err)
		}
		if _, err := shop.Orders.ThankYou(ctx, r.Secret); err != nil {
			t.Errorf("in the last second: %v", err)
		}
		shop.Clock.Advance(time.Second)
		for _, secret := range []string{r.Secret, "", "x", "\x00"} {
			_, err = shop.Orders.ThankYou(ctx, secret)
			wantCode(t, err, fail.KindNotFound, "LINK_NOT_FOUND", "")
		}
		if err := shop.Orders.Prune(ctx); err != nil {
			t.Error(err)
		}
		if n := shop.Count(t, "SELECT COUNT(*) FROM thank_you_links"); n != 1 {
			t.Errorf("%d links are left", n)
		}
		if _, err := shop.Orders.ThankYou(ctx, another); err != nil {
			t.Errorf("the other link: %v", err)
		}
		_, err = shop.Orders.ThankYouLink(ctx, "ord_unknown")
		wantCode(t, err, fail.KindNotFound, "ORDER_NOT_FOUND", "")
		shop.Proven(t)
	})
}

func TestCheckoutsThatAreRefused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		price := shop.NewPrice(t, "editor", 4900, 0)
		ok, items := order.Guest{Email: "ada@example.com", Name: "Ada"}, one(price)
		for name, tt := range map[string]struct {
			guest  order.Guest
			in     order.Input
			fields []string
		}{
			"nothing":           {order.Guest{}, order.Input{}, []string{"email", "name", "items"}},
			"a country's name":  {order.Guest{Email: "a@b.c", Name: "A", Country: "Germany"}, order.Input{Items: items}, []string{"country"}},
			"somebody's order":  {ok, order.Input{CustomerID: "cus_1", Items: items}, []string{"customer_id"}},
			"a gift":            {ok, order.Input{Items: items, Kind: order.Test, Reason: "please"}, []string{"kind"}},
			"an unknown price":  {ok, order.Input{Items: []order.Item{{PriceID: "prc_unknown", Quantity: 1}}}, []string{"items.0.price_id"}},
			"less than nothing": {ok, order.Input{Items: []order.Item{{PriceID: price.ID, Quantity: -1}}}, []string{"items.0.quantity"}},
			"a license":         {ok, order.Input{Items: []order.Item{{PriceID: price.ID, Quantity: 1, LicenseID: "lic_1"}}}, []string{"items.0.license_id"}},
			"a gateway":         {ok, order.Input{Items: items, Gateway: "paypal"}, []string{"gateway"}},
		} {
			_, err := shop.Orders.Checkout(t.Context(), tt.guest, tt.in)
			var got []string
			if e := fail.Of(err); e == nil || e.Kind != fail.KindInvalid {
				t.Errorf("%s: %v", name, err)
			} else {
				for _, f := range e.Fields {
					got = append(got, f.Field)
				}
			}
			if diff := cmp.Diff(tt.fields, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		if n := shop.Count(t, "SELECT COUNT(*) FROM customers"); n != 0 {
			t.Errorf("%d customers of refused orders", n)
		}
	})
}

// Somebody types Ada's address: the same answers, in the same order, whether Ada is known or not; nothing of hers is
// shown, used or changed.
func TestACheckoutRevealsNoAccount(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		ctx := t.Context()
		var box mailbox
		shop.Orders.UseClaims(box.send)
		price := shop.NewPrice(t, "editor", 4900, 0)
		trial := shop.Sell(t, "viewer", catalog.NewPrice{Cycle: "monthly", Money: eur(900), TrialDays: 14})
		newCoupon(t, shop, coupon.NewCoupon{Code: "HELLO", Percent: "10", Rules: coupon.Rules{NewCustomers: true}})

		// Ada has bought, has tried, and has 50.00 with the store.
		ada, err := shop.Customers.Create(ctx, customer.Input{Email: "ada@example.com", Name: "Ada Lovelace", Company: "Engines"})
		if err != nil {
			t.Fatal(err)
		}
		hers := place(t, shop, order.Input{CustomerID: ada.ID, Items: append(one(price), one(trial)...)})
		shop.Pay(t, hers.InvoiceID, 4900+5000, "wire")
		if shop.Credit(t, ada.ID) != 5000 {
			t.Fatal("no credit")
		}
		before := shop.Count(t, "SELECT COUNT(*) FROM events WHERE customer_id = $1", ada.ID)

		answers := func(email string) (all []string) {
			say := func(r order.Receipt, err error) {
				if err != nil {
					all = append(all, err.Error())
					return
				}
				o := r.Order
				inv := shop.Invoice(t, o.InvoiceID)
				all = append(all, fmt.Sprint(o.Status, o.Total, o.CustomerID, o.CustomerName, o.CustomerEmail, o.Items[0].TrialDays, inv.Balance(), inv.Buyer.Name, inv.Buyer.Company))
			}
			guest := order.Guest{Email: email, Name: "Mallory"}
			for _, in := range []order.Input{
				{Items: one(price)}, {Items: one(trial)}, {Items: one(trial)}, {Items: one(price), Coupon: "HELLO"}, {Items: one(price), Coupon: "HELLO"},
			} {
				q, err := shop.Orders.QuoteGuest(ctx, guest, in)
				r, err2 := shop.Orders.Checkout(ctx, guest, in)
				if (err == nil) != (err2 == nil) || (err == nil && (q.Invoice.Total != r.Order.Total || q.Items[0].TrialDays != r.Order.Items[0].TrialDays)) {
					t.Errorf("%s: quote %s, %v; order %s, %v", email, q.Invoice.Total, err, r.Order.Total, err2)
				}
				say(r, err2)
			}
			return all
		}
		known, unknown := answers("ADA@example.com"), answers("eve@example.com")
		if diff := cmp.Diff(unknown, known); diff != "" {
			t.Errorf("an address that is not known (-) and Ada's (+) differ:\n%s", diff)
		}
		if n := shop.Count(t, "SELECT COUNT(*) FROM events WHERE customer_id = $1", ada.ID); n != before || shop.Credit(t, ada.ID) != 5000 {
			t.Errorf("%d events of Ada's instead of %d, credit %d", n, before, shop.Credit(t, ada.ID))
		}
		if orders, _, err := shop.Orders.List(ctx, order.Filter{CustomerID: ada.ID}); err != nil || len(orders) != 1 {
			t.Errorf("Ada has %d orders, %v", len(orders), err)
		}
		// One trial and one use of the coupon for each address, whoever owns it.
		if strings.Count(strings.Join(known, "\n"), "COUPON_NEW_CUSTOMERS") != 1 {
			t.Errorf("the coupon: %v", known)
		}
		// Only the mailbox hears of the difference. Eve's first order made her the customer, the rest are guests' as well.
		for _, m := range box.mails {
			if m.Secret == "" || m.Name != "Mallory" || m.CustomerID == ada.ID {
				t.Errorf("mail = %+v", m)
			}
		}
		if len(box.mails) != 4+3 {
			t.Errorf("%d mails", len(box.mails))
		}
		shop.Proven(t)
	})
}

func TestManyCheckoutsOfOneAddressAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		trial := shop.Sell(t, "viewer", catalog.NewPrice{Cycle: "monthly", Money: eur(900), TrialDays: 14})
		newCoupon(t, shop, coupon.NewCoupon{Code: "ONCE", Percent: "10", Rules: coupon.Rules{PerCustomer: 1}})
		guest := order.Guest{Email: "ada@example.com", Name: "Ada"}
		const n = 8
		receipts := atOnce(t, shop, n, func(shop *ordertest.Shop, _ int) (order.Receipt, error) {
			return shop.Orders.Checkout(t.Context(), guest, order.Input{Items: one(trial)})
		})
		trials, accounts := 0, 0
		for _, r := range receipts {
			if r.Order.Items[0].TrialDays > 0 {
				trials++
			}
			if !customerOf(t, shop, r.Order.ID).Guest {
				accounts++
			}
		}
		if len(receipts) != n || trials != 1 || accounts != 1 {
			t.Errorf("%d orders, %d trials, %d accounts", len(receipts), trials, accounts)
		}
		used := atOnce(t, shop, n, func(shop *ordertest.Shop, _ int) (order.Receipt, error) {
			return shop.Orders.Checkout(t.Context(), guest, order.Input{Items: one(trial), Coupon: "ONCE"})
		})
		if len(used) != 1 {
			t.Errorf("a coupon for one use was used %d times", len(used))
		}
		shop.Proven(t)
	})
}

func TestACheckoutThatComesTwiceIsOneOrder(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		price := shop.NewPrice(t, "editor", 4900, 0)
		in := order.Input{Items: one(price), RequestKey: "abc"}
		guest := order.Guest{Email: "ada@example.com", Name: "Ada"}
		receipts := atOnce(t, shop, 8, func(shop *ordertest.Shop, _ int) (order.Receipt, error) {
			return shop.Orders.Checkout(t.Context(), guest, in)
		})
		for _, r := range receipts {
			if o, err := shop.Orders.ThankYou(t.Context(), r.Secret); err != nil || o.ID != receipts[0].Order.ID {
				t.Errorf("%+v, %v", o, err)
			}
		}
		if n := shop.Count(t, "SELECT COUNT(*) FROM orders"); n != 1 || len(receipts) != 8 {
			t.Errorf("%d orders for %d answers", n, len(receipts))
		}
		// The key belongs to who used it, and to what was asked for.
		guest.Email = "bob@example.com"
		_, err := shop.Orders.Checkout(t.Context(), guest, in)
		wantCode(t, err, fail.KindConflict, "REQUEST_KEY_REUSED", "")
		guest.Email, in.Items = "ada@example.com", []order.Item{{PriceID: price.ID, Quantity: 2}}
		_, err = shop.Orders.Checkout(t.Context(), guest, in)
		wantCode(t, err, fail.KindConflict, "REQUEST_KEY_REUSED", "")
		other := place(t, shop, order.Input{CustomerID: shop.NewCustomer(t, "eve").ID, Items: one(price), RequestKey: "def"})
		in.RequestKey, in.Items = "def", one(price)
		_, err = shop.Orders.Checkout(t.Context(), guest, in)
		wantCode(t, err, fail.KindConflict, "REQUEST_KEY_REUSED", "")
		if other.Status != order.Pending {
			t.Errorf("the other order = %+v", other)
		}
	})
}

// A guest who has all that a customer can have becomes Ada: everything moves, and the books are right before and after.
func TestAClaimMovesEverything(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		ctx := t.Context()
		var box mailbox
		shop.Orders.UseClaims(box.send)
		var told []string
		shop.Orders.OnClaim(func(_ context.Context, _ *db.Tx, from, to string) error {
			told = append(told, from, to)
			return nil
		})
		editor, viewer := shop.NewPrice(t, "editor", 4900, 0), shop.NewPrice(t, "viewer", 900, 0)
		trial := shop.Sell(t, "both", catalog.NewPrice{Cycle: "monthly", Money: eur(900), TrialDays: 14})
		hers := shop.Sell(t, "hers", catalog.NewPrice{Cycle: "monthly", Money: eur(900), TrialDays: 14})
		newCoupon(t, shop, coupon.NewCoupon{Code: "TEN", Percent: "10"})
		ada := shop.NewCustomer(t, "ada")
		shop.Place(t, ada.ID, trial)
		shop.Pay(t, shop.Place(t, ada.ID, viewer).InvoiceID, 1000, "ada's") // and 1.00 of credit

		r := checkout(t, shop, "ada@example.com", order.Input{
			Items: slices.Concat(one(editor), one(trial), one(hers)), Coupon: "TEN", Consents: []order.Consent{{Kind: "terms", Text: "Yes."}},
		})
		guest := customerOf(t, shop, r.Order.ID)
		shop.Pay(t, r.Order.InvoiceID, r.Order.Total.Amount+2500, "guest's") // and 25.00 of credit
		open := place(t, shop, order.Input{CustomerID: guest.ID, Items: one(viewer)})
		shop.Exec(t, `INSERT INTO payment_methods (id, customer_id, gateway, token, label, is_default, created_at) VALUES
			('mth_ada', $1, 'sandbox', 'a', 'Visa', TRUE, 0), ('mth_guest', $2, 'sandbox', 'b', 'Visa', TRUE, 0)`, ada.ID, guest.ID)
		newLicense(t, shop, "lic_guest", guest.ID, editor.PlanID, "")
		shop.Exec(t, `INSERT INTO staff_tasks (id, kind, subject_id, occasion, customer_id, detail, state, created_at) VALUES ('tsk_1', 'a', 'b', 'c', $1, '', 'open', 0)`, guest.ID)
		shop.Exec(t, `INSERT INTO one_time_links (token_hash, purpose, customer_id, created_at, expires_at) VALUES ('h', 'customer_password', $1, 0, 0)`, guest.ID)
		shop.Proven(t)
		credit := shop.Credit(t, ada.ID) + shop.Credit(t, guest.ID)
		if !guest.Guest || len(box.mails) != 1 || shop.Credit(t, guest.ID) == 0 {
			t.Fatalf("guest = %+v, %d mails", guest, len(box.mails))
		}

		account, err := shop.Orders.Claim(ctx, box.mails[0].Secret)
		if err != nil || account != ada.ID || !slices.Equal(told, []string{guest.ID, ada.ID}) {
			t.Fatalf("claimed by %s, %v, told %v", account, err, told)
		}
		for _, id := range []string{r.Order.ID, open.ID} {
			o := shop.Order(t, id)
			if inv := shop.Invoice(t, o.InvoiceID); o.CustomerID != ada.ID || inv.CustomerID != ada.ID || inv.Buyer.Name == "ada" && id == r.Order.ID {
				t.Errorf("order of %s, invoice %+v", o.CustomerID, inv)
			}
		}
		for _, table := range tablesWithACustomer(t, shop) {
			if _, stays := order.Kept[table]; stays {
				continue
			}
			if n := shop.Count(t, "SELECT COUNT(*) FROM "+table+" WHERE customer_id = $1", guest.ID); n != 0 {
				t.Errorf("%d rows of %s are still the guest's", n, table)
			}
		}
		if shop.Credit(t, ada.ID) != credit || shop.Credit(t, guest.ID) != 0 {
			t.Errorf("credit of Ada %d, of the guest %d, want %d and 0", shop.Credit(t, ada.ID), shop.Credit(t, guest.ID), credit)
		}
		if n := shop.Count(t, "SELECT COUNT(*) FROM payment_methods WHERE customer_id = $1 AND is_default", ada.ID); n != 1 {
			t.Errorf("%d default methods", n)
		}
		if n := shop.Count(t, "SELECT COUNT(*) FROM trials WHERE customer_id = $1", ada.ID); n != 2 {
			t.Errorf("%d trials, want one for each product", n)
		}
		shop.Proven(t)

		// The page of the guest goes on, and shows nothing more than before.
		if o, err := shop.Orders.ThankYou(ctx, r.Secret); err != nil || o.CustomerID+o.CustomerName+o.CustomerEmail != "" {
			t.Errorf("thank you = %+v, %v", o, err)
		}
		_, err = shop.Orders.Claim(ctx, box.mails[0].Secret)
		wantCode(t, err, fail.KindNotFound, "LINK_NOT_FOUND", "")

		// Life goes on: what is done with the order from now on is done with Ada.
		shop.Pay(t, open.InvoiceID, 900, "late")
		if n := shop.Count(t, "SELECT COUNT(*) FROM ledger_transactions WHERE customer_id = $1 AND kind = 'payment.received'", ada.ID); n < 2 {
			t.Errorf("%d payments of Ada's in the books", n)
		}
		shop.Proven(t)
	})
}

// tablesWithACustomer names every table that says whose a row is.
func tablesWithACustomer(t *testing.T, shop *ordertest.Shop) (tables []string) {
	t.Helper()
	q := `SELECT m.name FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c ON c.name = 'customer_id' WHERE m.type = 'table' ORDER BY 1`
	if shop.DB.Engine() == db.Postgres {
		q = `SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'customer_id' ORDER BY 1`
	}
	err := shop.DB.Read(t.Context(), func(tx *db.Tx) (err error) {
		rows, err := tx.SQL().QueryContext(t.Context(), q)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				return err
			}
			tables = append(tables, name)
		}
		return rows.Err()
	})
	if err != nil || len(tables) < 15 {
		t.Fatalf("%v, %v", tables, err)
	}
	return tables
}

// A new table that names a customer needs a decision: does a claim move it?
func TestAClaimForgetsNoTable(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		for _, table := range tablesWithACustomer(t, shop) {
			_, stays := order.Kept[table]
			moves := slices.ContainsFunc(order.Moves(), func(q string) bool {
				return strings.HasPrefix(q, "UPDATE "+table+" SET customer_id") || strings.HasPrefix(q, "DELETE FROM "+table+" ")
			})
			if stays == moves {
				t.Errorf("%s: is moved %t, is kept %t", table, moves, stays)
			}
		}
	})
}

func TestALinkOfAClaimRunsOut(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		var box mailbox
		shop.Orders.UseClaims(box.send)
		shop.NewCustomer(t, "ada")
		price := shop.NewPrice(t, "editor", 4900, 0)
		first := checkout(t, shop, "ada@example.com", order.Input{Items: one(price)})
		shop.Clock.Advance(30 * 24 * time.Hour)
		second := checkout(t, shop, "ada@example.com", order.Input{Items: one(price)})
		_, err := shop.Orders.Claim(t.Context(), box.mails[0].Secret)
		wantCode(t, err, fail.KindNotFound, "LINK_NOT_FOUND", "")
		if err := shop.Orders.Prune(t.Context()); err != nil {
			t.Error(err)
		}
		if n := shop.Count(t, "SELECT COUNT(*) FROM guest_claims"); n != 1 {
			t.Errorf("%d links", n)
		}
		// Many clicks at once count once, whatever else happens to the account.
		results := atOnce(t, shop, 8, func(shop *ordertest.Shop, i int) (string, error) {
			if i == 3 {
				ada, err := shop.Customers.ByEmail(t.Context(), "ada@example.com")
				if err != nil {
					return "", err
				}
				_, err = shop.Orders.Place(t.Context(), order.Input{CustomerID: ada.ID, Items: one(price)})
				return "", err
			}
			return shop.Orders.Claim(t.Context(), box.mails[1].Secret)
		})
		if len(results) != 2 || customerOf(t, shop, second.Order.ID).Guest || !customerOf(t, shop, first.Order.ID).Guest {
			t.Errorf("%d results", len(results))
		}
		shop.Proven(t)
	})
}

func TestAQuoteNeedsNoGuest(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		ctx := t.Context()
		price := shop.Sell(t, "editor", catalog.NewPrice{Cycle: "monthly", Money: eur(4900), TrialDays: 14})
		newCoupon(t, shop, coupon.NewCoupon{Code: "TEN", Percent: "10", Rules: coupon.Rules{MaxUses: 1}})
		q, err := shop.Orders.QuoteGuest(ctx, order.Guest{}, order.Input{Items: one(price), Coupon: "TEN"})
		if err != nil || q.Invoice.Total != eur(0) || q.Items[0].TrialDays != 14 || len(q.Later) != 1 || q.Later[0].Amount != eur(4900) || q.Later[0].On != civil.Of(shop.Clock.Now(), time.UTC).AddDays(14) {
			t.Errorf("quote = %+v, %v", q, err)
		}
		if n := shop.Count(t, "SELECT (SELECT COUNT(*) FROM customers) + (SELECT COUNT(*) FROM orders) + (SELECT COUNT(*) FROM invoices) + (SELECT COUNT(*) FROM coupon_uses)"); n != 0 {
			t.Errorf("a quote wrote %d rows", n)
		}
		_, err = shop.Orders.QuoteGuest(ctx, order.Guest{}, order.Input{CustomerID: "cus_1"})
		wantCode(t, err, fail.KindInvalid, fail.CodeInvalidInput, "customer_id")
		_, err = shop.Orders.Quote(ctx, order.Input{CustomerID: "cus_unknown", Items: one(price)})
		wantCode(t, err, fail.KindNotFound, "CUSTOMER_NOT_FOUND", "")
		_, err = shop.Orders.QuoteGuest(ctx, order.Guest{}, order.Input{Items: one(price), Gateway: "paypal"})
		wantCode(t, err, fail.KindInvalid, fail.CodeInvalidInput, "gateway")
	})
}

func TestClaimAll(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		ctx := t.Context()
		var box mailbox
		shop.Orders.UseClaims(box.send)
		editor := shop.NewPrice(t, "editor", 4900, 0)
		ada, other := shop.NewCustomer(t, "ada"), shop.NewCustomer(t, "ada2")
		var orders []string
		for range 2 {
			orders = append(orders, checkout(t, shop, "Ada@example.com", order.Input{Items: one(editor)}).Order.ID)
		}
		theirs := checkout(t, shop, "ada2@example.com", order.Input{Items: one(editor)}).Order.ID
		guest := customerOf(t, shop, orders[0])
		for _, id := range []string{guest.ID, ada.ID, ada.ID} { // a guest has no guests, and a second time nothing is left
			if err := shop.Orders.ClaimAll(ctx, id); err != nil {
				t.Fatal(err)
			}
			if id == guest.ID && shop.Order(t, orders[0]).CustomerID != guest.ID {
				t.Error("a guest's order moved for a guest")
			}
		}
		for _, id := range orders {
			if got := shop.Order(t, id).CustomerID; got != ada.ID {
				t.Errorf("order %s belongs to %s", id, got)
			}
		}
		if got := shop.Order(t, theirs).CustomerID; got == ada.ID || got == other.ID {
			t.Errorf("the order of another address belongs to %s", got)
		}
		if _, err := shop.Orders.Claim(ctx, box.mails[0].Secret); fail.Of(err).Kind != fail.KindNotFound {
			t.Errorf("the link of what was joined: %v", err)
		}
		if err := shop.Orders.ClaimAll(ctx, "cus_none"); fail.Of(err).Kind != fail.KindNotFound {
			t.Error(err)
		}
		shop.Proven(t)
	})
}
