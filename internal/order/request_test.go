package order_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/order/ordertest"
)

func TestARequestPlacesOneOrder(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		ctx := t.Context()
		ada, bob := shop.NewCustomer(t, "ada"), shop.NewCustomer(t, "bob")
		editor, viewer := shop.NewPrice(t, "editor", 4900, 0), shop.NewPrice(t, "viewer", 900, 0)
		in := order.Input{
			CustomerID: ada.ID, RequestKey: "abc",
			Items: []order.Item{{PriceID: editor.ID, Quantity: 2}, {PriceID: viewer.ID, Quantity: 1}},
		}
		if _, err := shop.Orders.Place(ctx, order.Input{CustomerID: ada.ID, RequestKey: "abc"}); err == nil {
			t.Fatal("an order of nothing")
		}
		first, err := shop.Orders.Place(ctx, in) // a refused order has not used the key
		if err != nil {
			t.Fatal(err)
		}

		// The answer is the order as it is, even when it could not be placed any more.
		shop.Pay(t, first.InvoiceID, 2*4900+900, "wire 1")
		if _, err := shop.Catalog.RetirePrice(ctx, viewer.ID); err != nil {
			t.Fatal(err)
		}
		again := in
		again.RequestKey = " abc "
		second, err := shop.Orders.Place(ctx, again)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(shop.Order(t, first.ID), second); diff != "" {
			t.Errorf("the second answer (-stored +got):\n%s", diff)
		}

		for name, other := range map[string]func(*order.Input){
			"another customer": func(in *order.Input) { in.CustomerID = bob.ID },
			"fewer items":      func(in *order.Input) { in.Items = in.Items[:1] },
			"another quantity": func(in *order.Input) { in.Items = []order.Item{{PriceID: editor.ID, Quantity: 3}, in.Items[1]} },
			"a gift":           func(in *order.Input) { in.Kind, in.Reason = order.Complimentary, "a prize" },
		} {
			changed := in
			other(&changed)
			_, err := shop.Orders.Place(ctx, changed)
			t.Log(name)
			wantCode(t, err, fail.KindConflict, "REQUEST_KEY_REUSED", "")
		}
		in.RequestKey = strings.Repeat("x", 101)
		_, err = shop.Orders.Place(ctx, in)
		wantCode(t, err, fail.KindInvalid, "INVALID_INPUT", "request_key")

		if n := shop.Count(t, "SELECT COUNT(*) FROM orders"); n != 1 {
			t.Errorf("%d orders", n)
		}
		in.Items, in.RequestKey = in.Items[:1], ""
		for range 2 { // without a key, every call is an order
			if _, err := shop.Orders.Place(ctx, in); err != nil {
				t.Fatal(err)
			}
		}
		if n := shop.Count(t, "SELECT COUNT(*) FROM orders"); n != 3 {
			t.Errorf("%d orders", n)
		}
		shop.Proven(t)
	})
}

func TestARequestThatComesManyTimesAtOncePlacesOneOrder(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		const n = 24
		price := shop.NewPrice(t, "editor", 4900, 0)
		customers := make([]string, 3)
		for i := range customers {
			customers[i] = shop.NewCustomer(t, fmt.Sprint("customer", i)).ID
		}
		shops := []*ordertest.Shop{shop}
		if shop.Open != nil {
			shops = append(shops, shop.Second(t))
		}
		orders, errs := make([]order.Order, n), make([]error, n)
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				orders[i], errs[i] = shops[i%len(shops)].Orders.Place(t.Context(), order.Input{
					CustomerID: customers[i%len(customers)], Items: []order.Item{{PriceID: price.ID, Quantity: 1}}, RequestKey: "once",
				})
			})
		}
		wg.Wait()
		if got := shop.Count(t, "SELECT COUNT(*) FROM orders"); got != 1 {
			t.Fatalf("%d orders", got)
		}
		answered := 0
		for i, o := range orders {
			if errs[i] != nil {
				wantCode(t, errs[i], fail.KindConflict, "REQUEST_KEY_REUSED", "")
				continue
			}
			answered++
			if o.CustomerID != customers[i%len(customers)] || o.InvoiceNumber != "INV-2026-1" {
				t.Errorf("answer %d = %+v", i, o)
			}
		}
		if want := n / len(customers); answered != want {
			t.Errorf("%d answers, want %d, all of one customer", answered, want)
		}
		shop.Proven(t)
	})
}
