package admin

import (
	"cmp"
	"context"
	"crypto/rand"
	"net/http"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/web/ui"
)

// typedOrder is the order form as it was typed. Its request is the form's own key: sent twice, it is one order.
type typedOrder struct{ email, price, quantity, license, coupon, kind, reason, request string }

func (a *area) orderNew(w http.ResponseWriter, r *http.Request) error {
	typed := typedOrder{quantity: "1", kind: string(order.Sale), price: r.URL.Query().Get("price")}
	if id := r.URL.Query().Get("customer"); id != "" {
		c, err := a.Customers.ByID(r.Context(), id)
		if err != nil {
			return err
		}
		typed.email = c.Email
	}
	return a.orderForm(w, r, http.StatusOK, typed, nil, "")
}

func (a *area) orderForm(w http.ResponseWriter, r *http.Request, status int, typed typedOrder, byField map[string]string, whole string) error {
	prices, err := a.priceOptions(r.Context())
	if err != nil {
		return err
	}
	v := formView{Page: a.page(r, "New order", "orders"), Head: ui.Head{Title: "New order", Sub: "Its invoice is open, and numbered, at once."}}
	v.Crumbs = []ui.Crumb{{Label: "Orders", Href: "/admin/orders"}, {Label: "New"}}
	if len(prices) == 1 {
		v.Callouts = []ui.Callout{{Tone: ui.Info, Title: "Nothing to sell yet", Text: "An order needs a product with a plan and a price.", Actions: []ui.Button{{Label: "To the catalog", Href: "/admin/catalog"}}}}
	}
	v.Form = ui.WithErrors(ui.Form{Action: "/admin/orders", Submit: "Place order", Cancel: "/admin/orders", Hidden: []ui.Hidden{{Name: "request", Value: cmp.Or(typed.request, rand.Text())}}, Sections: []ui.FormSection{
		{Title: "Who and what", Fields: []ui.Field{
			{Kind: ui.InputEmail, Name: "email", Label: "Customer's e-mail", Value: typed.email, Required: true, Aside: &ui.Link{Label: "New customer", Href: "/admin/customers/new"}},
			{Kind: ui.InputSelect, Name: "price", Label: "Price", Value: typed.price, Required: true, Options: prices},
			{Kind: ui.InputNumber, Name: "quantity", Label: "Quantity", Value: typed.quantity, Required: true, Short: true, Min: "1", Hint: "One license with so many times the plan's activations."},
		}},
		{Title: "Besides", Fields: []ui.Field{
			{Name: "coupon", Label: "Coupon", Value: typed.coupon, Optional: true, Short: true, MaxLength: 40},
			{Name: "license", Label: "License", Value: typed.license, Optional: true, MaxLength: 64, Hint: "Its id, for an add-on, or for a subscription that renews it."},
		}},
		{Title: "Kind", Text: "Complimentary and test orders cost nothing and are delivered at once.", Fields: []ui.Field{
			{Kind: ui.InputRadio, Name: "kind", Label: "Kind of order", Value: typed.kind, Options: []ui.Option{
				{Value: string(order.Sale), Label: "Sale", Hint: "The customer pays"}, {Value: string(order.Complimentary), Label: "Complimentary", Hint: "A gift of the house"}, {Value: string(order.Test), Label: "Test", Hint: "To try something out"},
			}},
			{Name: "reason", Label: "Reason", Value: typed.reason, Optional: true, MaxLength: 255, Hint: "Required unless it is a sale. It stands in the license's history."},
		}},
	}}, byField, whole)
	return a.form(w, status, v)
}

// priceOptions lists what can be ordered.
func (a *area) priceOptions(ctx context.Context) ([]ui.Option, error) {
	out := []ui.Option{{Value: "", Label: "Choose"}}
	for after := ""; ; {
		products, next, err := a.Catalog.Products(ctx, catalog.Filter{Status: catalog.Active, Cursor: after})
		if err != nil {
			return nil, err
		}
		for _, p := range products {
			plans, err := a.Catalog.Plans(ctx, p.ID)
			if err != nil {
				return nil, err
			}
			for _, plan := range plans {
				if plan.Status != catalog.Active {
					continue
				}
				prices, err := a.Catalog.Prices(ctx, plan.ID)
				if err != nil {
					return nil, err
				}
				for _, price := range prices {
					if price.Status == catalog.PriceActive {
						out = append(out, ui.Option{Value: price.ID, Label: p.Name + ", " + plan.Name + ": " + priceText(price)})
					}
				}
			}
		}
		if after = next; after == "" {
			return out, nil
		}
	}
}

func (a *area) orderCreate(w http.ResponseWriter, r *http.Request) error {
	typed := typedOrder{email: r.PostFormValue("email"), price: r.PostFormValue("price"), quantity: r.PostFormValue("quantity"), license: strings.TrimSpace(r.PostFormValue("license")), coupon: r.PostFormValue("coupon"), kind: r.PostFormValue("kind"), reason: r.PostFormValue("reason"), request: r.PostFormValue("request")}
	again := func(byField map[string]string, whole string) error {
		return a.orderForm(w, r, http.StatusUnprocessableEntity, typed, byField, whole)
	}
	c, err := a.Customers.ByEmail(r.Context(), typed.email)
	if err != nil {
		if k := fail.Of(err).Kind; k == fail.KindNotFound || k == fail.KindInvalid {
			return again(map[string]string{"email": "No customer has this address."}, "")
		}
		return err
	}
	quantity, err := strconv.ParseInt(typed.quantity, 10, 64)
	if err != nil {
		return again(map[string]string{"quantity": "is not a whole number"}, "")
	}
	o, err := a.placeOrder(r.Context(), c, typed, quantity)
	if err != nil {
		byField, whole, ok := fieldErrors(err)
		if !ok {
			return err
		}
		if fail.Of(err).Code == "REQUEST_KEY_REUSED" {
			typed.request = "" // a fresh one, so that sending the form once more is a wish, and no accident
			whole = "This form has placed an order already, and it says something else now. Nothing more was ordered. If you want a second order, place it now."
		}
		for from, to := range map[string]string{"items.0.price_id": "price", "items.0.quantity": "quantity", "items.0.license_id": "license"} {
			if m, there := byField[from]; there {
				byField[to] = m
				delete(byField, from)
			}
		}
		return again(byField, whole)
	}
	if o.Status == order.Completed {
		return done(w, r, "/admin/orders/"+o.ID, "The order was placed and delivered.")
	}
	return done(w, r, "/admin/invoices/"+o.InvoiceID, "The order was placed. This is its invoice: record the payment here when it arrives.")
}

func (a *area) placeOrder(ctx context.Context, c customer.Customer, typed typedOrder, quantity int64) (order.Order, error) {
	return a.Orders.Place(ctx, order.Input{
		CustomerID: c.ID, Items: []order.Item{{PriceID: typed.price, Quantity: quantity, LicenseID: typed.license}}, Coupon: typed.coupon, Kind: order.Kind(typed.kind), Reason: typed.reason, RequestKey: typed.request,
	})
}
