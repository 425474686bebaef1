package renewal_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/app/rooms/roomstest"
	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/task/tasktest"
)

// shop is a store whose clock is moved by hand, with the extensions and the prices of the ground data.
type shop struct {
	*roomstest.Rooms
	*testing.T
	store    *dbtest.Store
	ctx      context.Context
	customer string
	wires    int
}

// noon is the clock of the ground data.
const noon = "2026-11-22T12:00:00Z"

// each runs a test on both databases, beginning at an instant.
func each(t *testing.T, start string, f func(s *shop)) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, store *dbtest.Store) { f(open(t, store, start)) })
}

func open(t *testing.T, store *dbtest.Store, start string, more ...roomstest.Option) *shop {
	t.Helper()
	store.Clock.Set(instant(t, start))
	tasktest.Legible(t, store)
	s := &shop{Rooms: roomstest.InTestMode(t, store, roomstest.Log(), more...), T: t, store: store, ctx: t.Context()}
	s.policy("cctld", nil)
	s.policy("gtld", func(p *domainname.Policy) { p.RegistryAutoRenews, p.ARGPDays = true, 45 })
	s.customer = s.buyer("ada", "")
	return s
}

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	if len(text) == len(time.DateOnly) {
		text += "T00:00:00Z"
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func day(t *testing.T, text string) civil.Date {
	t.Helper()
	if text == "" {
		return civil.Date{}
	}
	d, err := civil.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func eur(amount int64) money.Money { return money.New(amount, "EUR") }

func must[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (s *shop) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *shop) refused(err error, code, reason string) *fail.Error {
	s.Helper()
	e := fail.Of(err)
	if e == nil || e.Code != code || reason != "" && fmt.Sprint(e.More["reason"]) != reason {
		s.Fatalf("%v, want %s %s", err, code, reason)
	}
	return e
}

// policy adds an extension: one to ten years, grace 30 days 5.00, redemption 30 days 80.00.
func (s *shop) policy(extension string, change func(*domainname.Policy)) domainname.Policy {
	s.Helper()
	p := domainname.Policy{
		Extension: extension, ValidFrom: civil.On(2020, 1, 1), MinYears: 1, MaxYears: 10, StepYears: 1, GraceDays: 30, RedemptionDays: 30,
		ExplicitRenew: true, DateMoves: domainname.AtOnce, ExpiryRounding: domainname.NoRounding, DueMargin: 3,
		GraceFee: domainname.Fee{"EUR": 500}, RedemptionFee: domainname.Fee{"EUR": 8000}, Source: "test",
	}
	if change != nil {
		change(&p)
	}
	p = must(s.Domains.CreatePolicy(s.ctx, p))(s.T)
	s.prices(extension, "2020-01-01", map[int]int64{1: 1200, 2: 2400, 3: 3600, 5: 5800, 9: 9900})
	return p
}

func (s *shop) prices(extension, from string, list map[int]int64) {
	s.Helper()
	var rows domainname.Prices
	for years, amount := range list {
		rows = append(rows, domainname.Price{
			Extension: extension, Kind: domainname.ForRenewal, Years: years, Currency: "EUR", ValidFrom: day(s.T, from), Amount: amount,
		})
	}
	if _, err := s.Domains.SetPrices(s.ctx, rows); err != nil {
		s.Fatal(err)
	}
}

func (s *shop) buyer(name, card string) string {
	s.Helper()
	id := must(s.Customers.Create(s.ctx, customer.Input{Email: name + "@example.com", Name: name}))(s.T).ID
	if card != "" {
		must(s.Payments.AddMethod(s.ctx, id, "sandbox", card))(s.T)
	}
	return id
}

func (s *shop) set(values map[string]any) {
	s.Helper()
	raw := map[string]json.RawMessage{}
	for name, v := range values {
		raw[name] = must(json.Marshal(v))(s.T)
	}
	if _, err := s.Settings.Patch(s.ctx, raw); err != nil {
		s.Fatal(err)
	}
}

func (s *shop) write(f func(tx *db.Tx) error) {
	s.Helper()
	s.ok(s.store.DB.Write(s.ctx, f))
}

// put stores a domain whose term ends on a day, with a recurring amount of 10.00.
func (s *shop) put(name, end string, change ...func(*domainname.Domain)) domainname.Domain {
	s.Helper()
	n, err := domainname.ParseName(name)
	s.ok(err)
	_, extension, _ := strings.Cut(name, ".")
	d := domainname.Domain{
		Name: n, Extension: extension, CustomerID: s.customer, Kind: domainname.Registered, Status: domainname.Active,
		Expiry:      domainname.Expiry{At: instant(s.T, end+"T10:00:00Z"), Raw: end, Source: domainname.FromEPP, ReadAt: instant(s.T, "2026-01-01")},
		PaidThrough: day(s.T, end), NextDue: day(s.T, end), Term: 1, Recurring: eur(1000),
	}
	for _, f := range change {
		f(&d)
	}
	s.write(func(tx *db.Tx) error { return domainname.Insert(s.ctx, tx, &d) })
	return d
}

func (s *shop) domain(id string) (d domainname.Domain) {
	s.Helper()
	s.write(func(tx *db.Tx) (err error) { d, err = domainname.Load(s.ctx, tx, id); return err })
	return d
}

// dates are R, P and next due of a domain.
func (s *shop) dates(id, r, p, due string) {
	s.Helper()
	d := s.domain(id)
	if got, want := fmt.Sprint(d.Expiry.Date(), d.PaidThrough, d.NextDue), fmt.Sprint(day(s.T, r), day(s.T, p), day(s.T, due)); got != want {
		s.Errorf("R, P, next due: %s, want %s", got, want)
	}
}

// renewals are those of a domain, oldest first.
func (s *shop) renewals(id string) (all []domainname.Renewal) {
	s.Helper()
	s.write(func(tx *db.Tx) (err error) { all, err = domainname.RenewalsOf(s.ctx, tx, id, 100); return err })
	slices.Reverse(all)
	return all
}

// states are the renewals of a domain as "kind state", with what they are held for.
func (s *shop) states(id string, want ...string) {
	s.Helper()
	got := []string{}
	for _, r := range s.renewals(id) {
		state := string(r.Kind) + " " + string(r.State)
		if r.Hold != "" {
			state += " " + string(r.Hold)
		}
		if r.State == domainname.RenewalHeld && (r.Why() == r.Cause || r.Why() == "") {
			s.Errorf("it waits for %s because of %q, which is no code that has words", r.Hold, r.Cause)
		}
		got = append(got, state)
	}
	if !slices.Equal(got, want) {
		s.Errorf("renewals %q, want %q", got, want)
	}
}

func (s *shop) last(id string) domainname.Renewal {
	s.Helper()
	all := s.renewals(id)
	if len(all) == 0 {
		s.Fatal("there is no renewal")
	}
	return all[len(all)-1]
}

// order orders renewals of one year.
func (s *shop) order(domainIDs ...string) (order.Order, error) {
	s.Helper()
	in := order.Input{CustomerID: s.customer}
	for _, id := range domainIDs {
		in.Items = append(in.Items, order.Item{Domain: &order.DomainItem{Action: domainname.ForRenewal, DomainID: id, Years: 1}})
	}
	return s.Orders.Place(s.ctx, in)
}

func (s *shop) ordered(domainIDs ...string) order.Order {
	s.Helper()
	return must(s.order(domainIDs...))(s.T)
}

func (s *shop) invoice(id string) billing.Invoice {
	s.Helper()
	return must(s.Billing.ByID(s.ctx, id))(s.T)
}

// pay pays all that an invoice asks for, now or at another instant.
func (s *shop) pay(invoiceID string, received ...string) {
	s.Helper()
	s.wires++
	in := payment.Manual{Money: s.invoice(invoiceID).Balance(), Reference: fmt.Sprint("wire ", s.wires)}
	if len(received) > 0 {
		in.ReceivedAt = instant(s.T, received[0])
	}
	must(s.Payments.Record(s.ctx, invoiceID, in))(s.T)
}

// bills are the customer's invoices, oldest first, as "issued due status total".
func (s *shop) bills(customerID string, want ...string) []billing.Invoice {
	s.Helper()
	list, _, err := s.Billing.List(s.ctx, billing.Filter{CustomerID: customerID})
	s.ok(err)
	slices.Reverse(list)
	got := make([]string, len(list))
	for i, inv := range list {
		got[i] = fmt.Sprintf("%s %s %s %s", inv.IssuedOn, inv.DueOn, inv.Status, inv.Total.Decimal())
	}
	if want != nil && !slices.Equal(got, want) {
		s.Errorf("invoices\n got %q\nwant %q", got, want)
	}
	return list
}

// open is what the open invoices of a customer ask for together.
func (s *shop) owes(customerID string) (sum int64) {
	s.Helper()
	for _, inv := range s.bills(customerID) {
		sum += inv.Balance().Amount
	}
	return sum
}

func (s *shop) payAll(customerID string, received ...string) {
	s.Helper()
	for _, inv := range s.bills(customerID) {
		if inv.Balance().Amount > 0 {
			s.pay(inv.ID, received...)
		}
	}
}

func (s *shop) credit(customerID string, want int64) {
	s.Helper()
	var got money.Money
	s.write(func(tx *db.Tx) (err error) { got, err = billing.CreditOf(s.ctx, tx, customerID, "EUR"); return err })
	if got.Amount != want {
		s.Errorf("credit %s, want %d", got, want)
	}
}

// advance lets time pass up to an instant, with all that falls due.
func (s *shop) advance(to string) {
	s.Helper()
	if _, err := s.Automation.Advance(s.ctx, instant(s.T, to), nil); err != nil {
		s.Fatal(err)
	}
	failures, _, err := s.Automation.Failures(s.ctx, automation.Filter{})
	if err != nil || len(failures) > 0 {
		s.Fatalf("failures: %+v %v", failures, err)
	}
}

// work stands for the worker of registrars: it sends the paid renewal of a domain, whose registry does it at once.
func (s *shop) work(id string) (sent int) {
	s.Helper()
	s.write(func(tx *db.Tx) error {
		sent = 0
		d, err := domainname.Load(s.ctx, tx, id)
		if err != nil {
			return err
		}
		if _, err := customer.Lock(s.ctx, tx, d.CustomerID); err != nil {
			return err
		}
		if d, err = domainname.Lock(s.ctx, tx, id); err != nil {
			return err
		}
		r, err := domainname.OpenRenewal(s.ctx, tx, id)
		if err != nil || r == nil || r.State != domainname.RenewalPaid {
			return err
		}
		if err := s.Renewals.Due(s.ctx, tx, &d, r); err != nil || r.State != domainname.RenewalPaid {
			return err
		}
		sent = 1
		verdict, years := domainname.Decide(r.Base, r.Years, d.Expiry.Date())
		if verdict != domainname.SendYears {
			sent, years = 0, 0
			if err := domainname.MoveRenewal(s.ctx, tx, r, domainname.OnYearsThere); err != nil {
				return err
			}
		} else {
			for _, on := range []domainname.RenewalTrigger{domainname.OnSend, domainname.OnReadDone} {
				if err := domainname.MoveRenewal(s.ctx, tx, r, on); err != nil {
					return err
				}
			}
		}
		d.Adopt(d.Expiry.At.AddDate(years, 0, 0), domainname.Reading{Raw: "read", Source: domainname.FromEPP}, tx.Now)
		if err := s.Renewals.Settled(s.ctx, tx, &d, r); err != nil {
			return err
		}
		return domainname.Save(s.ctx, tx, &d)
	})
	return sent
}

// events are the types of a domain's events in their order, without the domain's own prefix.
func (s *shop) events(id string, want ...string) {
	s.Helper()
	list, err := s.Events.List(s.ctx, "", event.Filter{SubjectID: id})
	s.ok(err)
	got := []string{}
	for _, e := range list {
		// What reminders and the reading of registries tell is theirs.
		what, ok := strings.CutPrefix(e.Type, "domain.")
		if ok && !slices.Contains([]string{"notice_sent", "notice_breach", "grace", "redemption", "expired", "renewal_submitted"}, what) {
			got = append(got, what)
		}
	}
	if !slices.Equal(got, want) {
		s.Errorf("events %q, want %q", got, want)
	}
}

// asked are the kinds of what staff are asked about a domain.
func (s *shop) asked(id string, want ...string) {
	s.Helper()
	tasks, _, err := s.Tasks.Open(s.ctx, "", 100)
	s.ok(err)
	got := []string{}
	for _, t := range tasks {
		if t.SubjectID == id {
			got = append(got, t.Kind)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		s.Errorf("staff are asked %q, want %q", got, want)
	}
}

// alerted are the days on which staff were asked about a domain by a kind of question, and written to: of each, and of nothing
// else.
func (s *shop) alerted(id, kind string, want ...string) {
	s.Helper()
	list, err := s.Events.List(s.ctx, "", event.Filter{SubjectID: id})
	s.ok(err)
	got, mails := []string{}, 0
	for _, e := range list {
		var data struct{ Kind string }
		s.ok(e.Decode(&data))
		if e.Type == "task.opened" && data.Kind == kind {
			got = append(got, civil.Of(e.OccurredAt, time.UTC).String())
		}
	}
	s.write(func(tx *db.Tx) error {
		return tx.SQL().QueryRowContext(s.ctx, `SELECT COUNT(*) FROM mails WHERE kind = 'staff_alert' AND subject_id = $1`, id).Scan(&mails)
	})
	if !slices.Equal(got, want) || mails != len(want) {
		s.Errorf("staff were asked on %q and written to %d times, want %q", got, mails, want)
	}
}

// proven checks that the books say the same as everything else.
func (s *shop) proven() {
	s.Helper()
	if found := must(s.Billing.Verify(s.ctx))(s.T); len(found) > 0 {
		s.Errorf("differences: %+v", found)
	}
}

// hosting is a subscription of a customer, paid for a period from a day on.
func (s *shop) hosting(cycle string, amount int64) (subscriptionID, invoiceID string) {
	s.Helper()
	product := must(s.Catalog.CreateProduct(s.ctx, catalog.NewProduct{Slug: "hosting", Name: "Hosting"}))(s.T)
	plan := must(s.Catalog.CreatePlan(s.ctx, product.ID, catalog.NewPlan{Name: "Web", ActivationType: "device", ActivationLimit: 1}))(s.T)
	price := must(s.Catalog.CreatePrice(s.ctx, plan.ID, catalog.NewPrice{Cycle: cycle, Money: eur(amount)}))(s.T)
	o := must(s.Orders.Place(s.ctx, order.Input{CustomerID: s.customer, Items: []order.Item{{PriceID: price.ID, Quantity: 1}}}))(s.T)
	s.pay(o.InvoiceID)
	o = must(s.Orders.ByID(s.ctx, o.ID))(s.T)
	return o.SubscriptionIDs[0], o.InvoiceID
}
