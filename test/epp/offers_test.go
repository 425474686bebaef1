package epp

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/registrar/epp"
	"github.com/keystead/keystead/internal/registry"
)

// policyOf is the policy that says of an extension what its registry does.
func policyOf(x registry.Extension) domainname.Policy {
	p := domainname.Policy{
		Extension: x.Name, ValidFrom: civil.On(2020, 1, 1), MinYears: x.MinYears, MaxYears: x.MaxYears, StepYears: x.Step, GraceDays: x.GraceDays,
		RedemptionDays: x.RedemptionDays, RegistryAutoRenews: x.AutoRenews, ARGPDays: x.ARGPDays, ExplicitRenew: true, DueMargin: 3,
		DateMoves: domainname.AtOnce, ExpiryRounding: domainname.NoRounding,
	}
	if x.MovesAtExpiry {
		p.DateMoves = domainname.AtExpiry
	}
	if x.MonthEnd {
		p.ExpiryRounding = domainname.MonthEnd
	}
	if x.Earliest > 0 {
		p.Earliest = &x.Earliest
	}
	return p
}

// H6: a term on offer is accepted by a registry with the same policy, on whatever day and at whatever second, in every dialect, up to
// the last day under the cap.
func TestTermsOnOfferAreAccepted(t *testing.T) {
	t.Parallel()
	w := setup(t, registry.Personalities()...)
	reg := w.adapter(t, epp.Config{}, epp.Options{})
	r := rand.New(rand.NewPCG(6, 0))
	prices := domainname.List{}
	for years := 1; years <= 10; years++ {
		prices[years] = money.New(int64(1200*years), "EUR")
	}
	sent, most := 0, 0
	now := time.Date(2027, 12, 1, 0, 0, 0, 0, time.UTC)
	for n := range 40 {
		// Days around the leap day among them, and the first and the last second of a day.
		now = now.AddDate(0, 0, 1+r.IntN(20)).Truncate(24 * time.Hour).Add([]time.Duration{0, 24*time.Hour - time.Second, time.Duration(r.IntN(86_400)) * time.Second}[r.IntN(3)])
		w.clock.Set(now)
		for _, x := range registry.Personalities() {
			if x.ModeOnly {
				continue
			}
			p := policyOf(x)
			day := domainname.RegistryDate(now).AddDays(1 + r.IntN(700))
			switch {
			case x.GraceDays > 0 && r.IntN(4) == 0:
				day = domainname.RegistryDate(now).AddDays(-r.IntN(x.GraceDays))
			case r.IntN(3) == 0:
				day = domainname.AddYears(domainname.Cap(domainname.RegistryDate(now)), -1-r.IntN(9)) // so that a term ends on the cap
			}
			end := day.StartIn(time.UTC).Add([]time.Duration{0, 24*time.Hour - time.Second, 10 * time.Hour}[r.IntN(3)])
			if x.LateEvening {
				end = day.StartIn(time.UTC).Add(23*time.Hour - time.Millisecond)
			}
			if x.MonthEnd {
				end = time.Date(day.Year, day.Month+1, 0, 10, 0, 0, 0, time.UTC)
			}
			if end.Before(now) && (x.AutoRenews || x.GraceDays == 0) {
				continue // that is another question
			}
			d := domainname.Domain{
				Name: mustName(t, "a."+x.Name), Extension: x.Name, Status: domainname.Active, Term: 1, Recurring: money.New(1200, "EUR"),
				Expiry: domainname.Expiry{At: end, Raw: end.Format(time.RFC3339Nano), Source: domainname.FromEPP}, PaidThrough: domainname.RegistryDate(end),
			}
			for _, term := range domainname.Offers(domainname.Question{Domain: d, Policy: &p, Prices: prices, By: domainname.ByCustomer, Now: now}).On() {
				name := fmt.Sprintf("h%d-%d.%s", n, term.Years, x.Name)
				w.put(t, name, end.Format(time.RFC3339Nano))
				a := reg.Renew(t.Context(), w.id(), registrar.Renewal{Name: name, Years: term.Years, Guard: domainname.RegistryDate(end)})
				if a.Class != registrar.Done && a.Class != registrar.Pending {
					t.Errorf("%s at %s, until %s: %d years are on offer, and refused: %+v", x.Name, now, end, term.Years, a)
				}
				sent++
				most = max(most, term.Years)
			}
		}
	}
	if sent < 1000 || most != 9 {
		t.Errorf("%d terms were sent, the longest of %d years: that proves little", sent, most)
	}
	if again := w.registry.Repeated(); len(again) != 0 {
		t.Errorf("sent twice: %s", strings.Join(again, " "))
	}
}

func mustName(t *testing.T, s string) domainname.Name {
	t.Helper()
	n, err := domainname.ParseName(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
