package adminapi

import (
	"fmt"
	"strings"
	"testing"
)

// A registration is ordered for somebody who can hold it. One that waits is given another holder, and tried again.
func TestDomainsThatAreAwaited(t *testing.T) {
	t.Parallel()
	one(t, func(b *bundle) {
		_, domain := b.sellsNames()
		nobody := b.do("POST", "/customers", object{"email": "bob@example.com", "name": "Bob"})["id"].(string)
		order := object{"customer_id": nobody, "items": []object{{"domain_registration": object{"name": "new.example", "years": 1}}}}
		refused := b.send("POST", "/orders", order)
		refused.refused(422, "INVALID_INPUT")
		if !strings.Contains(refused.Raw, `"customer.address"`) || !strings.Contains(refused.Raw, `"customer.country"`) {
			b.Errorf("it does not name what is missing: %s", refused.Raw)
		}
		b.do("POST", "/orders/quote", order)
		b.do("PATCH", "/customers/"+nobody, object{"address": "1 Lane\n12345 Town", "country": "DE"})
		o := b.do("POST", "/orders", order)
		id := o["items"].([]any)[0].(object)["domain"].(object)["domain_id"].(string)
		b.send("POST", "/domains/"+id+"/retry", nil).refused(409, "NOTHING_TO_TRY")
		b.send("POST", "/domains/"+domain+"/retry", nil).refused(409, "NOTHING_TO_TRY")
		b.do("POST", "/invoices/"+o["invoice_id"].(string)+"/payments", object{"gateway": "manual", "money": o["total"], "reference": "p1"})
		same(b.T, b.do("POST", "/domains/"+id+"/retry", object{"reason": "mended"})["status"], "pending_registration")
		holder := object{"name": "Ada", "address": "1 Lane\n12345 Town", "country": "AT", "email": "ada@example.com"}
		same(b.T, b.do("POST", "/domains/"+id+"/registrar", object{"registrant": holder})["class"], "pending")
		told := b.do("GET", "/domains/"+id, nil)["registrant"].(object)
		same(b.T, fmt.Sprint(told), fmt.Sprint(object{
			"name": "Ada", "company": nil, "address": "1 Lane\n12345 Town", "country": "AT", "email": "ada@example.com", "phone": nil,
		}))
		same(b.T, b.do("POST", "/domains/"+id+"/registrar", object{"registrant": told})["class"], "pending") // as it was read
		// A due date can be taken away, as by hand in the staff area.
		same(b.T, b.do("PATCH", "/domains/"+domain, object{"next_due": "2026-05-01"})["next_due"], "2026-05-01")
		same(b.T, b.do("PATCH", "/domains/"+domain, object{"next_due": nil})["next_due"], nil)
		b.send("POST", "/domains/"+id+"/registrar", object{"lock": true}).refused(409, "DOMAIN_NOT_ACTIVE")
		at := "/domains/" + id + "/by-hand"
		wrong := b.send("POST", at, object{"registry_expiry": "2020-01-25"})
		wrong.refused(422, "INVALID_INPUT")
		same(b.T, wrong.Body["errors"].([]any)[0].(object)["field"], "registry_expiry")
		same(b.T, b.do("POST", at, object{"registry_expiry": "2020-01-25", "confirm_expiry": true})["registry_expiry"], "2020-01-25T00:00:00Z")
	})
}
