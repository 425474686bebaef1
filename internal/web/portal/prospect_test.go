package portal

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/subscription"
	"github.com/keystead/keystead/internal/web/ui"
)

func TestProspects(t *testing.T) {
	t.Parallel()
	march := func(day int) civil.Date { return civil.On(2027, time.March, day) }
	// month is a subscription whose months, from 1 March 2027 on, are in these states.
	month := func(states ...subscription.PeriodState) subscription.Subscription {
		s := subscription.Subscription{
			ID: "sub_1", PriceID: "prc_1", Unit: money.New(1000, "EUR"), Quantity: 1, Cycle: civil.Monthly, Anchor: march(1), StartedOn: march(1), NextDue: march(1),
			CreditDue: money.New(0, "EUR"),
		}
		for _, state := range states {
			p := subscription.Period{Period: s.Schedule().WholeAt(s.NextDue), DueOn: s.NextDue, State: state}
			s.Periods, s.NextDue = append(s.Periods, p), p.End
		}
		return s
	}
	with := func(s subscription.Subscription, f func(*subscription.Subscription)) subscription.Subscription {
		f(&s)
		return s
	}
	ended := func(why subscription.EndReason) subscription.Subscription {
		return with(month(subscription.PeriodPaid), func(s *subscription.Subscription) { s.EndedOn, s.EndReason = march(9), why })
	}
	settings := setting.Settings{TimeZone: time.UTC, InvoiceDays: 14, GraceDays: 14, ExpireDays: 30, RetryDays: []int{1, 3}}
	card := &payment.Method{Label: "Card 1"}
	bill := &billing.Invoice{
		ID: "inv_1", Status: billing.Open, Kind: billing.KindRenewal, Total: money.New(1000, "EUR"), Credited: money.New(0, "EUR"), Paid: money.New(0, "EUR"), DueOn: civil.On(2027, time.April, 1),
		Step: "retry_1", StepOn: civil.On(2027, time.April, 2),
	}
	p := ui.Page{Store: ui.Store{Name: "Northwind"}}
	for name, c := range map[string]struct {
		sub    subscription.Subscription
		on     civil.Date
		card   *payment.Method
		bill   *billing.Invoice
		credit int64
		next   int64

		sentence, todo, plan, unless string
	}{
		"paid, with a card": {
			month("paid"), march(10), card, nil, 0, 1190, "Paid until 31 March 2027; it renews on 1 April 2027", "",
			"18 March 2027: You get the invoice of €11.90. 1 April 2027: €11.90 are charged to Card\u00a01.",
			"15 April 2027: It is suspended until it is paid. Nothing is lost. 1 May 2027: It ends for good.",
		},
		"paid, without": {month("paid"), march(10), nil, nil, 0, 1190, "it renews on 1 April 2027", "", "1 April 2027: €11.90 are due.", "ends for good"},
		"for nothing":   {month("paid"), march(10), nil, nil, 0, 0, "", "", "1 April 2027: It renews, and nothing is to be paid.", ""},
		"credit pays":   {month("paid"), march(10), card, nil, 2000, 1190, "", "", "1 April 2027: It renews, paid from your credit of €20.00.", ""},
		"credit helps":  {month("paid"), march(10), card, nil, 190, 1190, "", "", "€10.00 are charged to", "ends for good"},
		"due":           {month("paid", "open"), march(30), card, bill, 0, 0, "Paid until 31 March 2027; €10.00 are due on 1 April 2027", "", "2 April 2027: €10.00 are charged", "15 April 2027"},
		"in grace": {
			month("paid", "open"), civil.On(2027, time.April, 3), card, bill, 0, 0, "€10.00 have been due since 1 April 2027",
			"It still works until 14 April 2027. After that it is suspended until it is paid. We charge Card\u00a01 again on 3 April 2027.", "", "",
		},
		"held":     {month("paid", "open"), civil.On(2027, time.April, 16), nil, bill, 0, 0, "Suspended, because a payment is missing", "Suspended: €10.00 are missing Pay, and it works again at once. Nothing is lost. On 1 May 2027 it ends for good.", "", "1 May 2027: It ends for good."},
		"disputed": {month("disputed"), march(10), card, nil, 0, 0, "Suspended, because a payment for it is disputed", "Your bank", "", ""},
		"paused": {
			with(month("paid"), func(s *subscription.Subscription) { s.PausedOn = march(5) }), march(10), card, nil, 0, 0, "Paused by Northwind", "Write to us to have it go on.", "", "",
		},
		"leaving": {
			with(month("paid"), func(s *subscription.Subscription) { s.CancelOn = civil.On(2027, time.April, 1) }), march(10), card, nil, 0, 0,
			"Cancelled; it runs until 31 March 2027", "you can change your mind", "", "",
		},
		"undecided":     {month("paid", "removed"), march(20), card, nil, 0, 0, "", "The time from 1 April 2027 is neither invoiced nor paid", "", ""},
		"cancelled":     {ended(subscription.EndedCancelled), march(20), nil, nil, 0, 0, "Ended on 9 March 2027, as it was cancelled", "You can buy it again", "", ""},
		"unpaid":        {ended(subscription.EndedUnpaid), march(20), nil, nil, 0, 0, "Ended on 9 March 2027, because it was not paid", "You can buy it again", "", ""},
		"refunded":      {ended(subscription.EndedRefunded), march(20), nil, nil, 0, 0, "as it was refunded", "Write to us", "", ""},
		"dispute lost":  {ended(subscription.EndedDisputeLost), march(20), nil, nil, 0, 0, "because its payment was taken back", "Write to us", "", ""},
		"ended by hand": {ended(subscription.EndedByStaff), march(20), nil, nil, 0, 0, "Ended on 9 March 2027 by Northwind", "Write to us", "", ""},
	} {
		l := ledge{settings: &settings, now: c.on.StartIn(time.UTC).Add(time.Hour), method: c.card, customer: customer.Customer{Credit: []money.Money{money.New(c.credit, "EUR")}}}
		o := l.of(c.sub)
		o.bill = c.bill
		if got := o.sentence(p); !strings.Contains(got, c.sentence) {
			t.Errorf("%s: %q, want %q", name, got, c.sentence)
		}
		said := ""
		if todo := o.todo(p); todo != nil {
			said = todo.Title + " " + todo.Text
		}
		if (c.todo == "") != (said == "") || !strings.Contains(said, c.todo) {
			t.Errorf("%s: to do %q, want %q", name, said, c.todo)
		}
		plan, unless := o.ahead(money.New(c.next, "EUR"))
		if got := inWords(plan); !strings.Contains(got, c.plan) {
			t.Errorf("%s: ahead %q, want %q", name, got, c.plan)
		}
		if got := inWords(unless); !strings.Contains(got, c.unless) {
			t.Errorf("%s: unless it is paid %q, want %q", name, got, c.unless)
		}
	}
}

// A live store has no page on which a card is saved without paying something, so nobody is sent there.
func TestATrialWithoutAWayToSaveACard(t *testing.T) {
	t.Parallel()
	end := time.Date(2027, time.March, 15, 12, 0, 0, 0, time.UTC)
	s := subscription.Subscription{
		ID: "sub_1", Unit: money.New(1000, "EUR"), Quantity: 1, Cycle: civil.Monthly, Anchor: civil.On(2027, time.March, 15), StartedOn: civil.On(2027, time.March, 1),
		NextDue: civil.On(2027, time.March, 15), TrialEndsAt: &end, CreditDue: money.New(0, "EUR"),
		Periods: []subscription.Period{{Period: civil.Period{Start: civil.On(2027, time.March, 1), End: civil.On(2027, time.March, 15)}, State: subscription.PeriodGiven}},
	}
	for _, canAdd := range []bool{true, false} {
		l := ledge{settings: &setting.Settings{TimeZone: time.UTC}, now: end.AddDate(0, 0, -3), canAdd: canAdd}
		c := l.of(s).todo(ui.Page{})
		if c == nil || (len(c.Actions) == 1) != canAdd || strings.Contains(c.Text, "write to us before") == canAdd {
			t.Errorf("%v: %+v", canAdd, c)
		}
	}
}

var markup = regexp.MustCompile(`<[^>]*>`)

func inWords(events []ui.Event) string {
	var all []string
	for _, e := range events {
		all = append(all, markup.ReplaceAllString(string(e.When), "")+": "+e.What)
	}
	return strings.Join(all, " ")
}
