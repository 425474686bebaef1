package adminapi

import (
	"bytes"
	"strings"
	"testing"
)

// ordered places an order for the price of a shop and returns its invoice.
func (b *bundle) ordered(s shop) string {
	b.Helper()
	return b.do("POST", "/orders", object{"customer_id": s.customer, "items": []object{{"price_id": s.price}}})["invoice_id"].(string)
}

func TestInvoiceLines(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		s := b.shop()
		first := b.ordered(s)
		line := b.do("GET", "/invoices/"+first, nil)["lines"].([]any)[0].(object)

		// A line more: the invoice is issued anew, with the same ids, and the old id acts on the new one.
		second := b.do("POST", "/invoices/"+first+"/lines", object{"description": "Installation", "unit_amount": eur(1000), "quantity": 2, "reason": "asked"})
		holdsInvoice(b.T, second)
		lines := second["lines"].([]any)
		if second["replaces"] != first || second["status"] != "open" || len(lines) != 2 || lines[0].(object)["id"] != line["id"] || second["number"] == nil {
			b.Fatalf("issued anew: %v", second)
		}
		same(b.T, second["total"], eur(6900))
		same(b.T, lines[1].(object)["fulfilment"], nil)
		old := b.do("GET", "/invoices/"+first, nil)
		if old["status"] != "void" || old["replaced_by"] != second["id"] {
			b.Errorf("the old one: %v", old)
		}
		if order := b.do("GET", "/orders/"+old["order_id"].(string), nil); order["status"] != "pending" || order["invoice_id"] != second["id"] {
			b.Errorf("its order: %v", order)
		}
		added := lines[1].(object)["id"].(string)

		// The whole list: one line as it was, one changed, one new.
		third := b.do("PUT", "/invoices/"+first+"/lines", object{"lines": []object{
			{"id": line["id"]}, {"id": added, "description": "Installation on site", "quantity": 1}, {"description": "Manual", "total": eur(500)},
		}})
		lines = third["lines"].([]any)
		if third["replaces"] != second["id"] || len(lines) != 3 || lines[1].(object)["description"] != "Installation on site" {
			b.Errorf("the whole list: %v", third)
		}
		same(b.T, third["total"], eur(6400))
		same(b.T, lines[0], line)
		same(b.T, lines[2].(object)["unit_amount"], eur(500))

		// A line less.
		fourth := b.do("DELETE", "/invoices/"+second["id"].(string)+"/lines/"+added+"?reason=too+far", nil)
		same(b.T, fourth["total"], eur(5400))
		b.send("DELETE", "/invoices/"+first+"/lines/"+added, nil).refused(404, "LINE_NOT_FOUND")

		for _, bad := range []struct {
			line   object
			fields []string
		}{
			{object{"description": "x"}, []string{"unit_amount"}},
			{object{"description": "x", "unit_amount": eur(1), "total": eur(1)}, []string{"total"}},
			{object{"description": "x", "total": eur(5), "quantity": 2}, []string{"total"}},
			{object{"description": "x", "unit_amount": object{"amount": 1, "currency": "USD"}}, []string{"unit_amount"}},
			{object{"description": " ", "unit_amount": eur(1)}, []string{"description"}},
		} {
			fields := b.send("POST", "/invoices/"+first+"/lines", bad.line).refused(422, "INVALID_INPUT")
			for _, name := range bad.fields {
				if fields[name] == "" {
					b.Errorf("%v: %v", bad.line, fields)
				}
			}
			fields = b.send("PUT", "/invoices/"+first+"/lines", object{"lines": []object{{"id": line["id"]}, bad.line}}).refused(422, "INVALID_INPUT")
			for _, name := range bad.fields {
				if fields["lines[1]."+name] == "" {
					b.Errorf("%v: %v", bad.line, fields)
				}
			}
		}
		fields := b.send("PUT", "/invoices/"+first+"/lines", object{"lines": []object{{"id": "lin_nothing", "description": "x", "unit_amount": eur(1)}}}).refused(422, "INVALID_INPUT")
		if fields["lines[0].id"] == "" {
			b.Errorf("a line of nothing: %v", fields)
		}

		// Paid, it stays as it is.
		b.do("POST", "/invoices/"+fourth["id"].(string)+"/payments", object{"money": eur(5400), "reference": "A-1"})
		b.send("POST", "/invoices/"+first+"/lines", object{"description": "x", "unit_amount": eur(1)}).refused(409, "INVOICE_NOT_OPEN")
		b.send("POST", "/invoices/"+fourth["id"].(string)+"/void", nil).refused(409, "INVOICE_NOT_OPEN")
		done := b.do("GET", "/invoices/"+fourth["id"].(string), nil)["lines"].([]any)[0].(object)["id"].(string)
		if got := b.do("POST", "/invoices/"+first+"/lines/"+done+"/retry-fulfilment", nil); got["id"] != fourth["id"] {
			b.Errorf("tried again: %v", got)
		}
		b.send("POST", "/invoices/"+first+"/lines/"+added+"/retry-fulfilment", nil).refused(404, "LINE_NOT_FOUND")

		void := b.do("POST", "/invoices/"+b.ordered(s)+"/void", object{"reason": "mistake"})
		if void["status"] != "void" || void["replaced_by"] != nil {
			b.Errorf("void: %v", void)
		}
		if got := b.do("GET", "/verify", nil); len(got["differences"].([]any)) != 0 {
			b.Errorf("differences: %v", got)
		}
	})
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		s := b.shop()
		invoice := b.ordered(s)
		b.do("POST", "/invoices/"+invoice+"/payments", object{"money": eur(4900), "reference": "A-1"})
		get := func(place string) reply {
			b.Helper()
			got := b.send("GET", place, nil)
			if got.Status != 200 || got.Header.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(got.Raw, "%PDF-") || !strings.Contains(got.Header.Get("Content-Disposition"), ".pdf") {
				b.Fatalf("%s = %d %v %.100s", place, got.Status, got.Header, got.Raw)
			}
			return got
		}
		first := get("/invoices/" + invoice + "/pdf")
		if disposition := first.Header.Get("Content-Disposition"); disposition != "attachment; filename=INV-2026-1.pdf" {
			b.Errorf("%s", disposition)
		}
		b.do("POST", "/invoices/"+invoice+"/refunds", object{"reason": "asked"})
		if again := get("/invoices/" + invoice + "/pdf"); !bytes.Equal([]byte(again.Raw), []byte(first.Raw)) {
			b.Error("the file of an invoice has changed")
		}
		note := b.do("GET", "/invoices/"+invoice+"/credit-notes", nil)["data"].([]any)[0].(object)
		get("/credit-notes/" + note["id"].(string) + "/pdf")
		same(b.T, b.do("GET", "/credit-notes/"+note["id"].(string), nil), note)
		if got := b.send("GET", "/invoices/inv_nothing/pdf", nil); got.Status != 404 || got.Header.Get("Content-Disposition") != "" {
			b.Errorf("= %d %v", got.Status, got.Header)
		}
	})
}

func TestRefunds(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		s := b.shop()
		invoice := b.ordered(s)
		b.send("POST", "/invoices/"+invoice+"/refunds", nil).refused(409, "REFUND_EXCEEDS_PAID")
		payment := b.do("POST", "/invoices/"+invoice+"/payments", object{"money": eur(4900), "reference": "A-1"})["id"].(string)
		place := "/invoices/" + invoice + "/refunds"
		line := b.do("GET", "/invoices/"+invoice, nil)["lines"].([]any)[0].(object)

		// A part, which becomes credit.
		part := b.do("POST", place, object{"money": eur(900), "to": "credit", "reason": "a discount"}, "Idempotency-Key: r")
		want := object{
			"id": id("rfd"), "payment_id": payment, "invoice_id": invoice, "credit_note_id": id("crn"), "money": eur(900), "to": "credit",
			"state": "succeeded", "adjust": true, "keep_license": false, "reason": "a discount", "origin": "staff", "gateway": "manual",
			"reference": isText, "detail": nil, "created_at": instant, "settled_at": instant,
		}
		same(b.T, part["refunds"], []any{want})
		same(b.T, part["money"], eur(900))
		if part["state"] != "succeeded" || part["credit_note_id"] != part["refunds"].([]any)[0].(object)["credit_note_id"] {
			b.Errorf("a part: %v", part)
		}
		same(b.T, part["invoice"].(object)["credited"], eur(900))
		if again := b.do("POST", place, object{"money": eur(900), "to": "credit", "reason": "a discount"}, "Idempotency-Key: r"); again["refunds"].([]any)[0].(object)["id"] != part["refunds"].([]any)[0].(object)["id"] {
			b.Errorf("again: %v", again)
		}
		same(b.T, b.do("GET", place, nil), object{"data": []any{want}, "next": nil})
		same(b.T, b.do("GET", "/payments/"+payment, nil)["refunded"], eur(900))
		same(b.T, b.do("GET", "/customers/"+s.customer, nil)["credit"], eur(900))

		// The rest of the line takes the license.
		license := b.do("GET", "/licenses?customer_id="+s.customer, nil)["data"].([]any)[0].(object)["id"].(string)
		b.send("POST", place, object{"lines": []object{{"line_id": "lin_nothing"}}}).refused(422, "INVALID_INPUT")
		b.send("POST", place, object{"keep_license": true}).refused(422, "INVALID_INPUT")
		b.send("POST", place, object{"money": eur(4001)}).refused(409, "REFUND_EXCEEDS_PAID")
		rest := b.do("POST", place, object{"lines": []object{{"line_id": line["id"]}}})
		same(b.T, rest["money"], eur(4000))
		if got := rest["invoice"].(object)["lines"].([]any)[0].(object); got["taken_back"] != true {
			b.Errorf("line: %v", got)
		}
		if got := b.do("GET", "/licenses/"+license, nil); got["status"] != "revoked" {
			b.Errorf("license: %v", got["status"])
		}

		if got := b.do("GET", "/verify", nil); len(got["differences"].([]any)) != 0 {
			b.Errorf("differences: %v", got)
		}

		// Money back, and the debt stays.
		other := b.ordered(s) // 9.00 of it are paid from credit
		b.do("POST", "/invoices/"+other+"/payments", object{"money": eur(4000), "reference": "A-2"})
		back := b.do("POST", "/invoices/"+other+"/refunds", object{"money": eur(4000), "adjust": false})
		if inv := back["invoice"].(object); inv["status"] != "open" {
			b.Errorf("invoice: %v", inv)
		}
		same(b.T, back["invoice"].(object)["balance"], eur(4000))
	})
}

func TestTax(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		s := b.shop()
		german := object{"country": "DE", "name": "VAT", "rate": "19", "valid_from": "2020-01-01"}
		made := b.do("POST", "/tax-rates", german)
		same(b.T, made, object{
			"id": id("txr"), "country": "DE", "state": nil, "class": nil, "name": "VAT", "rate": "19", "valid_from": "2020-01-01", "created_at": instant,
		})
		b.send("POST", "/tax-rates", german).refused(409, "TAX_RATE_EXISTS")
		fields := b.send("POST", "/tax-rates", object{"country": "DE", "name": "x", "rate": "19,5", "valid_from": "2020-02-30"}).refused(422, "INVALID_INPUT")
		if fields["rate"] == "" || fields["valid_from"] == "" {
			b.Errorf("fields: %v", fields)
		}
		place := "/tax-rates/" + made["id"].(string)
		german["rate"] = "20"
		if got := b.do("PUT", place, german); got["rate"] != "20" {
			b.Errorf("changed: %v", got)
		}
		same(b.T, b.do("GET", "/tax-rates", nil)["data"].([]any)[0].(object)["rate"], "20")

		b.do("PATCH", "/settings", object{"tax.mode": "exclusive", "tax.country": "DE"})
		invoice := b.do("GET", "/invoices/"+b.ordered(s), nil)
		same(b.T, invoice["taxes"], []any{object{"category": "S", "rate": "20", "base": eur(4900), "tax": eur(980)}})
		same(b.T, invoice["total"], eur(5880))
		line := invoice["lines"].([]any)[0].(object)
		if line["tax_category"] != "S" || line["tax_rate"] != "20" || invoice["tax_mode"] != "exclusive" {
			b.Errorf("invoice: %v", invoice)
		}
		same(b.T, b.do("GET", "/reports/tax?from=2026-01-01&until=2026-04-01", nil), object{
			"from": "2026-01-01", "until": "2026-04-01", "data": []any{object{
				"country": "DE", "state": nil, "category": "S", "rate": "20", "invoices": 1.0, "credit_notes": 0.0, "base": eur(4900), "tax": eur(980),
			}},
		})
		table := b.send("GET", "/reports/tax.csv?from=2026-01-01&until=2026-04-01", nil)
		if want := "country,state,category,rate,currency,invoices,credit_notes,base,tax\nDE,,S,20,EUR,1,0,49.00,9.80\n"; table.Raw != want || table.Header.Get("Content-Type") != "text/csv; charset=utf-8" {
			b.Errorf("%v\n%s", table.Header, table.Raw)
		}
		b.send("GET", "/reports/tax?from=2026-04-01&until=2026-04-01", nil).refused(422, "INVALID_INPUT")
		if fields := b.send("GET", "/reports/tax.csv?from=soon", nil).refused(422, "INVALID_INPUT"); fields["until"] != "is required" {
			b.Errorf("fields: %v", fields)
		}
		numbers := b.do("GET", "/reports/numbers", nil)["data"].([]any)
		same(b.T, numbers[len(numbers)-1], object{"series": "invoice", "last": 1.0, "last_on": "2026-03-01", "documents": 1.0, "gaps": []any{}})
		b.do("DELETE", place, nil)
		b.send("DELETE", place, nil).refused(404, "TAX_RATE_NOT_FOUND")
	})
}
