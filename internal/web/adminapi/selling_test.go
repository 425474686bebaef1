package adminapi

import (
	"testing"
)

func TestSubscriptionsAreSold(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		s := b.shop()
		monthly := b.do("POST", "/plans/"+s.plan+"/prices", object{
			"cycle": "monthly", "money": eur(1000), "setup_fee": eur(500), "trial_days": 14, "trial_money": eur(100), "tax_class": "reduced",
		})
		same(b.T, monthly, object{
			"id": id("prc"), "plan_id": s.plan, "replaces": nil, "cycle": "monthly", "money": eur(1000), "setup_fee": eur(500), "trial_days": 14.0,
			"trial_money": eur(100), "tax_class": "reduced", "valid_for": nil, "version": 1.0, "status": "active", "created_at": instant,
		})
		price := monthly["id"].(string)
		order := object{"customer_id": s.customer, "items": []object{{"price_id": price, "quantity": 2}}}
		wantQuote := object{
			"currency": "EUR", "coupon": nil, "subtotal": eur(700), "discount": eur(0), "net": eur(700), "taxes": []any{}, "tax": eur(0), "total": eur(700),
			"lines": []any{
				object{
					"description": "Tool – Pro (trial of 14 days)", "period": object{"start": "2026-03-01", "end": "2026-03-15"}, "quantity": 2.0,
					"unit_amount": eur(100), "discount": eur(0), "total": eur(200),
				},
				object{"description": "Setup fee: Tool – Pro", "period": nil, "quantity": 1.0, "unit_amount": eur(500), "discount": eur(0), "total": eur(500)},
			},
			"later": []any{object{"item": 0.0, "cycle": "monthly", "money": eur(2000), "due_on": "2026-03-15"}},
		}
		same(b.T, b.do("POST", "/orders/quote", order), wantQuote)
		same(b.T, b.do("POST", "/orders/quote", object{"items": order["items"], "country": "DE"}), wantQuote)
		if orders := b.do("GET", "/orders", nil)["data"].([]any); len(orders) != 0 {
			b.Errorf("quotes placed orders: %v", orders)
		}
		placed := b.do("POST", "/orders", order)
		item := placed["items"].([]any)[0].(object)
		if item["trial_days"] != 14.0 || item["cycle"] != "monthly" {
			b.Errorf("item: %v", item)
		}
		same(b.T, placed["total"], eur(700))
		// The trial is used now: the same order costs its first month.
		same(b.T, b.do("POST", "/orders/quote", order)["total"], eur(2500))
		same(b.T, b.do("POST", "/orders/"+placed["id"].(string)+"/cancel", nil)["status"], "cancelled")
		same(b.T, b.do("POST", "/orders/quote", order)["total"], eur(700))
	})
}

func TestAddonsOfPlans(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		s := b.shop()
		plans := "/products/" + s.product + "/plans"
		addon := b.do("POST", plans, object{"name": "Five more", "kind": "addon", "extra_activations": 5, "visibility": "hidden"})
		if addon["kind"] != "addon" || addon["extra_activations"] != 5.0 || addon["visibility"] != "hidden" || addon["activation_limit"] != 0.0 {
			b.Errorf("add-on: %v", addon)
		}
		place := "/plans/" + addon["id"].(string)
		if got := b.do("PATCH", place, object{"extra_activations": 10, "visibility": "public"}); got["extra_activations"] != 10.0 || got["visibility"] != "public" {
			b.Errorf("changed: %v", got)
		}
		for field, body := range map[string]object{
			"activation_limit":  {"name": "A", "activation_type": "seat"},
			"activation_type":   {"name": "A", "activation_limit": 1},
			"extra_activations": {"name": "A", "activation_type": "seat", "activation_limit": 1, "extra_activations": 1},
			"paths":             {"name": "A", "activation_type": "seat", "activation_limit": 1, "paths": []any{addon["id"]}},
		} {
			if fields := b.send("POST", plans, body).refused(422, "INVALID_INPUT"); fields[field] == "" {
				b.Errorf("%s is not named: %v", field, fields)
			}
		}
		larger := b.do("POST", plans, object{"name": "Max", "activation_type": "device", "activation_limit": 0, "paths": []any{s.plan}})
		same(b.T, larger["paths"], []any{s.plan})
		same(b.T, b.do("PATCH", "/plans/"+larger["id"].(string), object{"paths": []any{}})["paths"], []any{})

		price := b.do("POST", place+"/prices", object{"cycle": "one_time", "money": eur(900)})["id"].(string)
		for _, license := range []any{nil, "lic_nothing"} {
			item := object{"price_id": price}
			if license != nil {
				item["license_id"] = license
			}
			fields := b.send("POST", "/orders", object{"customer_id": s.customer, "items": []object{item}}).refused(422, "INVALID_INPUT")
			if fields["items[0].license_id"] == "" {
				b.Errorf("fields: %v", fields)
			}
		}
		placed := b.do("POST", "/orders", object{"customer_id": s.customer, "items": []object{{"price_id": price, "license_id": b.license(s)}}})
		same(b.T, placed["total"], eur(900))
	})
}

func TestCoupons(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		s := b.shop()
		made := b.do("POST", "/coupons", object{
			"code": "Spring", "name": "Spring sale", "percent": "12.50", "charges": 3, "product_ids": []any{s.product}, "cycles": []any{"one_time"},
			"starts_on": "2026-01-01", "ends_on": "2026-12-31", "max_uses": 2, "per_customer": 1, "minimum": eur(1000), "new_customers": true,
		})
		want := object{
			"id": id("cpn"), "code": "Spring", "name": "Spring sale", "percent": "12.5", "money": nil, "charges": 3.0, "product_ids": []any{s.product},
			"cycles": []any{"one_time"}, "starts_on": "2026-01-01", "ends_on": "2026-12-31", "max_uses": 2.0, "per_customer": 1.0,
			"minimum": eur(1000), "new_customers": true, "uses": 0.0, "status": "active", "created_at": instant, "updated_at": instant,
		}
		same(b.T, made, want)
		place := "/coupons/" + made["id"].(string)
		same(b.T, b.do("GET", place, nil), want)
		b.do("POST", "/coupons", object{"code": "TEN", "money": eur(1000)})
		b.send("POST", "/coupons", object{"code": "ten", "money": eur(1000)}).refused(409, "COUPON_CODE_TAKEN")
		for query, n := range map[string]int{"": 2, "?q=sp": 1, "?status=archived": 0, "?limit=1": 1} {
			if got := b.do("GET", "/coupons"+query, nil)["data"].([]any); len(got) != n {
				b.Errorf("%s: %v", query, got)
			}
		}
		for field, body := range map[string]object{
			"starts_on":      {"code": "A", "percent": "5", "starts_on": "tomorrow"},
			"ends_on":        {"code": "A", "percent": "5", "starts_on": "2026-02-02", "ends_on": "2026-02-01"},
			"percent":        {"code": "A", "percent": "101"},
			"money":          {"code": "A", "percent": "5", "money": eur(1)},
			"money.amount":   {"code": "A", "money": eur(0)},
			"cycles":         {"code": "A", "percent": "5", "cycles": []any{"weekly"}},
			"product_ids":    {"code": "A", "percent": "5", "product_ids": []any{"prd_nothing"}},
			"minimum.amount": {"code": "A", "percent": "5", "minimum": eur(-1)},
			"max_uses":       {"code": "A", "percent": "5", "max_uses": 0},
		} {
			if fields := b.send("POST", "/coupons", body).refused(422, "INVALID_INPUT"); fields[field] == "" {
				b.Errorf("%s is not named: %v", field, fields)
			}
		}
		// In an order: it takes off what it says, or tells why not, at the field.
		order := object{"customer_id": s.customer, "items": []object{{"price_id": s.price}}, "coupon": "spring"}
		same(b.T, b.do("POST", "/orders/quote", order)["discount"], eur(613))
		placed := b.do("POST", "/orders", order)
		same(b.T, placed["total"], eur(4900-613))
		same(b.T, placed["coupon"], "Spring")
		same(b.T, b.do("GET", place, nil)["uses"], 1.0)
		if fields := b.send("POST", "/orders", order).refused(422, "COUPON_NEW_CUSTOMERS"); fields["coupon"] == "" {
			b.Errorf("fields: %v", fields)
		}
		order["coupon"] = "WINTER"
		if fields := b.send("POST", "/orders/quote", order).refused(422, "COUPON_NOT_FOUND"); fields["coupon"] == "" {
			b.Errorf("fields: %v", fields)
		}
		changed := b.do("PATCH", place, object{
			"name": nil, "product_ids": []any{}, "cycles": []any{}, "starts_on": nil, "ends_on": nil, "max_uses": nil, "per_customer": nil,
			"minimum": nil, "new_customers": false, "status": "archived",
		})
		for _, name := range []string{"name", "starts_on", "ends_on", "max_uses", "per_customer", "minimum"} {
			want[name] = nil
		}
		want["product_ids"], want["cycles"], want["new_customers"], want["status"], want["uses"] = []any{}, []any{}, false, "archived", 1.0
		same(b.T, changed, want)
		same(b.T, b.do("PATCH", place, object{"max_uses": 5, "minimum": eur(100), "ends_on": "2027-01-01"})["max_uses"], 5.0)
		order["coupon"] = "SPRING"
		b.send("POST", "/orders", order).refused(422, "COUPON_ENDED")
		if fields := b.send("PATCH", place, object{"starts_on": "x", "ends_on": "2026-02-30"}).refused(422, "INVALID_INPUT"); len(fields) != 2 {
			b.Errorf("fields: %v", fields)
		}
	})
}

func TestCustomersInFull(t *testing.T) {
	t.Parallel()
	one(t, func(b *bundle) {
		c := b.do("POST", "/customers", object{
			"email": "ann@example.com", "name": "Ann", "country": "US", "state": "NY", "address": "1 High Street\nTown", "language": "de",
		})
		if c["state"] != "NY" || c["address"] != "1 High Street\nTown" || c["language"] != "de" || c["guest"] != false {
			b.Errorf("customer: %v", c)
		}
		c = b.do("PATCH", "/customers/"+c["id"].(string), object{"state": nil, "address": nil, "language": nil})
		if c["state"] != nil || c["address"] != nil || c["language"] != nil {
			b.Errorf("changed: %v", c)
		}
		b.send("PATCH", "/customers/"+c["id"].(string), object{"language": "fr"}).refused(422, "INVALID_INPUT")
	})
}
