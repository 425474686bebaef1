package payment

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/job"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/payment/gateway"
)

// Why a charge is not even tried.
var (
	ErrNoMethod   = fail.Conflict("NO_PAYMENT_METHOD", "There is no payment method that can be charged.")
	ErrInProgress = fail.Conflict("PAYMENT_IN_PROGRESS", "A payment of this invoice is under way. Its outcome is not known yet.")
	ErrNothingDue = fail.Conflict("INVOICE_NOT_OPEN", "Nothing is left to pay of this invoice.")
	ErrDisputed   = fail.Conflict("DISPUTE_OPEN", "A payment of this invoice is disputed. Until that is decided, nothing is charged or given back.")
	errKeyReused  = fail.Conflict("IDEMPOTENCY_KEY_REUSED", "A charge was asked for with this key before, with other facts.")
)

// The kinds of jobs.
const (
	chargeJob = "payment.charge" // payload: the id of an attempt
	askJob    = "payment.ask"    // payload: an inquiry
)

// sendAfter is how long the job of a charge waits for which somebody waits: it is only for a process that dies on the way.
const sendAfter = time.Minute

// callLimit is how long a gateway may take to answer.
const callLimit = 30 * time.Second

// ChargeOptions says what to charge, and how.
type ChargeOptions struct {
	// Key makes a repeat the same request, here and at the gateway, in the whole store: "sub_1 2027-01-31 try 2". Empty:
	// the next try of the invoice.
	Key string
	// MethodID is the method to charge; empty: the customer's default.
	MethodID string
	// Amount is what to charge of the balance; zero: all of it.
	Amount money.Money
	// Automatic says that nobody asked for it but the clock: it counts for the safety bound.
	Automatic bool
}

// RequestCharge has an invoice's balance charged, after what the store owes the customer was used on it. The attempt is
// written, and a job hands it over to the gateway; its outcome is an event (payment.received, payment.failed,
// payment.action_required). The caller holds the customer's lock and has locked the invoice.
//
// The same key again, with the same facts, answers with the attempt that there is. While an attempt is under way,
// another is refused with ErrInProgress; ErrNoMethod, ErrNothingDue and ErrDisputed say what else keeps it from being
// made. ErrNothingDue may mean that credit has just paid the invoice: then the caller commits.
func (s *Service) RequestCharge(ctx context.Context, tx *db.Tx, inv billing.Invoice, o ChargeOptions) (Attempt, error) {
	return s.request(ctx, tx, inv, o, tx.Now)
}

func (s *Service) request(ctx context.Context, tx *db.Tx, inv billing.Invoice, o ChargeOptions, runAt time.Time) (Attempt, error) {
	if o.Key != "" {
		a, found, err := s.repeated(ctx, tx, inv, o)
		if found || err != nil {
			return a, err
		}
	}
	inv, err := s.chargeable(ctx, tx, inv)
	if err != nil {
		return Attempt{}, err
	}
	m, err := s.methodToCharge(ctx, tx, inv.CustomerID, o.MethodID)
	if err != nil {
		return Attempt{}, err
	}
	amount := inv.Balance()
	if o.Amount.Amount != 0 {
		if o.Amount.Currency != amount.Currency || o.Amount.Amount < 0 || o.Amount.Amount > amount.Amount {
			return Attempt{}, fail.Invalid("money", fmt.Sprintf("is not between 0 and the balance of %s", amount))
		}
		amount = o.Amount
	}
	a, err := s.write(ctx, tx, inv, newAttempt{gateway: m.Gateway, method: &m.ID, key: o.Key, amount: amount})
	if err != nil {
		return Attempt{}, err
	}
	if o.Automatic {
		if err := countCharge(ctx, tx); err != nil {
			return Attempt{}, err
		}
	}
	return a, s.jobs.Enqueue(ctx, tx, job.New{Kind: chargeJob, DedupKey: a.ID, Payload: a.ID, RunAt: runAt})
}

// repeated finds the attempt that was made with the same key before.
func (s *Service) repeated(ctx context.Context, tx *db.Tx, inv billing.Invoice, o ChargeOptions) (Attempt, bool, error) {
	key, err := deriveKey(ctx, tx, givenKey+o.Key)
	if err != nil {
		return Attempt{}, false, err
	}
	r, err := tx.AttemptByKey(ctx, key)
	if db.NotFound(err) {
		return Attempt{}, false, nil
	}
	if err != nil {
		return Attempt{}, false, fmt.Errorf("payment attempt with the key of invoice %s: %w", inv.ID, err)
	}
	a := attemptOf(r)
	if a.InvoiceID != inv.ID || o.MethodID != "" && a.MethodID != o.MethodID || o.Amount.Amount != 0 && a.Money != o.Amount {
		return Attempt{}, false, errKeyReused
	}
	return a, true, nil
}

// chargeable uses credit on an invoice and returns it as it is then, if it takes money and none is on its way.
func (s *Service) chargeable(ctx context.Context, tx *db.Tx, inv billing.Invoice) (billing.Invoice, error) {
	busy, err := InFlight(ctx, tx, inv.ID)
	if err != nil {
		return inv, err
	}
	if busy {
		return inv, ErrInProgress
	}
	disputed, err := isDisputed(ctx, tx, inv.ID)
	if err != nil {
		return inv, err
	}
	if disputed {
		return inv, ErrDisputed
	}
	if inv.Status == billing.Open {
		if err := s.UseCredit(ctx, tx, inv.CustomerID, inv.Total.Currency); err != nil {
			return inv, err
		}
		if inv, err = billing.Lock(ctx, tx, inv.ID); err != nil {
			return inv, err
		}
	}
	if inv.Status != billing.Open || inv.Balance().Amount <= 0 {
		return inv, ErrNothingDue
	}
	return inv, s.billing.MayCharge(ctx, tx, inv)
}

func isDisputed(ctx context.Context, tx *db.Tx, invoiceID string) (bool, error) {
	n, err := tx.OpenDisputesOfInvoice(ctx, invoiceID)
	if err != nil {
		return false, fmt.Errorf("disputes of invoice %s: %w", invoiceID, err)
	}
	return n > 0, nil
}

// methodToCharge is the method that is named, or else the customer's default.
func (s *Service) methodToCharge(ctx context.Context, tx *db.Tx, customerID, id string) (query.PaymentMethod, error) {
	var m query.PaymentMethod
	var err error
	if id == "" {
		m, err = tx.DefaultPaymentMethod(ctx, customerID)
	} else {
		m, err = tx.PaymentMethod(ctx, id)
	}
	if err != nil && !db.NotFound(err) {
		return m, fmt.Errorf("payment method of customer %s: %w", customerID, err)
	}
	if err != nil || m.CustomerID != customerID || m.RemovedAt != nil {
		return m, ErrNoMethod
	}
	if g, ok := s.gateways[m.Gateway]; !ok || !g.Can().OffSession {
		return m, ErrNoMethod
	}
	return m, nil
}

// newAttempt is an attempt as it is about to be written.
type newAttempt struct {
	gateway string
	method  *string // nil: on the gateway's page
	key     string  // empty: the next try of the invoice
	amount  money.Money
}

// write writes an attempt. One that follows a failure belongs to the same payment.
func (s *Service) write(ctx context.Context, tx *db.Tx, inv billing.Invoice, n newAttempt) (Attempt, error) {
	if n.key == "" {
		var err error
		if n.key, err = tryOf(ctx, tx, inv); err != nil {
			return Attempt{}, fmt.Errorf("payment attempts of invoice %s: %w", inv.ID, err)
		}
	} else {
		n.key = givenKey + n.key
	}
	key, err := deriveKey(ctx, tx, n.key)
	if err != nil {
		return Attempt{}, err
	}
	p, err := tx.FailedPayment(ctx, query.FailedPaymentParams{InvoiceID: inv.ID, Gateway: n.gateway})
	switch {
	case err == nil:
		_, err = tx.RetryPayment(ctx, query.RetryPaymentParams{ID: p.ID, Amount: n.amount.Amount, MethodID: n.method})
	case db.NotFound(err):
		p.ID = tx.NewID("pay")
		_, err = tx.InsertPayment(ctx, query.InsertPaymentParams{
			ID: p.ID, InvoiceID: inv.ID, CustomerID: inv.CustomerID, Gateway: n.gateway, MethodID: n.method,
			Currency: string(n.amount.Currency), Amount: n.amount.Amount, State: string(StatePending), ReceivedAt: tx.Stamp, CreatedAt: tx.Stamp,
		})
	}
	if err != nil {
		return Attempt{}, fmt.Errorf("payment of invoice %s: %w", inv.ID, err)
	}
	row := query.InsertAttemptParams{
		ID: tx.NewID("pat"), PaymentID: p.ID, InvoiceID: inv.ID, Gateway: n.gateway, MethodID: n.method, IdempotencyKey: key,
		Currency: string(n.amount.Currency), Amount: n.amount.Amount, CreatedAt: tx.Stamp,
	}
	if err := tx.InsertAttempt(ctx, row); err != nil {
		return Attempt{}, fmt.Errorf("payment attempt of invoice %s: %w", inv.ID, err)
	}
	r, err := attemptRow(ctx, tx, row.ID)
	return attemptOf(r), err
}

// tryOf names the next try of what an invoice asks for: where that are periods of subscriptions, by them. Thus a store that
// was restored from a backup, and invoices a period once more, asks its gateway for the same charge.
func tryOf(ctx context.Context, tx *db.Tx, inv billing.Invoice) (string, error) {
	what, count := inv.ID, func() (int64, error) { return tx.CountAttempts(ctx, inv.ID) }
	if periods := periodsOf(inv); len(periods) > 0 {
		names := make([]string, len(periods))
		for i, p := range periods {
			names[i] = *p.SubscriptionID + " " + *p.PeriodStart
		}
		what, count = strings.Join(names, ", "), func() (int64, error) { return tx.CountAttemptsOfPeriod(ctx, periods[0]) }
	}
	tries, err := count()
	return nextTry + what + " " + strconv.FormatInt(tries+1, 10), err
}

// periodsOf are the periods that an invoice asks for, in their order; none if it asks for anything else. What only takes
// something off, such as for suspended time, asks for nothing.
func periodsOf(inv billing.Invoice) (periods []query.CountAttemptsOfPeriodParams) {
	for _, l := range inv.Lines {
		if l.Amount.Amount < 0 {
			continue
		}
		if l.SubscriptionID == "" || l.Period == (civil.Period{}) {
			return nil
		}
		start := l.Period.Start.String()
		periods = append(periods, query.CountAttemptsOfPeriodParams{SubscriptionID: &l.SubscriptionID, PeriodStart: &start})
	}
	slices.SortFunc(periods, func(a, b query.CountAttemptsOfPeriodParams) int {
		return cmp.Or(strings.Compare(*a.SubscriptionID, *b.SubscriptionID), strings.Compare(*a.PeriodStart, *b.PeriodStart))
	})
	return periods
}

// What makes a request the same one is told apart by where it comes from.
const (
	givenKey = "given\n"
	nextTry  = "try\n"
)

// deriveKey makes the key that a gateway gets out of what makes a request the same one: another store that has an
// account with the same gateway has other keys.
func deriveKey(ctx context.Context, tx *db.Tx, request string) (string, error) {
	store, err := tx.StoreFact(ctx, "store_id")
	if err != nil && !db.NotFound(err) {
		return "", fmt.Errorf("id of the store: %w", err)
	}
	sum := sha256.Sum256([]byte(store + "\n" + request))
	return "ks_" + hex.EncodeToString(sum[:20]), nil
}

// Charge is [Service.RequestCharge] at once: it answers with what the gateway says, or that its answer is not known. It
// must not run inside a transaction.
func (s *Service) Charge(ctx context.Context, invoiceID string, o ChargeOptions) (Attempt, error) {
	if err := s.mayAsk(ctx); err != nil {
		return Attempt{}, err
	}
	var a Attempt
	nothing := false
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		inv, err := billing.LockWithCustomer(ctx, tx, invoiceID)
		if err != nil {
			return err
		}
		a, err = s.request(ctx, tx, inv, o, tx.Now.Add(sendAfter))
		if nothing = errors.Is(err, ErrNothingDue); nothing {
			return nil // what credit has paid stays paid
		}
		return err
	})
	if err == nil && nothing {
		err = ErrNothingDue
	}
	if err != nil {
		return Attempt{}, fmt.Errorf("charge invoice %s: %w", invoiceID, err)
	}
	return s.send(ctx, a.ID)
}

// errInside says that a gateway was about to be called inside a transaction.
var errInside = errors.New("payment: a gateway must not be called inside a transaction")

func outside(ctx context.Context) error {
	if db.Joined(ctx) {
		return errInside
	}
	return nil
}

// charge is the handler of chargeJob.
func (s *Service) charge(ctx context.Context, j job.Job) error {
	var id string
	if err := j.Decode(&id); err != nil {
		return err
	}
	_, err := s.send(ctx, id)
	return err
}

// send hands an attempt over to its gateway, once, and settles it by the answer.
//
//  1. In a transaction the attempt becomes unknown, and a job is written that will ask about it.
//  2. The gateway is called. Whoever dies here leaves the job.
//  3. Its answer settles the attempt in another transaction.
func (s *Service) send(ctx context.Context, id string) (Attempt, error) {
	if err := s.recovery.Refuse(ctx); err != nil {
		return Attempt{}, err
	}
	a, in, ready, err := s.handOver(ctx, id)
	if err != nil || !ready {
		return a, err
	}
	o, err := s.chargeOnce(ctx, a, in)
	if err != nil {
		s.log.Warn("no answer to a charge; the gateway will be asked", "attempt", a.ID, "gateway", a.Gateway, "err", err)
		return a, nil
	}
	return s.settle(ctx, a.ID, o)
}

func (s *Service) callCharge(ctx context.Context, name string, in gateway.Charge) (gateway.Outcome, error) {
	g, err := s.gateway(name)
	if err != nil {
		return gateway.Outcome{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	return g.Charge(ctx, in)
}

// handOver makes an attempt unknown, so that the gateway may be called. ready is false if it is no longer to be sent:
// somebody else has, or the invoice takes no money any more.
func (s *Service) handOver(ctx context.Context, id string) (a Attempt, in gateway.Charge, ready bool, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		ready = false
		r, inv, err := lockAttempt(ctx, tx, id)
		if err != nil {
			return err
		}
		if a = attemptOf(r); a.State != AttemptCreated {
			return nil
		}
		disputed, err := isDisputed(ctx, tx, inv.ID)
		if err != nil {
			return err
		}
		if inv.Status != billing.Open || inv.Balance().Amount <= 0 || disputed {
			a, err = drop(ctx, tx, r)
			return err
		}
		r.Amount = min(r.Amount, inv.Balance().Amount)
		if _, err := tx.SendAttempt(ctx, query.SendAttemptParams{ID: r.ID, Amount: r.Amount}); err != nil {
			return fmt.Errorf("payment attempt %s: %w", id, err)
		}
		if err := s.askLater(ctx, tx, inquiry{AttemptID: id}, firstAsk); err != nil {
			return err
		}
		if r, err = attemptRow(ctx, tx, id); err != nil {
			return err
		}
		a, ready = attemptOf(r), true
		in, err = chargeOf(ctx, tx, inv, r)
		return err
	})
	return a, in, ready, err
}

// lockAttempt locks customer and invoice of an attempt and returns both.
func lockAttempt(ctx context.Context, tx *db.Tx, id string) (query.PaymentAttempt, billing.Invoice, error) {
	r, err := attemptRow(ctx, tx, id)
	if err != nil {
		return r, billing.Invoice{}, err
	}
	inv, err := billing.LockWithCustomer(ctx, tx, r.InvoiceID)
	if err != nil {
		return r, inv, err
	}
	r, err = attemptRow(ctx, tx, id)
	return r, inv, err
}

// chargeOf is what the gateway is asked for. It is the same each time: a repeat must be the same request.
func chargeOf(ctx context.Context, tx *db.Tx, inv billing.Invoice, r query.PaymentAttempt) (gateway.Charge, error) {
	m, err := tx.PaymentMethod(ctx, deref(r.MethodID))
	if err != nil {
		return gateway.Charge{}, fmt.Errorf("payment method %s: %w", deref(r.MethodID), err)
	}
	return gateway.Charge{
		Key: r.IdempotencyKey, Money: money.New(r.Amount, money.Currency(r.Currency)), CustomerID: m.CustomerID, MethodToken: m.Token,
		InvoiceNumber: inv.Number, Metadata: map[string]string{"invoice_id": inv.ID, "attempt_id": r.ID},
	}, nil
}

// reason is text of a gateway as it can be stored.
func reason(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
	if r := []rune(s); len(r) > maxReason {
		s = string(r[:maxReason]) + "…"
	}
	return s
}
