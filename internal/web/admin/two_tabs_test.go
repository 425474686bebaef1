package admin

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/staff"
)

// form is what a browser sends when the form of a page that leads to action is sent, with some fields typed over.
func (r reply) form(action string, typed ...string) url.Values {
	r.Helper()
	for n := range r.elements() {
		if n.Data != "form" || attr(n, "action") != action || attr(n, "role") == "search" {
			continue
		}
		values := url.Values{}
		for c := range n.Descendants() {
			name, kind := attr(c, "name"), attr(c, "type")
			switch {
			case name == "" || has(c, "disabled"):
			case c.Data == "textarea":
				text := ""
				if c.FirstChild != nil {
					text = c.FirstChild.Data
				}
				values.Add(name, strings.ReplaceAll(text, "\n", "\r\n"))
			case c.Data == "select":
				for o := range c.Descendants() {
					if o.Data == "option" && has(o, "selected") {
						values.Add(name, attr(o, "value"))
					}
				}
			case c.Data == "input" && (kind != "checkbox" && kind != "radio" || has(c, "checked")):
				values.Add(name, strings.ReplaceAll(attr(c, "value"), "\n", "\r\n"))
			}
		}
		for i := 0; i+1 < len(typed); i += 2 {
			values.Set(typed[i], typed[i+1])
		}
		return values
	}
	r.Fatalf("%s has no form that leads to %s: %s", r.what, action, r.Body)
	return nil
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

func (br *browser) sends(path string, form url.Values) reply {
	br.Helper()
	return br.send(http.MethodPost, path, strings.NewReader(form.Encode()), formType)
}

func TestAnOrderFormThatIsSentTwicePlacesOneOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.newEstate("Widget")
	br := b.owner()
	const to = "/admin/orders"
	count := func() (n int) {
		for _, err := range b.Orders.All(t.Context(), order.Filter{}) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		return n
	}
	before := count()
	form := br.get("/admin/orders/new").form(to, "email", "ada@example.com", "price", e.price.ID, "quantity", "a few")
	form = br.sends(to, form).is(422).form(to, "quantity", "2") // the form that comes back is still the same request
	first := br.sends(to, form).leads()
	br.sends(to, form).to(first)
	if n := count() - before; n != 1 {
		t.Errorf("%d orders", n)
	}

	form.Set("quantity", "3")
	back := br.sends(to, form).is(422).sound().says("has placed an order already", "Nothing more was ordered", `value="3"`)
	if n := count() - before; n != 1 {
		t.Errorf("%d orders", n)
	}
	if second := br.sends(to, back.form(to)).leads(); second == first {
		t.Error("the order that was asked for knowingly was not placed")
	}
	again := br.get("/admin/orders/new").form(to, "email", "ada@example.com", "price", e.price.ID, "quantity", "2")
	if third := br.sends(to, again).leads(); third == first {
		t.Error("a form that was opened anew is the old order")
	}
}

func TestAnExtensionThatIsConfirmedTwiceExtendsOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.newEstate("Widget")
	br := b.owner()
	const to = "/admin/licenses/bulk/do"
	expiry := func() time.Time { return *must(b.Licenses.ByID(t.Context(), e.license.ID))(t).ExpiresAt }
	was := expiry()
	ask := br.post("/admin/licenses/bulk", "act", "extend", "id", e.license.ID)
	form := ask.form(to, "count", "1", "unit", "year", "reason", "")
	form = br.sends(to, form).is(422).form(to, "reason", "the outage")
	br.sends(to, form).to("/admin/licenses")
	br.get("/admin/licenses").says("1 license was extended.")
	br.sends(to, form).to("/admin/licenses")
	br.get("/admin/licenses").says("0 licenses were extended.", "another expiry than when you looked")
	if want := was.AddDate(1, 0, 0); !expiry().Equal(want) {
		t.Errorf("extended from %s to %s, want %s", was, expiry(), want)
	}
	form.Set("seen", e.license.ID+" tomorrow")
	br.sends(to, form).is(400)

	form = br.post("/admin/licenses/bulk", "act", "lift", "id", e.license.ID).form(to, "reason", "all is well")
	br.sends(to, form).to("/admin/licenses")
	if got := must(b.Licenses.ByID(t.Context(), e.license.ID))(t); got.Status != license.Active {
		t.Errorf("the license is %s", got.Status)
	}
}

// tabs is a store in which somebody has the same form open twice. Who saves last is told what was saved meanwhile, and
// overwrites it only knowingly.
type tabs struct {
	*bundle
	estate
	one, other *browser
}

const changedBefore = "Somebody else changed this meanwhile, so nothing was saved."

func twoTabs(t *testing.T) tabs {
	t.Helper()
	b := setup(t)
	owner := b.colleague("Grace Hopper", staff.Owner)
	return tabs{b, b.newEstate("Widget"), b.as(owner), b.as(owner)}
}

func TestTwoTabsOfCustomer(t *testing.T) {
	t.Parallel()
	s := twoTabs(t)
	to := "/admin/customers/" + s.customer.ID
	mine, theirs := s.one.get(to+"/edit").form(to, "name", "Ada King"), s.other.get(to+"/edit").form(to, "company", "Analytical <Engines>", "name", "Ada Byron")
	s.other.sends(to, theirs).to(to)
	mine.Set("country", "Germany")
	mine.Set("version", "1")
	back := s.one.sends(to, mine).is(http.StatusUnprocessableEntity)
	back = s.one.sends(to, back.form(to, "country", "")).is(http.StatusConflict).sound()
	back.says(changedBefore, `value="Ada King"`, "is “Ada Byron” in the store", "is “Analytical &lt;Engines&gt;” in the store").hides("is empty in the store")
	if got := must(s.Customers.ByID(t.Context(), s.customer.ID))(t); got.Name != "Ada Byron" {
		t.Errorf("the first change is lost: %+v", got)
	}
	s.one.sends(to, back.form(to, "company", "Analytical <Engines>")).to(to)
	got := must(s.Customers.ByID(t.Context(), s.customer.ID))(t)
	if got.Name != "Ada King" || got.Company != "Analytical <Engines>" {
		t.Errorf("the second change is lost: %+v", got)
	}
	mine.Set("version", "new")
	s.one.sends(to, mine).is(http.StatusBadRequest)
}

func TestTwoTabsOfProduct(t *testing.T) {
	t.Parallel()
	s := twoTabs(t)
	to := "/admin/products/" + s.product.ID
	mine, theirs := s.one.get(to+"/edit").form(to, "name", "Widget Pro"), s.other.get(to+"/edit").form(to, "archived", "on", "self_removals_per_30d", "3")
	s.other.sends(to, theirs).to(to)
	back := s.one.sends(to, mine).is(http.StatusConflict).sound()
	back.says(changedBefore, `value="Widget Pro"`, "is on in the store", "is “3” in the store")
	if got := must(s.Catalog.Product(t.Context(), s.product.ID))(t); got.Name != "Widget" || got.Status != catalog.Archived {
		t.Errorf("the first change is lost: %+v", got)
	}
	s.one.sends(to, back.form(to, "archived", "on", "self_removals_per_30d", "3")).to(to)
	got := must(s.Catalog.Product(t.Context(), s.product.ID))(t)
	if got.Name != "Widget Pro" || got.Status != catalog.Archived || got.SelfRemovalsPer30d != 3 {
		t.Errorf("the second change is lost: %+v", got)
	}
}

func TestTwoTabsOfPlan(t *testing.T) {
	t.Parallel()
	s := twoTabs(t)
	to, product := "/admin/plans/"+s.plan.ID, "/admin/products/"+s.product.ID
	mine, theirs := s.one.get(to+"/edit").form(to, "activation_limit", "7"), s.other.get(to+"/edit").form(to, "entitlements", "projects.max = 6\r\nfeature.sso")
	s.other.sends(to, theirs).to(product)
	back := s.one.sends(to, mine).is(http.StatusConflict).sound()
	back.says(changedBefore, `value="7"`, "is “feature.sso = true, projects.max = 6” in the store")
	if got := must(s.Catalog.Plan(t.Context(), s.plan.ID))(t); got.ActivationLimit != 2 {
		t.Errorf("saved over the first change: %+v", got)
	}
	s.one.sends(to, back.form(to)).to(product)
	if got := must(s.Catalog.Plan(t.Context(), s.plan.ID))(t); got.ActivationLimit != 7 || got.Entitlements["note"] != "Widget" {
		t.Errorf("the second change is lost: %+v", got)
	}
}

func TestTwoTabsOfSettings(t *testing.T) {
	t.Parallel()
	s := twoTabs(t)
	const to = "/admin/settings"
	must(s.Settings.Patch(t.Context(), map[string]json.RawMessage{"store.address": json.RawMessage(`"1 Road\nTown"`), "limits.exempt": json.RawMessage(`["10.0.0.0/8","192.0.2.0/24"]`)}))(t)
	mine := s.one.get(to).form(to, "store.name", "Grace's", "limits.per_minute", "x")
	theirs := s.other.get(to).form(to, "store.address", "2 Street\r\nCity", "limits.exempt", "", "billing.due_days", "30")
	s.other.sends(to, theirs).to(to)
	mine = s.one.sends(to, mine).is(422).form(to, "limits.per_minute", "70")
	s.one.sends(to, mine).to(to)
	all := must(s.Settings.All(t.Context()))(t)
	for name, want := range map[string]string{"store.name": "Grace's", "limits.per_minute": "70", "store.address": "2 Street\nCity", "limits.exempt": "", "billing.due_days": "30"} {
		if got := settingText(all[name]); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestAnEditThatDoesNotSayItsVersionComparesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := must(b.Customers.Create(t.Context(), customer.Input{Email: "ada@example.com", Name: "Ada"}))(t)
	br := b.owner()
	for _, name := range []string{"Ada King", "Ada Lovelace"} {
		br.post("/admin/customers/"+c.ID, "email", "ada@example.com", "name", name).to("/admin/customers/" + c.ID)
	}
}
