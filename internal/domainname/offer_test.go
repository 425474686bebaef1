package domainname_test

import (
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/money"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func at(t testing.TB, s string) time.Time {
	t.Helper()
	if !strings.Contains(s, "T") {
		s += "T12:00:00Z"
	}
	v, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func eur(n int64) money.Money { return money.New(n, "EUR") }

// cctld and gtld are the extensions of the ground data.
func cctld(change ...func(*domainname.Policy)) domainname.Policy {
	p := plain(graceDays(30), redemptionDays(30))
	p.GraceFee, p.RedemptionFee = domainname.Fee{"EUR": 500}, domainname.Fee{"EUR": 8000}
	for _, f := range change {
		f(&p)
	}
	return p
}

func gtld() domainname.Policy {
	return cctld(func(p *domainname.Policy) { p.RegistryAutoRenews, p.ARGPDays = true, 45 })
}

func listed() domainname.List {
	return domainname.List{1: eur(1200), 2: eur(2400), 3: eur(3600), 5: eur(5800), 9: eur(9900)}
}

// domain is the domain of the ground data, whose term ends on a day.
func domain(t testing.TB, end string, change ...func(*domainname.Domain)) domainname.Domain {
	d := domainname.Domain{
		ID: "dom_1", Name: name(t, "example.example"), Extension: "example", Status: domainname.Active, PaidThrough: day(t, end), NextDue: day(t, end),
		Term: 1, Recurring: eur(1000),
	}
	if end != "" {
		d.Expiry = domainname.Expiry{At: at(t, end), Raw: end, Source: domainname.FromEPP}
	}
	for _, f := range change {
		f(&d)
	}
	return d
}

func ask(d domainname.Domain, p domainname.Policy, change ...func(*domainname.Question)) domainname.Question {
	q := domainname.Question{Domain: d, Policy: &p, Prices: listed(), By: domainname.ByCustomer, Now: noon}
	for _, f := range change {
		f(&q)
	}
	return q
}

func on(now time.Time) func(*domainname.Question) {
	return func(q *domainname.Question) { q.Now = now }
}

func priced(years ...int) func(*domainname.Question) {
	return func(q *domainname.Question) {
		q.Prices = domainname.List{}
		for _, y := range years {
			q.Prices[y] = eur(int64(1200 * y))
		}
	}
}

func years(terms []domainname.Term) (n []int) {
	for _, t := range terms {
		n = append(n, t.Years)
	}
	return n
}

func upTo(n int) (all []int) {
	for y := 1; y <= n; y++ {
		all = append(all, y)
	}
	return all
}

// Group A: the terms on offer.
func TestTerms(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		id, today, end string
		priced         []int
		offered        []int
		expiries       string
	}{
		{"A1", "2026-11-22", "2027-03-10", []int{1, 2, 3, 5, 9, 10}, []int{1, 2, 3, 5, 9}, "2028-03-10 2029-03-10 2030-03-10 2032-03-10 2036-03-10"},
		{"A1b", "2026-11-22", "2026-11-30", upTo(10), upTo(9), "2027-11-30 2028-11-30 2029-11-30 2030-11-30 2031-11-30 2032-11-30 2033-11-30 2034-11-30 2035-11-30"},
		{"A2", "2026-11-22", "2031-06-01", []int{1, 2, 3, 5, 9}, []int{1, 2, 3, 5}, "2032-06-01 2033-06-01 2034-06-01 2036-06-01"},
		{"A2b", "2026-11-22", "2027-11-23", upTo(9), upTo(8), "2028-11-23 2029-11-23 2030-11-23 2031-11-23 2032-11-23 2033-11-23 2034-11-23 2035-11-23"},
		{"A4b", "2027-11-23", "2036-11-22", []int{1, 2, 5}, []int{1}, "2037-11-22"},
		{"A6", "2026-11-22", "2027-06-30", []int{1}, []int{1}, "2028-06-30"},
		{"A8", "2026-11-22", "2028-02-29", []int{1}, []int{1}, "2029-02-28"},
		{"A12", "2028-02-29", "2028-12-31", []int{1, 5, 9}, []int{1, 5, 9}, "2029-12-31 2033-12-31 2037-12-31"},
		{"late: from the expiry, not from today", "2026-11-22", "2026-11-01", []int{1, 9}, []int{1, 9}, "2027-11-01 2035-11-01"},
	} {
		o := domainname.Offers(ask(domain(t, tt.end), cctld(), on(at(t, tt.today)), priced(tt.priced...)))
		if o.Refusal != nil {
			t.Errorf("%s: refused, %+v", tt.id, o.Refusal)
		}
		var expiries []string
		for _, term := range o.On() {
			expiries = append(expiries, term.Expiry.String())
		}
		if diff := cmp.Diff(tt.offered, years(o.On())); diff != "" {
			t.Errorf("%s: terms (-want +got):\n%s", tt.id, diff)
		}
		if got := strings.Join(expiries, " "); got != tt.expiries {
			t.Errorf("%s: expiries %s, want %s", tt.id, got, tt.expiries)
		}
		if len(o.Terms) != 10 {
			t.Errorf("%s: a term has neither offer nor reason: %+v", tt.id, o.Terms)
		}
	}
}

// Every term that is not on offer says why.
func TestTermReasons(t *testing.T) {
	t.Parallel()
	three := 3
	for _, tt := range []struct {
		id    string
		q     domainname.Question
		years int
		want  domainname.Refusal
	}{
		{"A2c", ask(domain(t, "2031-06-01"), cctld()), 9, domainname.Refusal{Reason: "cap", FirstDay: day(t, "2030-06-03")}},
		{"A4a 1 year", ask(domain(t, "2036-11-22"), cctld(), priced(1, 2, 5)), 1, domainname.Refusal{Reason: "cap", FirstDay: day(t, "2027-11-23")}},
		{"not priced", ask(domain(t, "2027-03-10"), cctld()), 4, domainname.Refusal{Reason: "not_priced"}},
		{"never ten years", ask(domain(t, "2027-03-10"), cctld(), priced(10)), 10, domainname.Refusal{Reason: "not_priced"}},
		{"not a term of the registry", ask(domain(t, "2027-03-10"), domainname.Shipped()[indexOf("de")]), 2, domainname.Refusal{Reason: "registry_limit"}},
		{"the registry reports a limit", ask(domain(t, "2027-03-10", func(d *domainname.Domain) { d.State.YearsAheadLimit = &three }), cctld()), 5, domainname.Refusal{Reason: "registry_limit"}},
		{"cap opens before the window", ask(domain(t, "2027-06-01"), cctld(earliest(180)), on(at(t, "2026-12-03"))), 4, domainname.Refusal{Reason: "not_priced"}},
	} {
		_, refusal := domainname.Offers(tt.q).Term(tt.years)
		if refusal == nil || *refusal != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.id, refusal, tt.want)
		}
	}
	// Years that the registry has already are not added: of three years, two.
	two := 2
	ahead := domain(t, "2027-03-10", func(d *domainname.Domain) { d.Expiry.At = at(t, "2028-03-10"); d.State.YearsAheadLimit = &two })
	if _, refusal := domainname.Offers(ask(ahead, gtld())).Term(3); refusal != nil {
		t.Errorf("three years of which one is there: %+v", refusal)
	}
}

func indexOf(extension string) int {
	return slices.IndexFunc(domainname.Shipped(), func(p domainname.Policy) bool { return p.Extension == extension })
}

// Section 3: why nothing is on offer.
func TestReasons(t *testing.T) {
	t.Parallel()
	free := func(d *domainname.Domain) { d.Recurring = eur(0) }
	bundled := func(d *domainname.Domain) { free(d); d.BundledWith = "sub_1" }
	standing := func(s domainname.Status) func(*domainname.Domain) { return func(d *domainname.Domain) { d.Status = s } }
	epp := func(s ...string) func(*domainname.Domain) { return func(d *domainname.Domain) { d.State.EPP = s } }
	open := func(kind domainname.RenewalKind, state domainname.RenewalState) func(*domainname.Question) {
		return func(q *domainname.Question) {
			q.Open = &domainname.Renewal{ID: "drn_1", Kind: kind, State: state, Years: 1, Price: eur(1000)}
		}
	}
	by := func(a domainname.Asker) func(*domainname.Question) { return func(q *domainname.Question) { q.By = a } }
	fulfilling := func(q *domainname.Question) { q.Fulfilling = true }
	tokyo := on(at(t, "2026-12-02T23:59:59Z")) // the store is in Asia/Tokyo, where it is the 3rd: that does not count
	quote := func(age time.Duration) func(*domainname.Domain) {
		return func(d *domainname.Domain) {
			d.Premium = &domainname.Premium{Class: "gold", Renew: domainname.List{1: eur(25_000)}, QuotedAt: noon.Add(-age)}
		}
	}
	for _, tt := range []struct {
		id   string
		q    domainname.Question
		want domainname.Refusal // zero: something is on offer
	}{
		{"A4a", ask(domain(t, "2036-11-22"), cctld(), priced(1, 2, 5)), domainname.Refusal{Reason: "cap", FirstDay: day(t, "2027-11-23")}},
		{"B1", ask(domain(t, "2027-06-01"), cctld(earliest(180), graceDays(90))), domainname.Refusal{Reason: "too_early", FirstDay: day(t, "2026-12-03")}},
		{"B1b", ask(domain(t, "2027-06-01"), cctld(graceDays(90))), domainname.Refusal{}},
		{"B1c", ask(domain(t, "2027-03-01"), cctld(earliest(60), graceDays(29))), domainname.Refusal{Reason: "too_early", FirstDay: day(t, "2026-12-31")}},
		{"B1d", ask(domain(t, "2027-03-01"), plain(earliest(60))), domainname.Refusal{Reason: "too_early", FirstDay: day(t, "2026-12-31")}},
		{"B1f before", ask(domain(t, "2027-06-01"), cctld(earliest(180), graceDays(90)), tokyo), domainname.Refusal{Reason: "too_early", FirstDay: day(t, "2026-12-03")}},
		{"B1f", ask(domain(t, "2027-06-01"), cctld(earliest(180), graceDays(90)), on(at(t, "2026-12-03T00:00:00Z"))), domainname.Refusal{}},
		{"B1 by staff", ask(domain(t, "2027-06-01"), cctld(earliest(180), graceDays(90)), by(domainname.ByStaff)), domainname.Refusal{Reason: "too_early", FirstDay: day(t, "2026-12-03")}},
		{"too late", ask(domain(t, "2026-11-25"), plain(latest(-7))), domainname.Refusal{Reason: "too_late", LastDay: day(t, "2026-11-18")}},
		{"too late, staff may try", ask(domain(t, "2026-11-25"), plain(latest(-7)), by(domainname.ByStaff)), domainname.Refusal{}},
		{"C7 over", ask(domain(t, "2026-10-01"), cctld(), on(at(t, "2026-12-01"))), domainname.Refusal{Reason: "too_late", LastDay: day(t, "2026-11-30")}},
		{"C7 redemption", ask(domain(t, "2026-10-01"), cctld(), on(at(t, "2026-11-30"))), domainname.Refusal{Reason: "redemption", LastDay: day(t, "2026-11-30")}},
		{"redemption without a fee", ask(domain(t, "2026-10-01"), cctld(func(p *domainname.Policy) { p.RedemptionFee = nil }), on(at(t, "2026-11-30"))), domainname.Refusal{Reason: "quote_needed"}},
		{"B6 second order", ask(domain(t, "2026-12-10"), cctld(), open(domainname.Ordered, domainname.RenewalArranged)), domainname.Refusal{Reason: "renewal_open", RenewalID: "drn_1"}},
		{"ordered twice", ask(domain(t, "2027-03-10"), cctld(), open(domainname.Ordered, domainname.RenewalOpen)), domainname.Refusal{Reason: "renewal_open", RenewalID: "drn_1"}},
		{"E3 takes the automatic line's place", ask(domain(t, "2027-03-10"), cctld(), open(domainname.Automatic, domainname.RenewalOpen)), domainname.Refusal{}},
		{"automation has its line", ask(domain(t, "2027-03-10"), cctld(), open(domainname.Automatic, domainname.RenewalOpen), by(domainname.ByAutomation)), domainname.Refusal{Reason: "renewal_open", RenewalID: "drn_1"}},
		{"staff are asked about an open line", ask(domain(t, "2027-03-10"), cctld(), open(domainname.Ordered, domainname.RenewalOpen), by(domainname.ByStaff)), domainname.Refusal{}},
		{"staff do not renew beside a paid one", ask(domain(t, "2027-03-10"), cctld(), open(domainname.Ordered, domainname.RenewalUnknown), by(domainname.ByStaff)), domainname.Refusal{Reason: "renewal_open", RenewalID: "drn_1"}},
		{"E5 the first one is confirmed", ask(domain(t, "2028-03-10"), cctld(), open(domainname.Ordered, domainname.RenewalConfirmed)), domainname.Refusal{}},
		{"C11", ask(domain(t, "2026-12-20", bundled), cctld()), domainname.Refusal{Reason: "free_with_product", ServiceID: "sub_1"}},
		{"C11 with its product", ask(domain(t, "2026-12-20", bundled), cctld(), by(domainname.ByAutomation), priced()), domainname.Refusal{}},
		{"C11b", ask(domain(t, "2026-12-20", free), cctld()), domainname.Refusal{Reason: "free_not_bundled"}},
		{"C11b by staff", ask(domain(t, "2026-12-20", free), cctld(), by(domainname.ByStaff)), domainname.Refusal{}},
		{"C13 do not renew", ask(domain(t, "2027-03-10", func(d *domainname.Domain) { d.DoNotRenew = true }), cctld()), domainname.Refusal{}},
		{"C13 grace", ask(domain(t, "2026-11-20"), cctld()), domainname.Refusal{}},
		{"C13 cancelled", ask(domain(t, "2027-03-10", standing(domainname.Cancelled)), cctld()), domainname.Refusal{Reason: "not_active"}},
		{"C13 transferred away", ask(domain(t, "2027-03-10", standing(domainname.TransferredAway)), cctld()), domainname.Refusal{Reason: "not_active"}},
		{"C13 pending", ask(domain(t, "", standing(domainname.PendingRegistration)), cctld()), domainname.Refusal{Reason: "not_active"}},
		{"no date yet", ask(domain(t, ""), cctld()), domainname.Refusal{Reason: "not_active"}},
		{"orders off", ask(domain(t, "2027-03-10"), cctld(), func(q *domainname.Question) { q.OrdersOff = true }), domainname.Refusal{Reason: "orders_off"}},
		{"orders off, but staff", ask(domain(t, "2027-03-10"), cctld(), func(q *domainname.Question) { q.OrdersOff = true }, by(domainname.ByStaff)), domainname.Refusal{}},
		{"no prices", ask(domain(t, "2027-03-10"), cctld(), priced()), domainname.Refusal{Reason: "not_priced"}},
		{"only ten years are priced", ask(domain(t, "2027-03-10"), cctld(), priced(10)), domainname.Refusal{Reason: "not_priced"}},
		{"no policy", ask(domain(t, "2027-03-10"), cctld(), func(q *domainname.Question) { q.Policy = nil }), domainname.Refusal{Reason: "not_priced"}},
		{"no policy and cancelled", ask(domain(t, "2027-03-10", standing(domainname.Cancelled)), cctld(), func(q *domainname.Question) { q.Policy = nil }), domainname.Refusal{Reason: "not_active"}},
		{"server lock", ask(domain(t, "2027-03-10", epp("serverRenewProhibited")), cctld()), domainname.Refusal{Reason: "registry_lock"}},
		{"somebody's client lock", ask(domain(t, "2027-03-10", epp("clientRenewProhibited")), cctld()), domainname.Refusal{Reason: "registry_lock"}},
		{"a lock of ours is lifted", ask(domain(t, "2027-03-10", epp("clientRenewProhibited"), func(d *domainname.Domain) { d.LockedByUs = true }), cctld()), domainname.Refusal{}},
		{"the registry adds nothing now", ask(domain(t, "2027-03-10", func(d *domainname.Domain) { d.State.YearsAheadLimit = new(int) }), cctld()), domainname.Refusal{Reason: "registry_limit"}},
		{"premium without a quote", ask(domain(t, "2027-03-10", quote(25*time.Hour)), cctld()), domainname.Refusal{Reason: "quote_needed"}},
		{"premium", ask(domain(t, "2027-03-10", quote(time.Hour)), cctld()), domainname.Refusal{}},
		{"paid for what is no longer priced", ask(domain(t, "2027-03-10"), cctld(), priced(), open(domainname.Ordered, domainname.RenewalPaid), fulfilling), domainname.Refusal{}},
		{"paid for, and locked meanwhile", ask(domain(t, "2027-03-10", epp("serverRenewProhibited")), cctld(), open(domainname.Ordered, domainname.RenewalPaid), fulfilling), domainname.Refusal{Reason: "registry_lock"}},
	} {
		o := domainname.Offers(tt.q)
		if tt.want == (domainname.Refusal{}) {
			if o.Refusal != nil || len(o.On()) == 0 {
				t.Errorf("%s: refused, %+v", tt.id, o.Refusal)
			}
			continue
		}
		if o.Refusal == nil || *o.Refusal != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.id, o.Refusal, tt.want)
		}
		if _, refusal := o.Term(1); refusal == nil {
			t.Errorf("%s: one year is on offer all the same", tt.id)
		}
	}
	if len(domainname.Reasons()) != 13 {
		t.Error("section 3 has 13 reasons")
	}
}

// Case B2: both rows stay, and the day decides which counts.
func TestPolicyOfTheDay(t *testing.T) {
	t.Parallel()
	rows := domainname.Policies{cctld(earliest(180), graceDays(90)), cctld(graceDays(90), func(p *domainname.Policy) { p.ValidFrom = civil.On(2026, 12, 1) })}
	for today, want := range map[string]bool{"2026-11-30": false, "2026-12-01": true} {
		p, _ := rows.At("example", day(t, today))
		if o := domainname.Offers(ask(domain(t, "2027-06-01"), p, on(at(t, today)))); (o.Refusal == nil) != want {
			t.Errorf("B2 on %s: %+v", today, o.Refusal)
		}
	}
}

// Cases C1, C4b, C7, C7b: what a term costs, by who asks and when it is paid.
func TestWhatARenewalCosts(t *testing.T) {
	t.Parallel()
	automatic := func(q *domainname.Question) { q.By = domainname.ByAutomation }
	list := func(amount int64) func(*domainname.Question) {
		return func(q *domainname.Question) { q.Prices = domainname.List{1: eur(amount), 2: eur(2 * amount)} }
	}
	for _, tt := range []struct {
		id    string
		q     domainname.Question
		total int64 // 0: none
	}{
		{"C1 automatic", ask(domain(t, "2026-12-06"), cctld(), list(1400), automatic), 1000},
		{"C1 on demand", ask(domain(t, "2026-12-06"), cctld(), list(1400)), 1400},
		{"C7 09-30", ask(domain(t, "2026-10-01"), cctld(), on(at(t, "2026-09-30"))), 1200},
		{"C7 10-01", ask(domain(t, "2026-10-01"), cctld(), on(at(t, "2026-10-01T23:59:59Z"))), 1200},
		{"C7 10-02", ask(domain(t, "2026-10-01"), cctld(), on(at(t, "2026-10-02T00:00:00Z"))), 1700},
		{"C7 10-31", ask(domain(t, "2026-10-01"), cctld(), on(at(t, "2026-10-31"))), 1700},
		{"C7 11-01", ask(domain(t, "2026-10-01"), cctld(), on(at(t, "2026-11-01"))), 9200},
		{"C7 11-30", ask(domain(t, "2026-10-01"), cctld(), on(at(t, "2026-11-30"))), 9200},
		{"C7 12-01", ask(domain(t, "2026-10-01"), cctld(), on(at(t, "2026-12-01"))), 0},
		{"C7b 10-01", ask(domain(t, "2026-10-01"), cctld(), on(at(t, "2026-10-01")), automatic), 1000},
		{"C7b 10-02", ask(domain(t, "2026-10-01"), cctld(), on(at(t, "2026-10-02")), automatic), 1500},
		{"C7b 11-01", ask(domain(t, "2026-10-01"), cctld(), on(at(t, "2026-11-01")), automatic), 9000},
		{"the stored term is disabled", ask(domain(t, "2027-03-10"), cctld(), priced(2, 3), automatic), 0},
	} {
		o := domainname.Offers(tt.q)
		var got int64
		for _, term := range append(o.On(), o.Restores...) {
			if term.Years == 1 {
				total, err := term.Total()
				if err != nil {
					t.Fatal(err)
				}
				got = total.Amount
			}
		}
		if got != tt.total {
			t.Errorf("%s: %d, want %d", tt.id, got, tt.total)
		}
	}
}

func TestFees(t *testing.T) {
	t.Parallel()
	rates := func(from, to money.Currency) (*big.Rat, bool) {
		if from == "EUR" && to == "JPY" {
			return big.NewRat(16_353, 100), true
		}
		return nil, false
	}
	p := cctld()
	for _, tt := range []struct {
		stage    domainname.Stage
		currency money.Currency
		want     int64
		known    bool
	}{
		{domainname.StageActive, "EUR", 0, true},
		{domainname.StageGrace, "EUR", 500, true},
		{domainname.StageRedemption, "EUR", 8000, true}, // takes the place of the other
		{domainname.StageRedemption, "JPY", 13_082, true},
		{domainname.StageGrace, "JPY", 818, true}, // 817.65, rounded once
		{domainname.StageGrace, "USD", 0, false},
	} {
		if got, known := p.FeeAt(tt.stage, tt.currency, rates); known != tt.known || got.Amount != tt.want {
			t.Errorf("%s in %s: %s, %v", tt.stage, tt.currency, got, known)
		}
	}
	if got, known := plain().FeeAt(domainname.StageGrace, "USD", nil); !known || got != money.New(0, "USD") {
		t.Errorf("no fee: %s, %v", got, known)
	}
}

// Section 3, cases A4, C4: what is promised when a registration is confirmed.
func TestPromise(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		id         string
		registered int
		priced     []int
		policy     domainname.Policy
		years      int
	}{
		{"A4", 10, []int{1, 2, 5, 9}, cctld(), 9},
		{"A4 then", 10, []int{1, 2, 5}, cctld(), 5},
		{"ten years are priced all the same", 10, []int{10}, cctld(), 0},
		{"not above the registration", 3, []int{1, 2, 5}, cctld(), 2},
		{"one year", 1, []int{1, 2}, cctld(), 1},
		{"not allowed", 10, []int{1, 9}, cctld(func(p *domainname.Policy) { p.MinYears, p.StepYears = 2, 2 }), 0},
		{"C4 the renewal price, not the promotion", 1, []int{1}, cctld(), 1},
	} {
		list := domainname.List{}
		for _, y := range tt.priced {
			list[y] = eur(int64(y) * 1100)
		}
		years, price, ok := domainname.Promise(tt.registered, list, tt.policy)
		if years != tt.years || ok != (tt.years > 0) || ok && price != list[years] {
			t.Errorf("%s: %d years for %s, %v", tt.id, years, price, ok)
		}
	}
	if _, price, _ := domainname.Promise(10, listed(), cctld()); price != eur(9900) {
		t.Errorf("A4: %s", price)
	}
}

// Section 4: the group's price where it has one, else the general one; the row of the day; -1 is no amount.
func TestPrices(t *testing.T) {
	t.Parallel()
	row := func(years int, group string, amount int64, from string) domainname.Price {
		return domainname.Price{Extension: "com", Kind: domainname.ForRenewal, Years: years, Currency: "EUR", Group: group, Amount: amount, ValidFrom: day(t, from)}
	}
	unset := row(1, "agency", domainname.Disabled, "2027-06-01")
	unset.Unset = true
	rows := domainname.Prices{
		row(1, "", 1200, "2026-01-01"), row(1, "", 1400, "2027-01-01"), row(2, "", 2400, "2026-01-01"), row(1, "agency", 900, "2026-01-01"),
		row(1, "agency", 950, "2027-01-01"), row(2, "agency", domainname.Disabled, "2027-01-01"), row(3, "", domainname.Disabled, "2026-01-01"), unset,
	}
	for _, tt := range []struct {
		group, on string
		want      domainname.List
	}{
		{"", "2025-12-31", domainname.List{}},
		{"", "2026-11-22", domainname.List{1: eur(1200), 2: eur(2400)}},
		{"", "2027-01-01", domainname.List{1: eur(1400), 2: eur(2400)}},
		{"agency", "2026-11-22", domainname.List{1: eur(900), 2: eur(2400)}}, // C4b, when it is bought
		{"agency", "2027-01-01", domainname.List{1: eur(950)}},               // C4b, on demand later
		{"agency", "2027-06-01", domainname.List{1: eur(1400)}},
		{"friends", "2026-11-22", domainname.List{1: eur(1200), 2: eur(2400)}},
	} {
		if diff := cmp.Diff(tt.want, rows.List("com", domainname.ForRenewal, "EUR", tt.group, day(t, tt.on))); diff != "" {
			t.Errorf("%q on %s (-want +got):\n%s", tt.group, tt.on, diff)
		}
	}
	if list := rows.List("com", domainname.ForRegistration, "EUR", "", day(t, "2026-11-22")); len(list) != 0 {
		t.Errorf("registrations: %v", list)
	}
	if list := rows.List("com", domainname.ForRenewal, "USD", "", day(t, "2026-11-22")); len(list) != 0 {
		t.Errorf("in dollars: %v", list)
	}
}

// Case A5: ten years are not wrong, and are never stored.
func TestTenYearPrice(t *testing.T) {
	t.Parallel()
	p := domainname.Price{Extension: "com", Kind: domainname.ForRenewal, Years: 10, Currency: "EUR", Amount: 11_000, ValidFrom: civil.On(2026, 1, 1)}
	if disabled, err := p.Validate(); err != nil || !disabled || p.Amount != domainname.Disabled {
		t.Errorf("%+v, %v, %v", p, disabled, err)
	}
	if disabled, err := p.Validate(); err != nil || disabled {
		t.Errorf("the second time: %v, %v", disabled, err)
	}
	p.Kind, p.Amount = domainname.ForRegistration, 11_000
	if disabled, err := p.Validate(); err != nil || disabled || p.Amount != 11_000 {
		t.Errorf("a registration: %+v, %v, %v", p, disabled, err)
	}
	for _, amount := range []int64{-2, 1e15} {
		p.Amount = amount
		if _, err := p.Validate(); err == nil {
			t.Errorf("%d was taken", amount)
		}
	}
}

// Offered terms lie in the window, under the cap and among the prices; every other has a reason.
func TestOfferedTermsHold(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		p := anyPolicy().Draw(rt, "policy")
		now := noon.AddDate(0, 0, rapid.IntRange(-2000, 2000).Draw(rt, "today"))
		end := domainname.RegistryDate(now).AddDays(rapid.IntRange(-200, 3660).Draw(rt, "T"))
		d := domain(t, end.String())
		if k := rapid.IntRange(0, 2).Draw(rt, "ahead"); k > 0 {
			d.Expiry.At = domainname.AddYears(end, k).StartIn(time.UTC)
		}
		list := domainname.List{}
		for _, y := range rapid.SliceOfDistinct(rapid.IntRange(1, 10), rapid.ID[int]).Draw(rt, "priced") {
			list[y] = eur(int64(y) * 1000)
		}
		if rapid.Bool().Draw(rt, "limit") {
			d.State.YearsAheadLimit = ptr(rapid.IntRange(0, 10).Draw(rt, "years"))
		}
		q := ask(d, p, on(now), func(q *domainname.Question) { q.Prices = list })
		o := domainname.Offers(q)
		today := domainname.RegistryDate(now)
		if (o.Refusal == nil) != (len(o.On()) > 0) {
			rt.Fatalf("neither an offer nor a reason: %+v", o)
		}
		for _, term := range append(o.On(), o.Restores...) {
			_, isPriced := list[term.Years]
			if !isPriced || !p.Allows(term.Years) || term.Years > 9 || term.Expiry.After(domainname.Cap(today)) || !term.Expiry.After(end) {
				rt.Fatalf("on offer: %+v", term)
			}
			if o.Window.TooEarly(today) || today.After(o.Window.Last()) {
				rt.Fatalf("%s is outside the window %+v", today, o.Window)
			}
		}
		// A first day is one on which it is possible, and the day before is not.
		if o.Refusal != nil && !o.Refusal.FirstDay.IsZero() && o.Refusal.Reason == domainname.OverCap {
			for days, want := range map[int]bool{0: true, -1: false} {
				then := o.Refusal.FirstDay.AddDays(days)
				q := q
				q.Now = then.StartIn(time.UTC)
				later := domainname.Offers(q)
				if possible := later.Refusal == nil; possible != want && !then.Before(today) {
					rt.Fatalf("on %s: %+v, after %+v", then, later.Refusal, o.Refusal)
				}
			}
		}
		if diff := cmp.Diff(o, domainname.Offers(q)); diff != "" {
			rt.Fatalf("the same question has two answers:\n%s", diff)
		}
	})
}
