package adminapi

import (
	"testing"
)

// shop is a catalog with one product on sale.
type shop struct{ product, plan, price, customer string }

func (b *bundle) shop() shop {
	b.Helper()
	var s shop
	s.product = b.do("POST", "/products", object{"slug": "tool", "name": "Tool"})["id"].(string)
	s.plan = b.do("POST", "/products/"+s.product+"/plans", object{"name": "Pro", "activation_type": "device", "activation_limit": 2, "entitlements": object{"projects.max": 25, "feature.sso": true}})["id"].(string)
	s.price = b.do("POST", "/plans/"+s.plan+"/prices", object{"cycle": "one_time", "money": object{"amount": 4900, "currency": "EUR"}})["id"].(string)
	s.customer = b.do("POST", "/customers", object{"email": "Ann@Example.com", "name": "Ann", "country": "DE"})["id"].(string)
	return s
}

func TestSale(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		s := b.shop()
		same(b.T, b.do("GET", "/customers/"+s.customer, nil), object{
			"id": s.customer, "email": "Ann@Example.com", "name": "Ann", "company": nil, "country": "DE", "state": nil, "address": nil, "tax_id": nil,
			"language": nil, "currency": "EUR", "time_zone": nil, "credit": eur(0), "has_password": false, "group": nil, "guest": false, "created_at": instant, "updated_at": instant,
		})
		same(b.T, b.do("GET", "/products/"+s.product, nil), object{
			"id": s.product, "slug": "tool", "name": "Tool", "description": nil, "requires_license": true,
			"key": object{"prefix": "", "length": 0.0, "ignore_case": false}, "self_removal": true, "self_removals_per_30d": 0.0,
			"bindings": object{"domain": false, "ip": false, "directory": false}, "allow_reissue": true, "max_reissues": 0.0, "has_whmcs_secret": false,
			"pack_name": "Support and Upgrade Pack", "private_suffixes": []any{}, "public_check": false,
			"status": "active", "created_at": "2026-03-01T12:00:00Z", "updated_at": "2026-03-01T12:00:00Z",
		})
		same(b.T, b.do("GET", "/plans/"+s.plan, nil), object{
			"id": s.plan, "product_id": s.product, "kind": "license", "name": "Pro", "license_type": "purchased", "activation_type": "device",
			"activation_limit": 2.0, "extra_activations": 0.0, "visibility": "public", "paths": []any{}, "support_months": 12.0, "support": object{"count": 1.0, "unit": "year"}, "check_interval_days": 7.0,
			"offline_grace_days": 3.0, "file_days": 0.0, "entitlements": object{"projects.max": 25.0, "feature.sso": true}, "status": "active",
			"created_at": instant, "updated_at": instant,
		})
		same(b.T, b.do("GET", "/prices/"+s.price, nil), object{
			"id": s.price, "plan_id": s.plan, "replaces": nil, "cycle": "one_time", "money": eur(4900), "setup_fee": eur(0),
			"trial_days": 0.0, "trial_money": eur(0), "tax_class": "standard", "valid_for": nil, "version": 1.0, "status": "active", "created_at": instant,
		})

		placed := b.do("POST", "/orders", object{"customer_id": s.customer, "items": []object{{"price_id": s.price, "quantity": 2}}, "gateway": "manual"})
		order, invoice := placed["id"].(string), placed["invoice_id"].(string)
		wantOrder := object{
			"id": id("ord"), "status": "pending", "kind": "sale", "customer_id": s.customer, "gateway": "manual", "coupon": nil, "total": eur(9800),
			"reason": nil, "invoice_id": id("inv"), "invoice_number": "INV-2026-1", "domain_ids": []any{}, "license_ids": []any{}, "subscription_ids": []any{}, "created_at": instant, "completed_at": nil,
			"items": []any{object{
				"id": id("itm"), "price_id": s.price, "plan_id": s.plan, "kind": "license", "cycle": "one_time", "domain": nil, "license_id": nil, "description": "Tool – Pro", "quantity": 2.0,
				"unit_amount": eur(4900), "setup_fee": eur(0), "trial_days": 0.0, "trial_money": eur(0),
			}},
		}
		same(b.T, placed, wantOrder)
		wantLine := object{
			"id": id("lin"), "description": "Tool – Pro", "quantity": 2.0, "unit_amount": eur(4900), "amount": eur(9800), "discount": eur(0),
			"total": eur(9800), "period": nil, "subscription_id": nil, "order_item_id": id("itm"), "with_line_id": nil, "tax_class": "standard", "tax_category": nil,
			"tax_rate": nil, "credited": eur(0), "taken_back": false,
			"fulfilment": object{"kind": "license", "target": nil, "state": "pending", "error": nil},
		}
		party := func(name string, email, country any) object {
			return object{"name": name, "company": nil, "email": email, "address": nil, "country": country, "state": nil, "tax_id": nil}
		}
		wantInvoice := object{
			"id": invoice, "number": "INV-2026-1", "status": "open", "kind": "order", "customer_id": s.customer, "order_id": order,
			"currency": "EUR", "issued_on": "2026-03-01", "due_on": "2026-03-15", "net": eur(9800), "tax": eur(0), "total": eur(9800),
			"credited": eur(0), "paid": eur(0), "balance": eur(9800), "disputed": false, "tax_mode": "none", "taxes": []any{},
			"lines": []any{wantLine}, "seller": party("Keystead", nil, nil), "buyer": party("Ann", "Ann@Example.com", "DE"), "note": nil,
			"replaces": nil, "replaced_by": nil, "next_step": object{"step": "remind", "on": "2026-03-12"}, "created_at": instant, "paid_at": nil,
		}
		same(b.T, b.do("GET", "/invoices/"+invoice, nil), wantInvoice)
		same(b.T, b.do("GET", "/invoices?customer_id="+s.customer+"&status=open", nil), object{"data": []any{wantInvoice}, "next": nil})

		// A part of the money, then the rest.
		first := b.do("POST", "/invoices/"+invoice+"/payments", object{"gateway": "manual", "money": object{"amount": 800, "currency": "EUR"}, "reference": "A-1", "received_at": "2026-03-01T10:20:30+01:00"})
		same(b.T, first, object{
			"id": id("pay"), "invoice_id": invoice, "customer_id": s.customer, "gateway": "manual", "reference": "A-1", "money": eur(800),
			"applied": eur(800), "payment_method_id": nil, "state": "succeeded", "refunded": eur(0), "dispute": nil, "received_at": "2026-03-01T09:20:30Z", "created_at": "2026-03-01T12:00:00Z",
		})
		same(b.T, b.do("GET", "/invoices/"+invoice, nil)["balance"], eur(9000))
		b.do("POST", "/invoices/"+invoice+"/payments", object{"money": object{"amount": 9500, "currency": "EUR"}, "reference": "A-2"})
		same(b.T, b.do("GET", "/payments/"+first["id"].(string), nil), first)
		if got := b.do("GET", "/payments?invoice_id="+invoice, nil); len(got["data"].([]any)) != 2 {
			b.Errorf("payments: %v", got)
		}

		done := b.do("GET", "/orders/"+order, nil)
		license := done["license_ids"].([]any)[0].(string)
		wantOrder["status"], wantOrder["license_ids"], wantOrder["completed_at"] = "completed", []any{license}, instant
		same(b.T, done, wantOrder)
		wantInvoice["status"], wantInvoice["balance"], wantInvoice["paid"], wantInvoice["paid_at"] = "paid", eur(0), eur(9800), instant
		wantInvoice["next_step"] = nil
		wantLine["fulfilment"] = object{"kind": "license", "target": license, "state": "done", "error": nil}
		same(b.T, b.do("GET", "/invoices/"+invoice, nil), wantInvoice)
		same(b.T, b.do("GET", "/customers/"+s.customer, nil)["credit"], eur(500))
	})
}
