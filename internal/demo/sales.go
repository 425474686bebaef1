package demo

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
)

// means is how an order is paid.
type means int

const (
	paid      means = iota
	late            // after a reminder
	twice           // in two parts
	over            // too much: the rest is credit
	half            // and nothing since
	unpaid          // so far
	withdrawn       // the order is cancelled
	given           // it costs nothing
	lost            // staff gave it up
)

// fate is what becomes of the license besides.
type fate int

const (
	plain fate = iota
	suspendedByStaff
	revokedByStaff
	cancelledByStaff
	expiredByStaff
	extended
	widened // an activation beyond the limit, and then a higher limit
)

// sale is an order and what follows from it.
type sale struct {
	ago      int // days
	who      int
	what     string // product, plan
	quantity int64
	means    means
	places   int // where the software is activated; what is beyond the limit is refused
	fate     fate
}

var sales = []sale{
	{421, 7, "papermill Studio", 1, paid, 8, plain},
	{416, 3, "fieldnote Personal", 1, paid, 1, plain},
	{402, 15, "switchyard Enterprise", 1, paid, 4, extended},
	{377, 10, "switchyard Standard", 1, paid, 1, plain},
	{351, 4, "fieldnote Lifetime", 1, paid, 3, plain},
	{338, 5, "papermill Studio", 1, paid, 9, plain},
	{322, 1, "fieldnote Business", 1, paid, 5, plain},
	{310, 12, "papermill Solo", 1, paid, 2, plain},
	{297, 16, "papermill Solo", 1, paid, 1, revokedByStaff},
	{281, 2, "fieldnote Agency", 1, paid, 8, plain},
	{266, 19, "papermill Solo", 1, paid, 3, plain},
	{252, 0, "papermill Solo", 1, paid, 1, plain},
	{244, 18, "papermill Studio", 1, twice, 7, plain},
	{230, 21, "switchyard Enterprise", 1, paid, 5, widened},
	{219, 11, "fieldnote Business", 1, over, 3, plain},
	{205, 6, "fieldnote Personal", 2, paid, 2, plain},
	{193, 13, "switchyard Standard", 1, paid, 1, suspendedByStaff},
	{180, 9, "fieldnote Business", 1, paid, 2, plain},
	{171, 17, "papermill Solo", 2, paid, 4, plain},
	{160, 14, "fieldnote Personal", 1, withdrawn, 0, plain},
	{148, 9, "fieldnote Lifetime", 1, paid, 2, cancelledByStaff},
	{139, 16, "fieldnote Business", 1, paid, 6, plain},
	{127, 23, "switchyard Enterprise", 2, paid, 7, plain},
	{118, 3, "papermill Solo", 1, lost, 0, plain},
	{109, 0, "switchyard Standard", 1, paid, 1, plain},
	{98, 5, "fieldnote Personal", 1, paid, 1, plain},
	{90, 14, "fieldnote Personal", 1, given, 1, plain},
	{81, 3, "fieldnote Business", 1, late, 2, plain},
	{74, 12, "fieldnote Agency", 1, over, 9, plain},
	{66, 10, "papermill Solo", 3, paid, 5, plain},
	{62, 15, "papermill Solo", 1, paid, 0, plain},
	{51, 1, "papermill Solo", 1, paid, 2, plain},
	{47, 19, "fieldnote Personal", 1, unpaid, 0, plain},
	{40, 18, "switchyard Standard", 1, half, 0, plain},
	{34, 17, "fieldnote Business", 1, paid, 4, plain},
	{29, 2, "papermill Studio", 1, paid, 6, plain},
	{25, 20, "fieldnote Personal", 1, paid, 2, plain},
	{21, 23, "fieldnote Agency", 1, twice, 3, plain},
	{18, 8, "fieldnote Lifetime", 1, paid, 1, plain},
	{15, 9, "papermill Solo", 1, paid, 1, expiredByStaff},
	{12, 16, "fieldnote Business", 1, paid, 3, plain},
	{9, 6, "switchyard Standard", 1, unpaid, 0, plain},
	{7, 22, "papermill Solo", 1, paid, 1, plain},
	{5, 24, "fieldnote Personal", 1, paid, 1, plain},
	{4, 21, "papermill Studio", 1, half, 0, plain},
	{3, 0, "fieldnote Lifetime", 1, unpaid, 0, plain},
	{2, 4, "papermill Solo", 2, paid, 1, plain},
	{1, 11, "fieldnote Agency", 1, unpaid, 0, plain},
	{1, 13, "fieldnote Personal", 1, paid, 1, plain},
}

// sold is a license that came of a sale, and where its software runs.
type sold struct {
	sale
	license license.License
	places  []string // activated, in the order in which they were
}

// sell lets every order come in, at some time of its day.
func (s *story) sell() {
	for _, sl := range sales {
		at := s.now.Add(-days(sl.ago)).Add(-s.minutes(600))
		s.at(at, func(ctx context.Context) error { return s.place(ctx, sl) })
	}
}

// minutes is a random time below n minutes.
func (s *story) minutes(n int) time.Duration {
	return time.Duration(s.chance.IntN(n*60)) * time.Second
}

// soon lets something happen a random time of up to n hours from now.
func (s *story) soon(hours int, do func(ctx context.Context) error) {
	s.at(s.Clock.Now().Add(time.Minute+s.minutes(60*hours)), do)
}

func (s *story) place(ctx context.Context, sl sale) error {
	if err := s.join(ctx, sl.who); err != nil {
		return err
	}
	price, err := s.priceOf(sl.what)
	if err != nil {
		return err
	}
	in := order.Input{CustomerID: s.customers[sl.who], Items: []order.Item{{PriceID: price, Quantity: sl.quantity}}}
	if sl.means == given {
		in.Kind, in.Reason = order.Complimentary, "Won our spring photo competition."
	}
	placed, err := s.Orders.Place(ctx, in)
	if err != nil {
		return err
	}
	fulfil := func(ctx context.Context) error { return s.deliver(ctx, sl, placed.ID) }
	total := placed.Total.Amount
	switch sl.means {
	case paid:
		s.pay(placed, total, min(48, 3*sl.ago), fulfil)
	case late:
		s.soon(24*24, func(context.Context) error { s.pay(placed, total, 24, fulfil); return nil })
	case twice:
		s.pay(placed, total/2, 30, func(context.Context) error { s.pay(placed, total-total/2, 200, fulfil); return nil })
	case over:
		s.pay(placed, total+1500, 40, fulfil)
	case half:
		s.pay(placed, total/2, 40, nil)
	case withdrawn:
		s.soon(90, func(ctx context.Context) error {
			_, err := s.Orders.Cancel(ctx, placed.ID, "Ordered by mistake.")
			return err
		})
	case lost:
		s.at(s.Clock.Now().Add(days(60)), func(ctx context.Context) error {
			_, err := s.Billing.WriteOff(ctx, placed.InvoiceID, "No answer to three reminders.")
			return err
		})
	case given:
		return fulfil(ctx)
	case unpaid:
	}
	return nil
}

// pay lets money arrive within some hours.
func (s *story) pay(o order.Order, amount int64, hours int, then func(ctx context.Context) error) {
	s.soon(hours, func(ctx context.Context) error {
		s.payments++
		_, err := s.Payments.Record(ctx, o.InvoiceID, payment.Manual{
			Money:     money.New(amount, o.Total.Currency),
			Reference: fmt.Sprintf("Statement %s, entry %d", s.Clock.Now().Format("2006-01"), s.payments),
		})
		if err != nil || then == nil {
			return err
		}
		return then(ctx)
	})
}

// atOnce is in how many places the software is installed in one go.
const atOnce = 12

// deliver follows the licenses of a paid order into the field.
func (s *story) deliver(ctx context.Context, sl sale, orderID string) error {
	o, err := s.Orders.ByID(ctx, orderID)
	if err != nil {
		return err
	}
	for _, id := range o.LicenseIDs {
		l, err := s.Licenses.ByID(ctx, id)
		if err != nil {
			return err
		}
		it := &sold{sale: sl, license: l}
		s.sold = append(s.sold, it)
		for first := 0; first < sl.places; first += atOnce {
			install := func(ctx context.Context) error {
				for n := first; n < min(first+atOnce, sl.places); n++ {
					if err := s.install(ctx, it, n); err != nil {
						return err
					}
				}
				return nil
			}
			if first == 0 && sl.ago > 90 { // who looks at the minute, so long ago
				if err := install(ctx); err != nil {
					return err
				}
				continue
			}
			s.soon(min(20, 2*sl.ago)+60*first, install)
		}
		s.befall(it)
	}
	return nil
}

// install activates the software in its n-th place. What the license does not allow is refused, and tried again.
func (s *story) install(ctx context.Context, it *sold, n int) error {
	where, name := where(it, n)
	in := license.ActivateInput{Key: it.license.Key, Identifier: where, Name: name}
	_, err := s.Licenses.Activate(asSoftware(ctx, it, n), in)
	if e := fail.Of(err); e != nil && e.Kind == fail.KindForbidden {
		if n%2 == 1 {
			s.soon(50, func(ctx context.Context) error {
				if _, err := s.Licenses.Activate(asSoftware(ctx, it, n), in); fail.Of(err) == nil || fail.Of(err).Kind != fail.KindForbidden {
					return err
				}
				return nil
			})
		}
		return nil
	}
	if err == nil {
		it.places = append(it.places, where)
	}
	return err
}

func asSoftware(ctx context.Context, it *sold, n int) context.Context {
	return event.WithActor(ctx, event.Actor{Kind: event.Software, Name: "installed software", IP: address(it.who, n)})
}

// address is where a customer's n-th place calls from: in networks that are reserved for documentation.
func address(who, n int) string {
	if n%4 == 3 {
		return fmt.Sprintf("2001:db8:%x::%x", who+16, n+1)
	}
	return fmt.Sprintf("%s.%d", []string{"192.0.2", "198.51.100", "203.0.113"}[n%4], 10+who*8+n%8)
}

var (
	hosts   = []string{"www", "shop", "blog", "events", "staging", "help", "careers", "press", "en", "fr", "de", "old", "lab", "intranet"}
	machine = []string{"Laptop", "Studio desktop", "Front desk", "Workstation", "Travel notebook"}
)

// where is the n-th place in which a customer uses a license.
func where(it *sold, n int) (identifier, name string) {
	p := people[it.who]
	switch it.license.ActivationType {
	case license.Device:
		sum := sha256.Sum256(fmt.Append(nil, p.domain, n, it.ago))
		return fmt.Sprintf("%X-%X-%X", sum[0:4], sum[4:6], sum[6:10]), machine[n%len(machine)]
	case license.Seat:
		first, _, _ := strings.Cut(strings.ToLower(p.name), " ")
		return fmt.Sprintf("%s%d@%s", first[:1], n+1, p.domain), ""
	case license.Instance:
		return fmt.Sprintf("node-%02d.%s", n+1, p.domain), ""
	default:
		return "https://" + hosts[n%len(hosts)] + "." + p.domain + "/", ""
	}
}

// befall lets staff do to a license what its sale has in store for it.
func (s *story) befall(it *sold) {
	id := it.license.ID
	later := s.Clock.Now().Add(days(min(it.ago/2, 120)))
	set := func(status license.Status, why string) {
		s.at(later, func(ctx context.Context) error {
			_, err := s.Licenses.Patch(ctx, id, license.Patch{Status: &status, Reason: why})
			return err
		})
	}
	hold := func(reason license.HoldReason, why string) {
		s.at(later, func(ctx context.Context) error {
			_, err := s.Licenses.PlaceHold(ctx, id, reason, why)
			return err
		})
	}
	switch it.fate {
	case suspendedByStaff:
		hold(license.HoldStaff, "Key found on a public forum; waiting for the customer's answer.")
	case revokedByStaff:
		set(license.Revoked, "Bought with somebody else's card.")
	case cancelledByStaff:
		set(license.Cancelled, "The customer gave it back within the trial period.")
	case expiredByStaff:
		set(license.Expired, "Bought by mistake; moves to another plan.")
	case extended:
		s.at(later, func(ctx context.Context) error {
			end := it.license.ExpiresAt.AddDate(0, 6, 0)
			_, err := s.Licenses.Patch(ctx, id, license.Patch{ExpiresAt: license.OptionalTime{Set: true, Time: &end}, Reason: "Half a year on us after the outage."})
			return err
		})
	case widened:
		s.at(later, func(ctx context.Context) error {
			spare, _ := where(it, it.sale.places)
			_, err := s.Licenses.AddActivation(ctx, id, license.AddInput{Identifier: spare, Name: "Failover", Override: true})
			if err != nil {
				return err
			}
			it.places = append(it.places, spare)
			limit := it.license.ActivationLimit + 3
			_, err = s.Licenses.Patch(ctx, id, license.Patch{ActivationLimit: &limit, Reason: "Contract of 12 May."})
			return err
		})
	case plain:
	}
}
