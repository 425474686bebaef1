package adminapi

import (
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/registrar/account"
)

// sellsNames has the store sell names under .example, and returns a customer who has one of them.
func (b *bundle) sellsNames() (customer, domain string) {
	b.Helper()
	if _, err := b.rooms.Registrars.Create(b.Context(), account.Input{Name: "office", Adapter: "manual", SyncMode: account.SyncOff}); err != nil {
		b.Fatal(err)
	}
	price := func(action string, years, amount int) object {
		return object{"action": action, "years": years, "money": object{"amount": amount, "currency": "EUR"}}
	}
	b.do("POST", "/tlds", object{
		"tld": "example", "registrar": "office", "policy": object{"valid_from": "2020-01-01", "grace_days": 30},
		"prices": []object{price("register", 1, 199), price("register", 10, 9500), price("transfer", 1, 900), price("renew", 1, 1200), price("renew", 9, 9900)},
	})
	customer = b.do("POST", "/customers", object{"email": "ada@example.com", "name": "Ada", "group": "resellers", "address": "1 Lane\n12345 Town", "country": "DE"})["id"].(string)
	err := b.Store.DB.Write(b.Context(), func(tx *db.Tx) error {
		name, err := domainname.ParseName("bücher.example")
		if err != nil {
			return err
		}
		until := civil.Of(tx.Now, time.UTC).AddDays(200)
		d := domainname.Domain{
			Name: name, Extension: "example", CustomerID: customer, Kind: domainname.Registered, Status: domainname.Active,
			Expiry:      domainname.Expiry{At: until.StartIn(time.UTC), Raw: until.String(), Source: domainname.FromStaff, ReadAt: tx.Now},
			PaidThrough: until, NextDue: until, Term: 1, Recurring: money.New(1000, "EUR"),
		}
		err = domainname.Insert(b.Context(), tx, &d)
		domain = d.ID
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return customer, domain
}

func TestOrdersOfDomains(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		customer, domain := b.sellsNames()
		of := func(items ...object) object { return object{"customer_id": customer, "items": items} }

		o := b.do("POST", "/orders", of(
			object{"domain_renewal": object{"domain_id": domain, "years": 1}},
			object{"domain_registration": object{"name": "Name.Example.", "years": 10, "auto_renew": false}},
			object{"domain_transfer": object{"name": "moved.example", "auth_code": "s3cret"}},
		))
		same(b.T, o["total"], object{"amount": 11600.0, "currency": "EUR"})
		if len(o["domain_ids"].([]any)) != 0 || o["status"] != "pending" {
			b.Errorf("unpaid: %v", o)
		}
		invoice := "/invoices/" + o["invoice_id"].(string)
		inv := b.do("GET", invoice, nil)
		for i, want := range []string{"domain_renewal", "domain_registration", "domain_transfer"} {
			if link := inv["lines"].([]any)[i].(object)["fulfilment"].(object); link["kind"] != want || link["state"] != "pending" || link["target"] == nil {
				b.Errorf("line %d: %v", i, link)
			}
		}
		b.do("POST", invoice+"/payments", object{"gateway": "manual", "money": o["total"], "reference": "p1"})
		paid := b.send("GET", "/orders/"+o["id"].(string), nil)
		if ids := paid.Body["domain_ids"].([]any); len(ids) != 3 || ids[0] != domain || paid.Body["status"] != "completed" {
			b.Errorf("paid: %s", paid.Raw)
		}
		if strings.Contains(paid.Raw, "s3cret") {
			b.Error("the order tells the secret of a transfer")
		}

		again := b.send("POST", "/orders", of(object{"domain_renewal": object{"name": "BÜCHER.example", "years": 1}}))
		again.refused(409, "RENEWAL_OPEN")
		if again.Body["reason"] != "renewal_open" || again.Body["renewal_id"] == "" {
			b.Errorf("again: %s", again.Raw)
		}
		b.send("POST", "/orders", of(object{"domain_registration": object{"name": "name.example", "years": 1}})).refused(409, "DOMAIN_TAKEN")
	})
}

// Bad input (section 13): what nobody can mean is a request that can't be read.
func TestBadOrdersOfDomains(t *testing.T) {
	t.Parallel()
	one(t, func(b *bundle) {
		customer, domain := b.sellsNames()
		renew := func(years any) object { return object{"domain_renewal": object{"domain_id": domain, "years": years}} }
		register := func(name string) object {
			return object{"domain_registration": object{"name": name, "years": 1}}
		}
		for _, tt := range []struct {
			what   string
			item   object
			status int
			code   string
		}{
			{"term 0", renew(0), 400, "INVALID_REQUEST"},
			{"term 11", renew(11), 400, "INVALID_REQUEST"},
			{"term -1", renew(-1), 400, "INVALID_REQUEST"},
			{"term 1.5", renew(1.5), 400, "INVALID_REQUEST"},
			{"term as text", renew("1"), 400, "INVALID_REQUEST"},
			{"unknown domain", object{"domain_renewal": object{"domain_id": "dom_none", "years": 1}}, 404, "DOMAIN_NOT_FOUND"},
			{"unknown name", object{"domain_renewal": object{"name": "none.example", "years": 1}}, 404, "DOMAIN_NOT_FOUND"},
			{"no domain", object{"domain_renewal": object{"years": 1}}, 400, "INVALID_REQUEST"},
			{"not on offer", renew(2), 422, "TERM_NOT_AVAILABLE"},
			{"ten years", renew(10), 422, "TERM_NOT_AVAILABLE"},
			{"bad label", register("-a.example"), 400, "INVALID_REQUEST"},
			{"private suffix", register("a.github.io"), 400, "INVALID_REQUEST"},
			{"mixed directions", register("אa.example"), 400, "INVALID_REQUEST"},
			{"over 253 characters", register(strings.Repeat("a.", 130) + "example"), 400, "INVALID_REQUEST"},
			{"not sold", register("a.invalid"), 422, "TERM_NOT_AVAILABLE"},
			{"transfer without a code", object{"domain_transfer": object{"name": "a.example", "auth_code": ""}}, 400, "INVALID_REQUEST"},
			{"two things", object{"domain_renewal": object{"domain_id": domain, "years": 1}, "domain_registration": object{"name": "a.example", "years": 1}}, 422, "INVALID_INPUT"},
			{"a price beside it", object{"price_id": "prc_1", "domain_renewal": object{"domain_id": domain, "years": 1}}, 422, "INVALID_INPUT"},
			{"nothing", object{}, 422, "INVALID_INPUT"},
		} {
			for _, path := range []string{"/orders", "/orders/quote"} {
				got := b.send("POST", path, object{"customer_id": customer, "items": []object{tt.item}})
				if got.Status != tt.status || got.Body["code"] != tt.code {
					b.Errorf("%s by %s: %s", tt.what, path, got.Raw)
				}
				if tt.code == "TERM_NOT_AVAILABLE" && got.Body["reason"] != "not_priced" {
					b.Errorf("%s by %s: %s", tt.what, path, got.Raw)
				}
			}
		}
	})
}

// What is wrong with an item is told of the member that it has.
func TestFieldsOfDomainsThatAreNotOnOffer(t *testing.T) {
	t.Parallel()
	one(t, func(b *bundle) {
		customer, domain := b.sellsNames()
		b.do("POST", "/tlds", object{
			"tld": "test", "registrar": "office", "policy": object{"valid_from": "2020-01-01"},
			"prices": []object{{"action": "register", "years": 1, "money": object{"amount": 199, "currency": "EUR"}}},
		})
		for _, tt := range []struct {
			what  string
			item  object
			field string
		}{
			{"a term of a renewal", object{"domain_renewal": object{"domain_id": domain, "years": 2}}, "items[0].domain_renewal.years"},
			{"a term of a registration", object{"domain_registration": object{"name": "a.example", "years": 3}}, "items[0].domain_registration.years"},
			{"a registration under an unknown extension", object{"domain_registration": object{"name": "a.invalid", "years": 1}}, "items[0].domain_registration.name"},
			{"a transfer under an unknown extension", object{"domain_transfer": object{"name": "a.invalid", "auth_code": "x"}}, "items[0].domain_transfer.name"},
			{"a transfer without a price", object{"domain_transfer": object{"name": "a.test", "auth_code": "x"}}, "items[0].domain_transfer.name"},
		} {
			for _, path := range []string{"/orders", "/orders/quote"} {
				got := b.send("POST", path, object{"customer_id": customer, "items": []object{tt.item}})
				got.refused(422, "TERM_NOT_AVAILABLE")
				wrong, _ := got.Body["errors"].([]any)
				if len(wrong) != 1 || wrong[0].(object)["field"] != tt.field || got.Body["reason"] != "not_priced" {
					b.Errorf("%s by %s: %s", tt.what, path, got.Raw)
				}
			}
		}
	})
}
