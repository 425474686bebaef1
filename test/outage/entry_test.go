package outage

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/release"
)

// entries are license keys that somebody enters although a good one is at hand, and what the real server makes the page
// say to that.
var entries = []struct {
	name string
	key  func(v *vendor) string
	want string // code of the paragraph; empty: it is taken
}{
	{"no key at all", func(*vendor) string { return " " }, "bad_key"},
	{"a key that nobody has", func(*vendor) string { return "A1B2C3D4-00000000" }, "license_not_found"},
	{"another product's", func(v *vendor) string {
		p, err := v.Catalog.CreateProduct(v.t.Context(), catalog.NewProduct{Slug: "gadget", Name: "Gadget"})
		ok(v.t, err)
		return v.sellOf(v.offer(p.ID, catalog.NewPlan{Name: "Gadget"}), 0).Key
	}, "product_mismatch"},
	{"a suspended one", func(v *vendor) string { return v.inStatus(license.Suspended) }, "suspended"},
	{"a revoked one", func(v *vendor) string { return v.inStatus(license.Revoked) }, "revoked"},
	{"a cancelled one", func(v *vendor) string { return v.inStatus(license.Cancelled) }, "cancelled"},
	{"one of a domain elsewhere", func(v *vendor) string {
		l := v.sell(0)
		domains := []string{"elsewhere.example.net", "*." + home}
		v.edit(l.ID, license.Patch{Places: license.PlacesPatch{Domains: &domains}, Reason: "entry"})
		return l.Key
	}, "wrong_domain"},
	{"one in use as often as it may be", func(v *vendor) string {
		l := v.sellOf(v.offer(v.product, catalog.NewPlan{Name: "Single", ActivationLimit: 1}), 0)
		_, err := v.Licenses.Activate(v.t.Context(), license.ActivateInput{Key: l.Key, Identifier: "elsewhere.example.net"})
		ok(v.t, err)
		return l.Key
	}, "activation_limit_reached"},
	{"one whose support ended before this version", func(v *vendor) string {
		l := v.sellOf(v.offer(v.product, catalog.NewPlan{Name: "Short", Support: &civil.Span{Count: 1, Unit: "day"}}), 0)
		later := v.store.Clock.Now().Add(30 * day)
		_, err := v.Releases.Create(v.t.Context(), release.Input{ProductID: v.product, Version: "2.1.0", ReleasedAt: &later, Publish: true})
		ok(v.t, err)
		return l.Key
	}, "upgrade_period_ended"},
	{"a good one in small letters", func(v *vendor) string { return strings.ToLower(v.sell(0).Key) }, ""},
}

func (v *vendor) inStatus(s license.Status) string {
	v.t.Helper()
	l := v.sell(0)
	v.edit(l.ID, license.Patch{Status: &s, Reason: "entry"})
	return l.Key
}

// Whatever key is entered, the page says what the server says of it, and the one at hand stays until there is a better.
func TestEntries(t *testing.T) {
	t.Parallel()
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			v := newVendor(t)
			p := k.install(t, v, place{})
			p.replaceKey(v.sell(0).Key)
			before := p.info().Key
			for _, e := range entries {
				v.wait(time.Minute, p)
				code, body := p.enter(e.key(v))
				if e.want == "" {
					if now := p.info().Key; code != http.StatusOK || now == before {
						t.Errorf("%s: %d, and the key is %s\n%s", e.name, code, now, body)
					}
				} else if code != http.StatusUnprocessableEntity || !strings.Contains(body, "#"+e.want+`"`) || p.info().Key != before {
					t.Errorf("%s: %d, want 422 with a link to %s, and the key is %s, want %s\n%s", e.name, code, e.want, p.info().Key, before, body)
				}
				if got, want := p.look(e.name), rule(true, 0); got != want {
					t.Errorf("%s: %v, want %v", e.name, got, want)
				}
			}
		})
	}
}

// What the server says of the key at hand counts at once, whatever was asked, and ends by itself.
func TestKeyAtHand(t *testing.T) {
	t.Parallel()
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			v := newVendor(t)
			p := k.install(t, v, place{})
			l := v.sellOf(v.offer(v.product, catalog.NewPlan{Name: "Single", ActivationLimit: 1}), 0)
			p.replaceKey(l.Key)
			// Staff move the activation elsewhere; the software learns it with its next check.
			ctx := t.Context()
			_, err := v.Licenses.Deactivate(ctx, license.DeactivateInput{Key: l.Key, Identifier: home})
			ok(t, err)
			_, err = v.Licenses.Activate(ctx, license.ActivateInput{Key: l.Key, Identifier: "elsewhere.example.net"})
			ok(t, err)
			v.wait(time.Minute, p)
			code, body := p.enter(l.Key)
			if code != http.StatusUnprocessableEntity || !strings.Contains(body, `#activation_limit_reached"`) {
				t.Errorf("the key at hand once more: %d\n%s", code, body)
			}
			v.set(down)
			idle := verdict{State: "Invalid", Reason: "not_activated"}
			if got := p.look("no place left"); got != idle {
				t.Errorf("no place left: %v, want %v", got, idle)
			}
			v.set(up)
			_, err = v.Licenses.Deactivate(ctx, license.DeactivateInput{Key: l.Key, Identifier: "elsewhere.example.net"})
			ok(t, err)
			if code, body := p.act(p.admin, "activate", nil); code != http.StatusOK {
				t.Errorf("activate here: %d\n%s", code, body)
			}
			if got, want := p.look("activated"), rule(true, 0); got != want {
				t.Errorf("activated: %v, want %v", got, want)
			}
			// A place that is shut out.
			ban, err := v.Licenses.AddBan(ctx, license.BanDomain, home, "entry")
			ok(t, err)
			v.wait(time.Minute, p)
			_, _ = p.act(p.admin, "check", nil)
			if got, want := p.look("banned"), (verdict{State: "Invalid", Reason: "banned"}); got != want {
				t.Errorf("banned: %v, want %v", got, want)
			}
			ok(t, v.Licenses.RemoveBan(ctx, ban.ID))
			v.wait(time.Minute, p)
			if got, want := p.look("no longer banned"), rule(true, 0); got != want {
				t.Errorf("no longer banned: %v, want %v", got, want)
			}
		})
	}
}
