package whmcs_test

import (
	"bytes"
	"fmt"
	"maps"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
)

var everything = catalog.Bindings{EnforceDomain: true, EnforceIP: true, EnforceDirectory: true, SelfReissue: true}

func TestAnswer(t *testing.T) {
	each(t, everything, func(t *testing.T, v *vendor) {
		l := v.issue(t, license.IssueInput{})
		a := v.ask(t, "licensekey", l.Key, "domain", "www.Example.com", "ip", "192.0.2.7", "dir", "/srv/a & b/", "check_token", "169'x<y>")
		support := v.day(v.Clock.Now().AddDate(1, 0, 0))
		a.says(t, "Active",
			"registeredname", "Ann O'Neil", "companyname", "Ann & Sons <Ltd>", "email", "ann@example.com", "productname", "Widget & <Co>",
			"regdate", v.day(v.Clock.Now()), "nextduedate", "0000-00-00", "billingcycle", "One Time",
			"validdomain", "example.com,www.example.com,www.Example.com", "validip", "192.0.2.7", "validdirectory", "/srv/a & b/",
			"configoptions", "projects.max=25|region=a b c|sso=1", "customfields", "", "message", "", "md5hash", hash("169'x<y>"),
			"addons", "name=Support and Upgrade Pack;nextduedate="+support+";status=Active", "updatesuntil", support,
		)
		if strings.Count(a.tags["lease"], ".") != 2 {
			t.Errorf("lease %q", a.tags["lease"])
		}
		for _, name := range []string{"serviceid", "productid"} {
			if a.tags[name] != "1000001" {
				t.Errorf("%s is %q", name, a.tags[name])
			}
		}
		if got := a.header.Get("Content-Type"); got != "text/plain; charset=utf-8" {
			t.Errorf("Content-Type %q", got)
		}
		// The same again, from memory.
		if again := v.ask(t, "licensekey", l.Key, "domain", "www.Example.com", "ip", "192.0.2.7", "dir", "/srv/a & b/", "check_token", "169'x<y>"); !sameTags(again, a) {
			t.Errorf("then %s\nat first %s", again.body, a.body)
		}
		// Without a token nothing is hashed, and no tag is empty.
		v.ask(t, "licensekey", l.Key, "domain", "example.com", "ip", "192.0.2.7", "dir", "/srv/a & b").says(t, "Active", "md5hash", "", "validdomain", "example.com,www.example.com", "validdirectory", "/srv/a & b")
		v.ask(t, "licensekey", l.Key, "domain", "example.com", "ip", "192.0.2.7", "dir", "/srv/a & b", "check_token", "").says(t, "Active", "md5hash", "")
		other := v.issue(t, license.IssueInput{})
		v.ask(t, "licensekey", other.Key).says(t, "Active", "serviceid", "1000002", "productid", "1000001", "validdomain", "", "validip", "", "validdirectory", "")
	})
}

// sameTags compares answers but for the lease, which is signed anew.
func sameTags(a, b answer) bool {
	x, y := maps.Clone(a.tags), maps.Clone(b.tags)
	delete(x, "lease")
	delete(y, "lease")
	return maps.Equal(x, y)
}

// Whatever ends a license is said in one of four words.
func TestStatuses(t *testing.T) {
	each(t, catalog.Bindings{}, func(t *testing.T, v *vendor) {
		ctx := t.Context()
		check := func(l license.License, want string, tags ...string) {
			t.Helper()
			v.ask(t, "licensekey", l.Key, "domain", "example.com", "check_token", "t").says(t, want, append(tags, "md5hash", hash("t"), "message", "")...)
		}
		held := v.issue(t, license.IssueInput{})
		check(held, "Active")
		_, err := v.Licenses.PlaceHold(ctx, held.ID, license.HoldStaff, "why not")
		ok(t, err)
		check(held, "Suspended", "registeredname", "Ann O'Neil")
		_, err = v.Licenses.LiftHold(ctx, held.ID, license.HoldStaff, license.LiftInput{Why: "well"})
		ok(t, err)
		check(held, "Active")

		for _, outcome := range []string{"revoked", "cancelled"} {
			l := v.issue(t, license.IssueInput{})
			v.exec(t, "UPDATE licenses SET outcome = $1, status = $1 WHERE id = $2", outcome, l.ID)
			check(l, "Invalid", "registeredname", "", "email", "", "addons", "", "serviceid", "")
		}

		ending := v.issue(t, license.IssueInput{PlanID: v.leased, ExpiresAt: v.in(1)})
		check(ending, "Active", "nextduedate", v.in(1).In(v.zone()).Format(time.DateOnly), "addons", "", "updatesuntil", "")
		v.Clock.Set(v.in(1).Add(-time.Second))
		check(ending, "Active")
		v.Clock.Advance(time.Second)
		check(ending, "Expired", "nextduedate", v.day(v.Clock.Now()))
	})
}

func TestUnknownKey(t *testing.T) {
	each(t, everything, func(t *testing.T, v *vendor) {
		for _, key := range []string{"no-such-key", "", "<status>Active</status>", "\x00", "\xff", strings.Repeat("a", 5000), "ü"} {
			if a := v.ask(t, "licensekey", key, "domain", "example.com", "check_token", "t"); a.status != http.StatusOK || a.body != "<status>Invalid</status>" {
				t.Errorf("%.20q: %d %s", key, a.status, a.body)
			}
		}
		if a := v.ask(t, "domain", "example.com"); a.body != "<status>Invalid</status>" {
			t.Errorf("no key at all: %d %s", a.status, a.body)
		}
	})
}

// The first check binds; each part of the place is judged by itself.
func TestBinding(t *testing.T) {
	each(t, everything, func(t *testing.T, v *vendor) {
		here := map[string]string{"domain": "shop.example.com", "ip": "192.0.2.7", "dir": "/srv/shop"}
		ask := func(key string, change ...string) answer {
			t.Helper()
			at := maps.Clone(here)
			for i := 0; i < len(change); i += 2 {
				if at[change[i]] = change[i+1]; change[i+1] == "-" {
					delete(at, change[i])
				}
			}
			fields := []string{"licensekey", key, "check_token", "t"}
			for _, name := range slices.Sorted(maps.Keys(at)) {
				fields = append(fields, name, at[name])
			}
			return v.ask(t, fields...)
		}
		l := v.issue(t, license.IssueInput{})
		ask(l.Key).says(t, "Active")
		for _, c := range []struct{ field, value, message string }{
			{"domain", "other.example.com", "Domain Invalid"},
			{"domain", "", "Domain Invalid"},
			{"domain", "-", "Domain Invalid"},
			{"domain", "no domain at all", "Domain Invalid"},
			{"ip", "192.0.2.8", "IP Address Invalid"},
			{"ip", "localhost", "IP Address Invalid"},
			{"ip", "", "IP Address Invalid"},
			{"ip", "-", "IP Address Invalid"},
			{"dir", "/srv/other", "Directory Invalid"},
			{"dir", "", "Directory Invalid"},
			{"dir", "-", "Directory Invalid"},
			{"dir", "\xff\xfe", "Directory Invalid"},
		} {
			ask(l.Key, c.field, c.value).says(t, "Invalid", "message", c.message, "md5hash", hash("t"), "registeredname", "", "validdomain", "")
		}
		ask(l.Key, "domain", "www.shop.example.com", "ip", "::ffff:192.0.2.7", "dir", "/srv/shop/").says(t, "Active",
			"validdomain", "shop.example.com,www.shop.example.com", "validip", "::ffff:192.0.2.7", "validdirectory", "/srv/shop/")

		// What is missing or odd stays open, and binds later.
		l = v.issue(t, license.IssueInput{})
		ask(l.Key, "ip", "localhost", "dir", "").says(t, "Active", "validip", "localhost", "validdirectory", "")
		ask(l.Key, "dir", "HW-0001").says(t, "Active", "validip", "192.0.2.7", "validdirectory", "HW-0001")
		ask(l.Key, "dir", "/srv/shop").says(t, "Invalid", "message", "Directory Invalid")
		ask(l.Key, "ip", "localhost", "dir", "HW-0001").says(t, "Invalid", "message", "IP Address Invalid")

		// A reissue lets it bind anew.
		_, err := v.Licenses.Reissue(t.Context(), l.ID, "moved")
		ok(t, err)
		ask(l.Key, "domain", "new.example.com").says(t, "Active", "validdomain", "new.example.com,www.new.example.com")
		ask(l.Key).says(t, "Invalid", "message", "Domain Invalid")

		// It takes no slot of an activation: the plan has one.
		if used := must(v.Licenses.ByID(t.Context(), l.ID))(t).ActivationsUsed; used != 0 {
			t.Errorf("%d activations", used)
		}
	})
}

func must[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		ok(t, err)
		return v
	}
}

// Where a conflict is allowed, the client finds its own values in the answer: it looks for them while it does not ask.
func TestConflictsAllowed(t *testing.T) {
	each(t, catalog.Bindings{EnforceDomain: true}, func(t *testing.T, v *vendor) {
		l := v.issue(t, license.IssueInput{})
		v.ask(t, "licensekey", l.Key, "domain", "example.com", "ip", "192.0.2.7", "dir", "/srv/a").says(t, "Active")
		v.ask(t, "licensekey", l.Key, "domain", "example.com", "ip", "localhost", "dir", "C:\\sites\\a").says(t, "Active", "validip", "localhost", "validdirectory", "C:\\sites\\a")
		v.ask(t, "licensekey", l.Key, "domain", "example.com").says(t, "Active", "validip", "192.0.2.7", "validdirectory", "/srv/a")
		off := catalog.Bindings{}
		p := must(v.Catalog.UpdateProduct(t.Context(), v.product, catalog.ProductPatch{Bindings: &off}))(t)
		v.ask(t, "licensekey", l.Key, "domain", "other.org").says(t, "Active", "validdomain", "other.org,www.other.org")
		v.ask(t, "licensekey", l.Key, "domain", "münchen.example").says(t, "Active", "validdomain", "xn--mnchen-3ya.example,www.xn--mnchen-3ya.example,münchen.example")
		if p.Name != "Widget & <Co>" {
			t.Errorf("product %v", p)
		}
	})
}

// Staff may allow several places, and patterns: the client gets what it said.
func TestSeveralPlaces(t *testing.T) {
	each(t, everything, func(t *testing.T, v *vendor) {
		l := v.issue(t, license.IssueInput{})
		v.exec(t, `UPDATE licenses SET valid_domains = '["*.example.com","example.org"]', valid_ips = '["2001:db8::/32","192.0.2.7"]' WHERE id = $1`, l.ID)
		v.ask(t, "licensekey", l.Key, "domain", "a.b.example.com", "ip", "2001:db8::7").says(t, "Active",
			"validdomain", "a.b.example.com,www.a.b.example.com", "validip", "2001:db8::7")
		v.ask(t, "licensekey", l.Key, "domain", "example.com", "ip", "2001:db8::7").says(t, "Invalid", "message", "Domain Invalid")
		v.ask(t, "licensekey", l.Key, "domain", "example.org", "ip", "2001:db9::7").says(t, "Invalid", "message", "IP Address Invalid")
	})
}

func TestBans(t *testing.T) {
	each(t, catalog.Bindings{}, func(t *testing.T, v *vendor) {
		l := v.issue(t, license.IssueInput{})
		_, err := v.Licenses.AddBan(t.Context(), license.BanDomain, "*.pirates.example", "stolen")
		ok(t, err)
		_, err = v.Licenses.AddBan(t.Context(), license.BanIP, "198.51.100.0/24", "stolen")
		ok(t, err)
		v.ask(t, "licensekey", l.Key, "domain", "x.pirates.example", "check_token", "t").says(t, "Invalid", "md5hash", hash("t"), "email", "")
		v.ask(t, "licensekey", l.Key, "domain", "good.example", "ip", "198.51.100.9").says(t, "Invalid")
		v.askFrom(t, "198.51.100.9", "licensekey", l.Key, "domain", "good.example").says(t, "Invalid")
		v.ask(t, "licensekey", l.Key, "domain", "good.example").says(t, "Active", "validdomain", "good.example,www.good.example")
	})
}

func TestDevelopmentLicense(t *testing.T) {
	each(t, everything, func(t *testing.T, v *vendor) {
		l := v.issue(t, license.IssueInput{})
		v.exec(t, "UPDATE licenses SET type = 'development' WHERE id = $1", l.ID)
		v.ask(t, "licensekey", l.Key, "domain", "shop.example.com").says(t, "Invalid", "message", "Domain Invalid")
		v.ask(t, "licensekey", l.Key, "domain", "shop.test").says(t, "Active", "validdomain", "shop.test,www.shop.test")
	})
}

// Of two first checks from two places one binds; the other is refused, and nothing is bound twice.
func TestFirstChecksRace(t *testing.T) {
	each(t, everything, func(t *testing.T, v *vendor) {
		l := v.issue(t, license.IssueInput{})
		var wg sync.WaitGroup
		answers := make([]answer, 8)
		errs := make([]error, len(answers))
		for i := range answers {
			wg.Go(func() {
				answers[i], errs[i] = v.send(t.Context(), http.MethodPost, "203.0.113.5", "application/x-www-form-urlencoded",
					fmt.Sprintf("licensekey=%s&domain=shop%d.example.com&check_token=t&", l.Key, i))
			})
		}
		wg.Wait()
		count := map[string]int{}
		for i, a := range answers {
			ok(t, errs[i])
			count[a.tags["status"]+" "+a.tags["message"]]++
		}
		if count["Active "] != 1 || count["Invalid Domain Invalid"] != len(answers)-1 {
			t.Errorf("answers: %v", count)
		}
		numbers := map[string]bool{}
		for range 2 {
			numbers[v.ask(t, "licensekey", l.Key, "domain", "x.example.com").tags["serviceid"]] = true
		}
		if len(numbers) != 1 {
			t.Errorf("numbers %v", numbers)
		}
	})
}

// Licenses that are checked first at the same time get a number each.
func TestNumbersAreDrawnOnce(t *testing.T) {
	each(t, catalog.Bindings{}, func(t *testing.T, v *vendor) {
		imported := v.issue(t, license.IssueInput{})
		ok(t, v.DB.Write(t.Context(), func(tx *db.Tx) error {
			if err := license.KeepForeignNumber(t.Context(), tx, license.ForeignService, imported.ID, 57); err != nil {
				return err
			}
			return license.KeepForeignNumber(t.Context(), tx, license.ForeignProduct, v.product, 3)
		}))
		v.ask(t, "licensekey", imported.Key).says(t, "Active", "serviceid", "57", "productid", "3")
		err := v.DB.Write(t.Context(), func(tx *db.Tx) error {
			return license.KeepForeignNumber(t.Context(), tx, license.ForeignService, "lic_other", 57)
		})
		if err == nil {
			t.Error("a number was given twice")
		}
		const n = 12
		keys := make([]string, n)
		for i := range keys {
			keys[i] = v.issue(t, license.IssueInput{}).Key
		}
		var wg sync.WaitGroup
		got := make([]string, 2*n)
		for i := range got {
			wg.Go(func() {
				a, err := v.send(t.Context(), http.MethodPost, "203.0.113.5", "application/x-www-form-urlencoded", "licensekey="+keys[i/2])
				if err == nil {
					got[i] = a.tags["serviceid"]
				}
			})
		}
		wg.Wait()
		seen := map[string]bool{}
		for i := range keys {
			if got[2*i] == "" || got[2*i] != got[2*i+1] || seen[got[2*i]] {
				t.Errorf("numbers %v", got)
				break
			}
			seen[got[2*i]] = true
		}
	})
}

// Support is told as packs, with the day of each.
func TestAddons(t *testing.T) {
	each(t, catalog.Bindings{}, func(t *testing.T, v *vendor) {
		l := v.issue(t, license.IssueInput{})
		today := civil.Of(v.Clock.Now(), v.zone())
		v.exec(t, "DELETE FROM support_periods WHERE license_id = $1", l.ID)
		for i, p := range []struct {
			name string
			ends civil.Date
		}{{"Support and Upgrade Pack", today.AddDays(-1)}, {"Pack|two;x=y", today}, {"Third", today.AddDays(30)}} {
			v.exec(t, `INSERT INTO support_periods (id, license_id, kind, name, starts_at, ends_at, ends_on, created_at) VALUES ($1, $2, 'pack', $3, $4, $5, $6, 0)`,
				fmt.Sprintf("sup_%d", i), l.ID, p.name, int64(i), p.ends.StartIn(v.zone()).UnixMicro(), p.ends.String())
		}
		want := fmt.Sprintf("name=Support and Upgrade Pack;nextduedate=%s;status=Expired|name=Pack two x y;nextduedate=%s;status=Active|name=Third;nextduedate=%s;status=Active",
			today.AddDays(-1), today, today.AddDays(30))
		v.ask(t, "licensekey", l.Key).says(t, "Active", "addons", want)
	})
}

// What is kept in memory is forgotten when it changes.
func TestChangesShowAtOnce(t *testing.T) {
	each(t, catalog.Bindings{}, func(t *testing.T, v *vendor) {
		l := v.issue(t, license.IssueInput{})
		v.ask(t, "licensekey", l.Key, "check_token", "t").says(t, "Active", "md5hash", hash("t"))
		ok(t, v.Catalog.SetCheckSecret(t.Context(), v.product, ""))
		v.ask(t, "licensekey", l.Key, "check_token", "t").says(t, "Active", "md5hash", "")
		ok(t, v.Catalog.SetCheckSecret(t.Context(), v.product, secret))
		v.ask(t, "licensekey", l.Key, "check_token", "t").says(t, "Active", "md5hash", hash("t"))
		email, name := "new@example.com", "Ann Other"
		_, err := v.Customers.Update(t.Context(), v.buyer, customer.Patch{Email: &email, Name: &name})
		ok(t, err)
		v.ask(t, "licensekey", l.Key).says(t, "Active", "email", email, "registeredname", name)
	})
}

// Forms as they come.
func TestForms(t *testing.T) {
	each(t, everything, func(t *testing.T, v *vendor) {
		l := v.issue(t, license.IssueInput{})
		var parts bytes.Buffer
		form := multipart.NewWriter(&parts)
		for _, f := range [][2]string{{"licensekey", l.Key}, {"domain", "example.com"}, {"ip", "192.0.2.7"}, {"dir", "/srv/100% sure;x"}, {"check_token", "t"}} {
			ok(t, form.WriteField(f[0], f[1]))
		}
		ok(t, form.Close())
		const urlencoded = "application/x-www-form-urlencoded"
		rest := "&domain=example.com&ip=192.0.2.7&check_token=t"
		for _, c := range []struct{ name, media, body string }{
			{"multipart", form.FormDataContentType(), parts.String()},
			{"codes", urlencoded, "licensekey=" + l.Key + "&dir=%2Fsrv%2f100%25+sure%3bx" + rest},
			{"ampersands", urlencoded, "&&licensekey=" + l.Key + "&&dir=/srv/100%25+sure%3Bx" + rest + "&&"},
			{"no codes", urlencoded, "licensekey=" + l.Key + "&dir=/srv/100% sure;x" + rest + "&"},
			{"a line's end", urlencoded, "licensekey=" + l.Key + "&dir=/srv/100% sure;x" + rest + "\r\n"},
			{"twice", urlencoded, "licensekey=x&licensekey=+" + l.Key + "+&dir=/srv/100% sure;x" + rest},
			{"no type", "", "licensekey=" + l.Key + "&dir=/srv/100% sure;x" + rest},
			{"another type", "text/xml", "licensekey=" + l.Key + "&dir=/srv/100% sure;x" + rest},
			{"more fields", urlencoded, "x=1&licensekey=" + l.Key + "&dir=/srv/100% sure;x" + rest + "&a[]=b&=&y"},
		} {
			t.Log(c.name)
			v.post(t, "203.0.113.5", c.media, c.body).says(t, "Active", "md5hash", hash("t"), "validdirectory", "/srv/100% sure;x")
		}
		// What can't be read is no question: its answer would be a wrong one.
		for _, c := range []struct {
			name, media, body string
			status            int
		}{
			{"cut off", form.FormDataContentType(), parts.String()[:parts.Len()-80], http.StatusBadRequest},
			{"no boundary", "multipart/form-data", parts.String(), http.StatusBadRequest},
			{"a bad boundary", "multipart/form-data; boundary=\"", parts.String(), http.StatusBadRequest},
			{"nothing", urlencoded, "", http.StatusBadRequest},
			{"too long", urlencoded, "licensekey=" + l.Key + "&dir=" + strings.Repeat("a", 70_000), http.StatusRequestEntityTooLarge},
		} {
			t.Log(c.name)
			v.post(t, "203.0.113.5", c.media, c.body).silent(t, c.status)
		}
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodOptions} {
			a, err := v.send(t.Context(), method, "203.0.113.5", "", "")
			ok(t, err)
			if a.silent(t, http.StatusMethodNotAllowed); a.header.Get("Allow") != http.MethodPost {
				t.Errorf("%s: Allow %q", method, a.header.Get("Allow"))
			}
		}
	})
}

// What is paid for again and again says how often, and when next; what was given away says that.
func TestBillingCycles(t *testing.T) {
	each(t, catalog.Bindings{}, func(t *testing.T, v *vendor) {
		ctx := t.Context()
		today := civil.Of(v.Clock.Now(), v.zone())
		for cycle, want := range map[civil.Cycle][2]string{
			civil.OneTime:    {"One Time", "0000-00-00"},
			civil.Monthly:    {"Monthly", today.AddMonthsClamped(1).String()},
			civil.Quarterly:  {"Quarterly", today.AddMonthsClamped(3).String()},
			civil.SemiAnnual: {"Semi-Annually", today.AddMonthsClamped(6).String()},
			civil.Annual:     {"Annually", today.AddMonthsClamped(12).String()},
			civil.Biennial:   {"Biennially", today.AddMonthsClamped(24).String()},
			civil.Triennial:  {"Triennially", today.AddMonthsClamped(36).String()},
		} {
			price := must(v.Catalog.CreatePrice(ctx, v.leased, catalog.NewPrice{Cycle: string(cycle), Money: money.New(900, "EUR")}))(t)
			o := must(v.Orders.Place(ctx, order.Input{CustomerID: v.buyer, Items: []order.Item{{PriceID: price.ID, Quantity: 1}}}))(t)
			must(v.Payments.Record(ctx, o.InvoiceID, payment.Manual{Money: o.Total, Reference: string(cycle)}))(t)
			o = must(v.Orders.ByID(ctx, o.ID))(t)
			l := must(v.Licenses.ByID(ctx, o.LicenseIDs[0]))(t)
			v.ask(t, "licensekey", l.Key).says(t, "Active", "billingcycle", want[0], "nextduedate", want[1])
		}
		free := must(v.Catalog.CreatePrice(ctx, v.plan, catalog.NewPrice{Cycle: string(civil.OneTime), Money: money.New(0, "EUR")}))(t)
		o := must(v.Orders.Place(ctx, order.Input{CustomerID: v.buyer, Items: []order.Item{{PriceID: free.ID, Quantity: 1}}}))(t)
		o = must(v.Orders.ByID(ctx, o.ID))(t)
		l := must(v.Licenses.ByID(ctx, o.LicenseIDs[0]))(t)
		v.ask(t, "licensekey", l.Key).says(t, "Active", "billingcycle", "Free Account", "nextduedate", "0000-00-00")
	})
}
