package proration_test

import (
	"math/big"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/proration"
	"github.com/keystead/keystead/internal/tax"
)

var (
	monthly   = civil.Monthly.Interval()
	quarterly = civil.Quarterly.Interval()
	yearly    = civil.Annual.Interval()
	weekly    = civil.Interval{Days: 7}
)

func date(t *testing.T, s string) civil.Date {
	t.Helper()
	d, err := civil.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func period(t *testing.T, start, end string) civil.Period {
	t.Helper()
	return civil.Period{Start: date(t, start), End: date(t, end)}
}

func instant(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// midnight is the first instant of a date in UTC.
func midnight(t *testing.T, s string) time.Time {
	t.Helper()
	return date(t, s).StartIn(time.UTC)
}

func eur(t *testing.T, s string) money.Money {
	t.Helper()
	m, err := money.ParseDecimal(s, "EUR")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// is compares an amount with what a case expects.
func is(t *testing.T, what string, got money.Money, want string) {
	t.Helper()
	if got != eur(t, want) {
		t.Errorf("%s = %s, want %s", what, got, want)
	}
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// begin bills a stretch and checks what it costs.
func begin(t *testing.T, price string, term proration.Term, p civil.Period, want string) proration.Stretch {
	t.Helper()
	s, charge, err := proration.Begin(eur(t, price), term, p)
	if err != nil {
		t.Fatal(err)
	}
	is(t, "charge for "+p.String(), charge, want)
	return s
}

// inAny runs a case in which all profiles must agree.
func inAny(t *testing.T, test func(*testing.T, proration.Profile)) {
	t.Helper()
	for _, p := range proration.Profiles() {
		t.Run(string(p), func(t *testing.T) {
			t.Parallel()
			test(t, p)
		})
	}
}

// Whole periods cost the whole price in every profile, whatever the lengths of months and days: the amounts of the
// cases in groups A and B, and C16.
func TestWholePeriods(t *testing.T) {
	t.Parallel()
	juneau := must(time.LoadLocation("America/Juneau"))(t)
	losAngeles := must(time.LoadLocation("America/Los_Angeles"))(t)
	tests := []struct {
		name     string
		schedule civil.Schedule
		periods  int
		zone     *time.Location
		price    string
	}{
		{"A1", civil.Anniversary(date(t, "2022-12-31"), monthly), 15, time.UTC, "10.01"},
		{"A2", civil.Anniversary(date(t, "2022-04-30"), monthly), 23, time.UTC, "10.01"},
		{"A4", civil.Anniversary(date(t, "2022-12-31"), quarterly), 4, time.UTC, "10.01"},
		{"A5", civil.Anniversary(date(t, "2022-04-30"), quarterly), 6, time.UTC, "10.01"},
		{"A7", civil.Anniversary(date(t, "2024-01-31"), monthly), 3, time.UTC, "10.01"},
		{"A8", civil.Anniversary(date(t, "2024-01-30"), monthly), 4, time.UTC, "10.01"},
		{"A10", civil.Anniversary(date(t, "2024-01-31"), yearly), 1, time.UTC, "10.01"},
		{"A11", civil.OnBillDay(date(t, "2012-04-30"), monthly, 31), 12, time.UTC, "10.01"},
		{"A19", civil.Anniversary(date(t, "2015-05-01"), weekly), 11, time.UTC, "29.95"},
		{"A20 common year", civil.Anniversary(date(t, "2023-01-31"), monthly), 3, time.UTC, "10.01"},
		{"A20 leap year", civil.Anniversary(date(t, "2024-01-31"), monthly), 3, time.UTC, "10.01"},
		{"B1", civil.OnBillDay(date(t, "2015-10-01"), monthly, 1), 19, juneau, "249.95"},
		{"B4", civil.Anniversary(date(t, "2017-03-31"), monthly), 3, losAngeles, "29.95"},
		{"B5", civil.Anniversary(date(t, "2017-12-01"), monthly), 3, losAngeles, "29.95"},
		{"B7", civil.Calendar(date(t, "2023-02-01"), weekly), 3, must(time.LoadLocation("America/Bogota"))(t), "10.01"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inAny(t, func(t *testing.T, p proration.Profile) {
				for n := range tt.periods {
					whole := tt.schedule.Whole(n)
					begin(t, tt.price, proration.Term{Profile: p, Interval: tt.schedule.Interval, Whole: whole, Zone: tt.zone}, whole, tt.price)
				}
			})
		})
	}
}

// B2: cancelled for the end of the period, there is nothing to credit. In every profile, although only one is asked.
func TestB2(t *testing.T) {
	t.Parallel()
	loc := must(time.LoadLocation("America/Los_Angeles"))(t)
	inAny(t, func(t *testing.T, p proration.Profile) {
		whole := period(t, "2015-11-01", "2015-12-01")
		s := begin(t, "249.95", proration.Term{Profile: p, Interval: monthly, Whole: whole, Zone: loc}, whole, "249.95")
		is(t, "credit", must(s.Cancel(instant(t, "2015-12-01T08:00:00Z")))(t), "0.00")
		if s.Period != whole {
			t.Errorf("the stretch is now %v", s.Period)
		}
	})
}

// C1, C2: leading stubs of monthly plans with a bill day.
func TestLeadingStubs(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		start   string
		billDay int
		end     string
		want    string
	}{
		{"C1 customer 1", "2023-05-15", 23, "2023-05-23", "5.32"},
		{"C1 customer 2", "2023-06-15", 23, "2023-06-23", "5.32"},
		{"C2 customer 1", "2023-05-23", 15, "2023-06-15", "14.63"},
		{"C2 customer 2", "2023-06-23", 15, "2023-07-15", "14.63"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			schedule := civil.OnBillDay(date(t, tt.start), monthly, tt.billDay)
			due := schedule.Due(civil.Billing{Timing: civil.InAdvance}, date(t, tt.start))
			if len(due) != 1 || due[0].Period != period(t, tt.start, tt.end) {
				t.Fatalf("due %v", due)
			}
			begin(t, "19.95", proration.Term{Profile: proration.Fixed30, Interval: monthly, Whole: due[0].Whole}, due[0].Period, tt.want)
		})
	}
}

// C4, C5, D10, D11 (net): cancelled at once, the unused part is credited.
func TestCancelAtOnce(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name         string
		price        string
		profile      proration.Profile
		start, end   string
		on           string
		credit, left string
	}{
		{"C4", "19.95", proration.Fixed30, "2023-04-23", "2023-05-23", "2023-05-15", "5.32", "14.63"},
		{"C5", "19.95", proration.Fixed30, "2023-05-15", "2023-06-15", "2023-05-23", "14.63", "5.32"},
		{"C17", "19.95", proration.DaysActual, "2013-06-15", "2013-07-15", "2013-07-01", "9.31", "10.64"},
		{"D10", "200.00", proration.DaysActual, "2025-04-01", "2025-05-01", "2025-04-02", "193.33", "6.67"},
		{"D11", "160.00", proration.DaysActual, "2025-04-01", "2025-05-01", "2025-04-02", "154.67", "5.33"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			whole := period(t, tt.start, tt.end)
			s := begin(t, tt.price, proration.Term{Profile: tt.profile, Interval: monthly, Whole: whole}, whole, tt.price)
			is(t, "credit", must(s.Cancel(midnight(t, tt.on)))(t), tt.credit)
			is(t, "used", must(s.Line.Net())(t), tt.left)
			if want := period(t, tt.start, tt.on); s.Period != want {
				t.Errorf("used %v, want %v", s.Period, want)
			}
			is(t, "cancelled again", must(s.Cancel(midnight(t, tt.on)))(t), "0.00")
		})
	}
}

// C7: the rest of the period is billed when a paused subscription is resumed.
func TestC7(t *testing.T) {
	t.Parallel()
	schedule := civil.OnBillDay(date(t, "2012-03-02"), monthly, 2)
	billing := civil.Billing{Timing: civil.InAdvance, Billed: date(t, "2012-04-05")}
	due := schedule.Due(billing, date(t, "2012-04-05"))
	if len(due) != 1 || due[0].Period != period(t, "2012-04-05", "2012-05-02") {
		t.Fatalf("due %v", due)
	}
	s := begin(t, "249.95", proration.Term{Profile: proration.DaysActual, Interval: monthly, Whole: due[0].Whole}, due[0].Period, "224.96")
	credit := eur(t, "233.82")
	is(t, "credit left", must(credit.Sub(must(s.Line.Net())(t)))(t), "8.86")

	billing.Billed = due[0].Period.End
	if early := schedule.Due(billing, date(t, "2012-05-01")); early != nil {
		t.Errorf("due before the next period: %v", early)
	}
	if next := schedule.Due(billing, date(t, "2012-05-02")); len(next) != 1 || !next[0].IsWhole() {
		t.Errorf("next due %v", next)
	}
}

// C8, C10, C11, C22, C23: the shares of parts cut by a schedule.
func TestShares(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		schedule civil.Schedule
		service  civil.Period
		want     []string // the end of each part and its share
	}{
		{
			"C8", civil.OnBillDay(date(t, "2011-01-10"), yearly, 17), period(t, "2011-01-10", "2012-03-04"),
			[]string{"2011-01-17 7/365", "2012-01-17 1/1", "2012-03-04 47/366"},
		},
		{"C10", civil.OnBillDay(date(t, "2012-02-01"), monthly, 1), period(t, "2012-02-01", "2012-02-15"), []string{"2012-02-15 14/29"}},
		{
			"C11", civil.OnBillDay(date(t, "2011-01-31"), monthly, 7), period(t, "2011-01-31", "2011-03-10"),
			[]string{"2011-02-07 7/31", "2011-03-07 1/1", "2011-03-10 3/31"},
		},
		{
			"C22",
			civil.Schedule{Start: date(t, "2024-05-20"), Anchor: date(t, "2024-01-15"), Interval: quarterly},
			period(t, "2024-05-20", "2024-06-21"),
			[]string{"2024-06-21 32/91"},
		},
		{
			"C23", civil.Anniversary(date(t, "2023-07-19"), monthly).WithInterval(yearly), period(t, "2023-11-19", "2024-07-19"),
			[]string{"2024-07-19 81/122"}, // 243/366
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, part := range tt.schedule.Parts(tt.service) {
				term := proration.Term{Profile: proration.DaysActual, Interval: tt.schedule.Interval, Whole: part.Whole}
				got = append(got, part.Period.End.String()+" "+must(term.Share(part.Period))(t).String())
			}
			if len(got) != len(tt.want) {
				t.Fatalf("parts %v, want %v", got, tt.want)
			}
			for i := range got {
				if got[i] != tt.want[i] {
					t.Errorf("part %d = %s, want %s", i, got[i], tt.want[i])
				}
			}
		})
	}
}

// C13: yearly to monthly on the first day. The year comes back whole and pays the months.
func TestC13(t *testing.T) {
	t.Parallel()
	year, month := period(t, "2012-05-01", "2013-05-01"), period(t, "2012-05-01", "2012-06-01")
	inAny(t, func(t *testing.T, p proration.Profile) {
		s := begin(t, "2399.95", proration.Term{Profile: p, Interval: yearly, Whole: year}, year, "2399.95")
		schedule := civil.Anniversary(year.Start, yearly).WithInterval(monthly)
		if got := schedule.WholeAt(year.Start); got != month {
			t.Fatalf("the new period is %v", got)
		}
		change := must(s.Change(midnight(t, "2012-05-01"), eur(t, "249.95"), proration.Term{Profile: p, Interval: monthly, Whole: month}))(t)
		is(t, "credit", change.Credit, "2399.95")
		is(t, "charge", change.Charge, "249.95")
		is(t, "to pay", change.ToPay, "-2150.00")
		if change.Next.Period != month || !s.Period.IsEmpty() {
			t.Errorf("next %v, old %v", change.Next.Period, s.Period)
		}

		credit := must(change.ToPay.Neg())(t)
		for n := 1; n <= 2; n++ {
			next := begin(t, "249.95", proration.Term{Profile: p, Interval: monthly, Whole: schedule.Whole(n)}, schedule.Whole(n), "249.95")
			credit = must(credit.Sub(must(next.Line.Net())(t)))(t)
		}
		is(t, "credit left", credit, "1650.10")
	})
}

// C14: what staff have credited by hand is not credited twice.
func TestC14(t *testing.T) {
	t.Parallel()
	month := period(t, "2012-05-01", "2012-06-01")
	term := proration.Term{Profile: proration.DaysActual, Interval: monthly, Whole: month}
	s := begin(t, "249.95", term, month, "249.95")

	would := s
	is(t, "credit without the one by hand", must(would.Cancel(midnight(t, "2012-05-02")))(t), "241.89")

	if err := s.Line.CreditByHand(eur(t, "10.00")); err != nil {
		t.Fatal(err)
	}
	change := must(s.Change(midnight(t, "2012-05-02"), eur(t, "9.95"), term))(t)
	is(t, "charge", change.Charge, "9.63")
	is(t, "credit", change.Credit, "239.95")
	is(t, "to pay", change.ToPay, "-230.32")
	is(t, "left of the old line", must(s.Line.Net())(t), "0.00")
	if want := period(t, "2012-05-02", "2012-06-01"); change.Next.Period != want {
		t.Errorf("charged for %v, want %v", change.Next.Period, want)
	}
}

// C16: a quantity multiplies the price before it is rounded.
func TestC16(t *testing.T) {
	t.Parallel()
	schedule := civil.Anniversary(date(t, "2022-11-27"), monthly)
	inAny(t, func(t *testing.T, p proration.Profile) {
		for n, want := range []struct {
			quantity int64
			amount   string
		}{{7, "209.65"}, {10, "299.50"}} {
			price := must(eur(t, "29.95").MulInt(want.quantity))(t)
			whole := schedule.Whole(n)
			_, charge, err := proration.Begin(price, proration.Term{Profile: p, Interval: monthly, Whole: whole}, whole)
			if err != nil {
				t.Fatal(err)
			}
			is(t, whole.String(), charge, want.amount)
		}
	})
}

// C17: cancelled, both documents voided, billed again up to the end: used and unused part make the price.
func TestC17(t *testing.T) {
	t.Parallel()
	schedule := civil.Anniversary(date(t, "2013-06-15"), monthly)
	end := date(t, "2013-07-01")
	whole := schedule.Whole(0)
	term := proration.Term{Profile: proration.DaysActual, Interval: monthly, Whole: whole}
	s := begin(t, "19.95", term, whole, "19.95")
	unused := must(s.Cancel(end.StartIn(time.UTC)))(t)
	is(t, "credit", unused, "9.31")

	due := schedule.Due(civil.Billing{Timing: civil.InAdvance, End: end}, end)
	if len(due) != 1 || due[0].Period != period(t, "2013-06-15", "2013-07-01") {
		t.Fatalf("due after both voids: %v", due)
	}
	again := begin(t, "19.95", term, due[0].Period, "10.64")
	is(t, "used and unused", must(must(again.Line.Net())(t).Add(unused))(t), "19.95")
	is(t, "credit of the customer", must(eur(t, "20.00").Sub(must(again.Line.Net())(t)))(t), "9.36")
}

// C20: two upgrades in one hour, with calendar billing and VAT.
func TestC20(t *testing.T) {
	t.Parallel()
	schedule := civil.Calendar(date(t, "2024-03-05"), monthly)
	due := schedule.Due(civil.Billing{Timing: civil.InAdvance}, date(t, "2024-03-05"))
	if len(due) != 1 || due[0].Period != period(t, "2024-03-05", "2024-04-01") {
		t.Fatalf("due %v", due)
	}
	term := proration.Term{Profile: proration.DaysActual, Interval: monthly, Whole: due[0].Whole}
	first := begin(t, "10.00", term, due[0].Period, "8.71")

	upgrade := must(first.Change(instant(t, "2024-03-12T12:12:00Z"), eur(t, "15.00"), term))(t)
	is(t, "second line", upgrade.Charge, "9.68")
	is(t, "credit of the first", upgrade.Credit, "6.45")
	is(t, "credit note of the first", creditNote(t, "8.71", upgrade.Credit, "25"), "8.06")

	again := must(upgrade.Next.Change(instant(t, "2024-03-12T13:12:00Z"), eur(t, "19.00"), term))(t)
	is(t, "third line", again.Charge, "12.26")
	is(t, "credit of the second", again.Credit, "9.68")
	is(t, "credit note of the second", creditNote(t, "9.68", again.Credit, "25"), "12.10")
	if want := period(t, "2024-03-12", "2024-04-01"); again.Next.Period != want || upgrade.Next.Period.Days() != 0 {
		t.Errorf("charged for %v, the second line now has %v", again.Next.Period, upgrade.Next.Period)
	}
}

// creditNote returns the gross total of a credit note over part of an invoice of one line.
func creditNote(t *testing.T, line string, credit money.Money, rate string) money.Money {
	t.Helper()
	lines := []tax.Line{{Amount: eur(t, line), Category: tax.Rated(tax.MustPercent(rate))}}
	invoice := must(tax.Compute(tax.Exclusive, "EUR", lines, nil))(t)
	return must(invoice.Credit(tax.Credited{}, []money.Money{credit}))(t).Total
}

// C22: the denominator is the whole period, not the part since the upgrade.
func TestC22(t *testing.T) {
	t.Parallel()
	term := proration.Term{Profile: proration.DaysActual, Interval: quarterly, Whole: period(t, "2024-04-15", "2024-07-15")}
	begin(t, "910.00", term, period(t, "2024-05-20", "2024-06-21"), "320.00")
}

// C23: the yearly plan that follows the paid month reaches to the anchor of the subscription.
func TestC23(t *testing.T) {
	t.Parallel()
	months := civil.Anniversary(date(t, "2023-07-19"), monthly)
	for n := range 4 {
		whole := months.Whole(n)
		begin(t, "129.00", proration.Term{Profile: proration.DaysActual, Interval: monthly, Whole: whole}, whole, "129.00")
	}
	paid := months.Whole(3).End
	due := months.WithInterval(yearly).Due(civil.Billing{Timing: civil.InAdvance, Billed: paid}, paid)
	if len(due) != 1 || due[0].Period != period(t, "2023-11-19", "2024-07-19") {
		t.Fatalf("due %v", due)
	}
	begin(t, "1188.00", proration.Term{Profile: proration.DaysActual, Interval: yearly, Whole: due[0].Whole}, due[0].Period, "788.75")
}

// C25: the last day of service is 21 February, so the unused part starts on the 22nd.
func TestC25(t *testing.T) {
	t.Parallel()
	schedule := civil.Calendar(date(t, "2025-02-08"), monthly)
	part := schedule.Parts(period(t, "2025-02-08", "2025-03-01"))[0]
	s := begin(t, "100.00", proration.Term{Profile: proration.DaysActual, Interval: monthly, Whole: part.Whole}, part.Period, "75.00")
	vat := tax.Rated(tax.MustPercent("20"))
	invoice := must(tax.Compute(tax.Exclusive, "EUR", []tax.Line{{Amount: eur(t, "75.00"), Category: vat}}, nil))(t)
	is(t, "first invoice", invoice.Total, "90.00")

	credit := must(s.Cancel(date(t, "2025-02-21").AddDays(1).StartIn(time.UTC)))(t)
	is(t, "credit", credit, "25.00")
	note := must(invoice.Credit(tax.Credited{}, []money.Money{credit}))(t)
	is(t, "credit note", note.Total, "30.00")
	is(t, "its VAT", note.Tax, "5.00")

	refund, account, err := proration.Settle(invoice.Total, eur(t, "75.00"), note.Total)
	if err != nil {
		t.Fatal(err)
	}
	is(t, "refund", refund, "15.00")
	is(t, "account credit", account, "15.00")

	is(t, "due", must(finalInvoice(t).Total.Sub(account))(t), "45.00")
	// I3: charged − credited − (paid − refunded to card and account).
	first := must(money.Sum("EUR", invoice.Total, eur(t, "-30.00"), eur(t, "-75.00"), refund, account))(t)
	is(t, "first invoice open", first, "15.00")
}

// finalInvoice is for the usage in C25 and C26.
func finalInvoice(t *testing.T) tax.Document {
	t.Helper()
	usage := tax.Line{Amount: eur(t, "50.00"), Category: tax.Rated(tax.MustPercent("20"))}
	return must(tax.Compute(tax.Exclusive, "EUR", []tax.Line{usage}, nil))(t)
}

// C26: in mode "skip" nothing of the first invoice is credited, and the final one is due as it is.
func TestC26(t *testing.T) {
	t.Parallel()
	is(t, "due", finalInvoice(t).Total, "60.00")
}

// C28: upgraded after 12 of 30 days.
func TestC28(t *testing.T) {
	t.Parallel()
	april := period(t, "2025-04-01", "2025-05-01")
	inAny(t, func(t *testing.T, p proration.Profile) {
		term := proration.Term{Profile: p, Interval: monthly, Whole: april}
		s := begin(t, "99.00", term, april, "99.00")
		change := must(s.Change(midnight(t, "2025-04-13"), eur(t, "249.00"), term))(t)
		is(t, "credit", change.Credit, "59.40")
		is(t, "charge", change.Charge, "149.40")
		is(t, "to pay", change.ToPay, "90.00")
	})
}

// C29: upgraded by the second, with prices that include VAT.
func TestC29(t *testing.T) {
	t.Parallel()
	month := period(t, "2023-10-18", "2023-11-18")
	term := proration.Term{
		Profile: proration.Seconds, Interval: monthly, Whole: month,
		Starts: instant(t, "2023-10-18T10:41:13Z"), Ends: instant(t, "2023-11-18T10:41:13Z"),
	}
	at := instant(t, "2023-10-18T10:56:23Z")
	left := must(term.ShareFrom(at, month.End))(t)
	if left.Cmp(big.NewRat(2677490, 2678400)) != 0 || left.FloatString(5) != "0.99966" {
		t.Errorf("share left %v", left)
	}

	a := begin(t, "15.00", term, month, "15.00")
	change := must(a.Change(at, eur(t, "20.00"), term))(t)
	is(t, "new line", change.Charge, "19.99")
	is(t, "(a) credit", change.Credit, "14.99")
	is(t, "(a) to pay", change.ToPay, "5.00")

	lines := []tax.Line{{Amount: change.Charge, Category: tax.Rated(tax.MustPercent("20"))}}
	invoice := must(tax.Compute(tax.Inclusive, "EUR", lines, nil))(t)
	is(t, "net", invoice.Net, "16.66")
	is(t, "VAT", invoice.Tax, "3.33")

	b := begin(t, "15.00", term, month, "15.00")
	all := must(b.Line.Credit(big.NewRat(1, 1)))(t)
	is(t, "(b) to pay", must(change.Charge.Sub(all))(t), "4.99")
}

// C31: a period cut into days costs what the whole costs.
func TestC31(t *testing.T) {
	t.Parallel()
	may := period(t, "2012-05-01", "2012-06-01")
	term := proration.Term{Profile: proration.DaysActual, Interval: monthly, Whole: may}
	line := proration.NewLine(eur(t, "249.95"))
	sum := eur(t, "0.00")
	for d := may.Start; d.Before(may.End); d = d.AddDays(1) {
		share := must(term.Share(civil.Period{Start: d, End: d.AddDays(1)}))(t)
		sum = must(sum.Add(must(line.Charge(share))(t)))(t)
	}
	is(t, "sum of the days", sum, "249.95")
}

// E4: the suspended part of a paid period is credited when the service goes on.
func TestE4(t *testing.T) {
	t.Parallel()
	whole := period(t, "2012-06-30", "2012-07-31")
	s := begin(t, "249.95", proration.Term{Profile: proration.DaysActual, Interval: monthly, Whole: whole}, whole, "249.95")
	is(t, "credit", must(s.Credit(period(t, "2012-07-10", "2012-07-31")))(t), "169.32")
	is(t, "not twice", must(s.Credit(period(t, "2012-06-01", "2012-09-01")))(t), "80.63")
}

// What lies outside of a stretch is not credited, and a stretch that is cancelled before it starts is credited whole.
func TestOutsideOfAStretch(t *testing.T) {
	t.Parallel()
	term := proration.Term{Profile: proration.DaysActual, Interval: monthly, Whole: period(t, "2025-04-01", "2025-05-01")}
	s := begin(t, "30.00", term, period(t, "2025-04-11", "2025-04-21"), "10.00")
	is(t, "before", must(s.Credit(period(t, "2025-04-01", "2025-04-11")))(t), "0.00")
	is(t, "after", must(s.Credit(period(t, "2025-04-21", "2025-05-01")))(t), "0.00")
	is(t, "partly", must(s.Credit(period(t, "2025-04-01", "2025-04-12")))(t), "1.00")
	is(t, "cancelled after its end", must(s.Cancel(midnight(t, "2025-04-25")))(t), "0.00")
	is(t, "cancelled before its start", must(s.Cancel(midnight(t, "2025-03-25")))(t), "9.00")
	if want := period(t, "2025-04-11", "2025-04-11"); s.Period != want {
		t.Errorf("the stretch is now %v", s.Period)
	}
}
