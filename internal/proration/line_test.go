package proration_test

import (
	"math/big"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/proration"
)

// I8 and P5: however a period is cut, used and unused part make the price. A cut is a date, or an instant.
func TestUsedAndUnusedMakeThePrice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		term := anyTerm().Draw(t, "term")
		price := money.New(rapid.Int64Range(0, 1e9).Draw(t, "price"), "EUR")
		s, charge, err := proration.Begin(price, term, term.Whole)
		if err != nil || charge != price {
			t.Fatalf("charged %v, %v", charge, err)
		}
		seconds := int64(term.Whole.Days()+2) * 86400
		at := term.Whole.Start.StartIn(time.UTC).Add(time.Duration(rapid.Int64Range(-86400, seconds).Draw(t, "at")) * time.Second)
		credit, err := s.Cancel(at)
		if err != nil || credit.Amount < 0 {
			t.Fatalf("credit %v, %v", credit, err)
		}
		used, err := s.Line.Net()
		if err != nil || used.Amount+credit.Amount != price.Amount {
			t.Fatalf("used %v, unused %v of %v, %v", used, credit, price, err)
		}
	})
}

// P5: charges and credits in any order: the net is always the rounded share, less what was credited by hand, and what
// moves is the difference. I5: the credits never exceed the charges.
func TestRunningTotal(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		price := money.New(rapid.Int64Range(0, 1e9).Draw(t, "price"), "JPY")
		line := proration.NewLine(price)
		var net int64
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			share := big.NewRat(rapid.Int64Range(0, 31).Draw(t, "part"), 31)
			switch rapid.IntRange(0, 2).Draw(t, "kind") {
			case 0:
				amount, err := line.Charge(share)
				if err != nil {
					continue // beyond the whole period
				}
				net += amount.Amount
			case 1:
				amount, err := line.Credit(share)
				if err != nil || amount.Amount < 0 {
					t.Fatalf("credit %v, %v", amount, err)
				}
				net -= amount.Amount
			case 2:
				amount := rapid.Int64Range(0, 1000).Draw(t, "by hand")
				if line.CreditByHand(money.New(amount, "JPY")) == nil {
					net -= amount
				}
			}
			got, err := line.Net()
			if err != nil || got.Amount != net || net < 0 || net > price.Amount {
				t.Fatalf("net %v, %v, but %d was moved", got, err, net)
			}
			exact, err := price.MulRat(line.Share)
			if err != nil || net != max(0, exact.Amount-line.ByHand.Amount) {
				t.Fatalf("net %d, but %v is billed and %v credited by hand", net, exact, line.ByHand)
			}
		}
	})
}

// C31 for any way of cutting any period at any price.
func TestSlicesSumExactly(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		term := anyTerm().Draw(t, "term")
		line := proration.NewLine(money.New(rapid.Int64Range(0, 1e9).Draw(t, "price"), "EUR"))
		var sum int64
		for at := term.Whole.Start; at.Before(term.Whole.End); {
			part := civil.Period{Start: at, End: at.AddDays(rapid.IntRange(1, 40).Draw(t, "days"))}.Clip(term.Whole)
			share, err := term.Share(part)
			if err != nil {
				t.Fatal(err)
			}
			charge, err := line.Charge(share)
			if err != nil || charge.Amount < 0 {
				t.Fatalf("charge %v, %v", charge, err)
			}
			sum += charge.Amount
			at = part.End
		}
		if sum != line.Price.Amount {
			t.Fatalf("the slices sum to %d of %v", sum, line.Price)
		}
	})
}

// Any chain of changes keeps the sum: what is charged and not credited is what the used parts cost.
func TestChangesLeaveWhatIsUsed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		term := anyTerm().Draw(t, "term")
		prices := rapid.SliceOfN(rapid.Int64Range(0, 1e7), 2, 6).Draw(t, "prices")
		s, charge, err := proration.Begin(money.New(prices[0], "EUR"), term, term.Whole)
		if err != nil {
			t.Fatal(err)
		}
		paid := charge.Amount
		var used []proration.Line
		day := 0
		for _, price := range prices[1:] {
			day = rapid.IntRange(day, term.Whole.Days()-1).Draw(t, "day")
			at := term.Whole.Start.AddDays(day).StartIn(term.Zone)
			if !term.Whole.Contains(civil.Of(at, term.Zone)) {
				continue // a day that the zone left out at the end of the period
			}
			change, err := s.Change(at, money.New(price, "EUR"), term)
			if err != nil {
				t.Fatal(err)
			}
			if change.ToPay.Amount != change.Charge.Amount-change.Credit.Amount || change.Credit.Amount < 0 {
				t.Fatalf("change %+v", change)
			}
			paid += change.ToPay.Amount
			used = append(used, s.Line)
			s = change.Next
		}
		used = append(used, s.Line)
		var worth int64
		shares := new(big.Rat)
		for _, l := range used {
			net, err := l.Net()
			if err != nil {
				t.Fatal(err)
			}
			worth += net.Amount
			shares.Add(shares, l.Share)
		}
		if worth != paid || shares.Cmp(big.NewRat(1, 1)) != 0 {
			t.Fatalf("paid %d, used %d in %v of the period", paid, worth, shares)
		}
	})
}

func TestLineRefuses(t *testing.T) {
	t.Parallel()
	line := proration.NewLine(eur(t, "10.00"))
	if _, err := line.Charge(big.NewRat(2, 1)); err == nil {
		t.Error("charged twice the period")
	}
	if _, err := line.Charge(big.NewRat(-1, 2)); err == nil {
		t.Error("charged a negative share")
	}
	if _, err := line.Credit(big.NewRat(-1, 2)); err == nil {
		t.Error("credited a negative share")
	}
	must(line.Charge(big.NewRat(1, 2)))(t)
	for _, amount := range []money.Money{eur(t, "5.01"), eur(t, "0.00"), eur(t, "-1.00"), money.New(1, "USD")} {
		if err := line.CreditByHand(amount); err == nil {
			t.Errorf("credited %s by hand", amount)
		}
	}
	if err := line.CreditByHand(eur(t, "5.00")); err != nil {
		t.Error(err)
	}
	is(t, "left", must(line.Net())(t), "0.00")
	is(t, "a gift is not charged again", must(line.Charge(big.NewRat(1, 2)))(t), "5.00")

	negative := proration.Line{Price: eur(t, "-1.00")}
	if _, err := negative.Net(); err == nil {
		t.Error("a negative price has a net")
	}
	if _, err := negative.Charge(big.NewRat(1, 1)); err == nil {
		t.Error("a negative price was charged")
	}
	if _, err := negative.Credit(big.NewRat(1, 1)); err == nil {
		t.Error("a negative price was credited")
	}
	if err := negative.CreditByHand(eur(t, "1.00")); err == nil {
		t.Error("a negative price was credited by hand")
	}
	zero := proration.Line{Price: eur(t, "1.00")}
	is(t, "net of a line without a share", must(zero.Net())(t), "0.00")
}

func TestSettle(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, total, paid, credit, refund, account string }{
		{"C25: partly paid", "90.00", "75.00", "30.00", "15.00", "15.00"},
		{"fully paid", "90.00", "90.00", "30.00", "30.00", "0.00"},
		{"not paid", "90.00", "0.00", "30.00", "0.00", "30.00"},
		{"paid just what is used", "90.00", "60.00", "30.00", "0.00", "30.00"},
		{"paid more than the total", "90.00", "100.00", "30.00", "30.00", "0.00"},
		{"credited in full", "90.00", "75.00", "90.00", "75.00", "15.00"},
	}
	for _, tt := range tests {
		refund, account, err := proration.Settle(eur(t, tt.total), eur(t, tt.paid), eur(t, tt.credit))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		is(t, tt.name+": refund", refund, tt.refund)
		is(t, tt.name+": account credit", account, tt.account)
	}
	for _, tt := range [][3]money.Money{
		{eur(t, "90.00"), eur(t, "0.00"), eur(t, "90.01")},
		{eur(t, "90.00"), eur(t, "-1.00"), eur(t, "1.00")},
		{eur(t, "90.00"), eur(t, "1.00"), eur(t, "-1.00")},
		{eur(t, "90.00"), eur(t, "1.00"), money.New(1, "USD")},
		{eur(t, "90.00"), money.New(1, "USD"), eur(t, "1.00")},
	} {
		if refund, account, err := proration.Settle(tt[0], tt[1], tt[2]); err == nil {
			t.Errorf("%v is settled by %v and %v", tt, refund, account)
		}
	}
}
