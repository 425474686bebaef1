package renewal

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/task"
)

const pageSize = 500

// alertDays are how many days before its last safe day staff hear of a renewal that is not confirmed.
var alertDays = []int{1, 3, 7}

// due is what time has brought about for a renewal that is not over.
type due struct {
	withdraw string      // why it is given up; empty: it is not
	fee      money.Money // that its stage asks for beyond what was asked
	quote    bool        // the fee of its stage must be quoted
	alert    int         // how near its last safe day is: one of alertDays; 0: not near
	late     bool        // what it waits for did not come in time
	lastSafe civil.Date
	stage    domainname.Stage
}

func (w due) idle() bool {
	return w.withdraw == "" && w.fee.Amount == 0 && !w.quote && w.alert == 0 && !w.late
}

// dueOf says what time has brought about for a renewal by now.
func dueOf(d domainname.Domain, r domainname.Renewal, p domainname.Policy, st setting.Settings, now time.Time) (w due) {
	today := domainname.RegistryDate(now)
	waits := r.State == domainname.RenewalHeld && r.Hold == domainname.HeldTopUp
	w.stage = domainname.Assess(d, p, &r, now).Stage
	if waits {
		// Its dates have moved with its payment: where it stands follows from the term that it renews.
		w.stage = p.Window(r.Base, civil.Date{}).Stage(today)
	}
	satisfied := r.Unpaid() && r.State == domainname.RenewalSatisfied
	if r.State == domainname.RenewalOpen || satisfied {
		ordered := civil.Of(r.CreatedAt, st.TimeZone).AddDays(st.DomainOrderDays)
		switch {
		case r.Kind == domainname.Ordered && !civil.Of(now, st.TimeZone).Before(ordered):
			w.withdraw = CauseNotPaid
		case overdue(d, r, p, st, now, false):
			w.withdraw = CauseTooLate
		}
	}
	// Of what the registry has made already, only the fee of the grace is asked for: it needs no restore.
	late := satisfied && w.stage == domainname.StageGrace
	if w.withdraw == "" && (r.State == domainname.RenewalOpen || waits || late) && r.Kind != domainname.WithFree {
		fee, known := d.FeeAt(p, w.stage, r.Base, r.Price.Currency, st.Rate)
		w.quote = !known
		if more := fee.Amount - r.Fee.Amount; known && more > 0 && w.stage != domainname.StageExpired {
			w.fee = money.New(more, r.Price.Currency)
		}
		w.late = waits && w.stage == domainname.StageExpired
	}
	if r.State != domainname.RenewalOpen && r.State.Open() {
		w.lastSafe = d.WindowOf(r, p).LastSafeDay(today)
		left := today.DaysUntil(w.lastSafe)
		for _, days := range alertDays {
			if left <= days && r.State != domainname.RenewalArranged {
				w.alert = days
				break
			}
		}
	}
	return w
}

// overdue reports whether an unpaid renewal is given up by now. With grace an open one stays payable for as long as the registry
// still has the name for the store, whatever the calendar says, and without for money that has arrived; one that asks for the
// restore, for as long as that is possible; one whose years are there already, until the registry lets go of the name or nothing
// is possible any more.
func overdue(d domainname.Domain, r domainname.Renewal, p domainname.Policy, st setting.Settings, now time.Time, arrived bool) bool {
	window, stage := d.Window(p), domainname.Assess(d, p, nil, now).Stage
	switch {
	case window.End.IsZero():
		return false
	case r.Unpaid():
		return r.State == domainname.RenewalSatisfied && (d.State.Deleting(now) || stage == domainname.StageExpired)
	}
	kept := d.Status.Live() && stage == domainname.StageGrace && (p.GraceDays > 0 || arrived)
	until := p.VoidOn(window, st.DomainVoidDays)
	if restored := window.Last().AddDays(1); r.Stage == domainname.StageRedemption && until.Before(restored) {
		until = restored
	}
	return !kept && !domainname.RegistryDate(now).Before(until)
}

// sight reads a page of renewals that nobody has looked at today, with their domains.
type sight func(ctx context.Context, tx *db.Tx, key, after, customerID string, n int64) ([]query.DomainRenewal, []query.Domain, error)

func sightOfOpen(ctx context.Context, tx *db.Tx, key, after, customerID string, n int64) ([]query.DomainRenewal, []query.Domain, error) {
	rows, err := tx.RenewalsToLookAt(ctx, query.RenewalsToLookAtParams{LookedOn: key, After: after, CustomerID: customerID, N: n})
	if err != nil || len(rows) == 0 {
		return nil, nil, err
	}
	of, err := tx.DomainsToLookAt(ctx, query.DomainsToLookAtParams{LookedOn: key, After: after, CustomerID: customerID, N: n})
	return rows, of, err
}

func sightOfOwed(ctx context.Context, tx *db.Tx, key, after, customerID string, n int64) ([]query.DomainRenewal, []query.Domain, error) {
	rows, err := tx.OwedToLookAt(ctx, query.OwedToLookAtParams{LookedOn: key, After: after, CustomerID: customerID, N: n})
	if err != nil || len(rows) == 0 {
		return nil, nil, err
	}
	of, err := tx.DomainsOfOwed(ctx, query.DomainsOfOwedParams{LookedOn: key, After: after, CustomerID: customerID, N: n})
	return rows, of, err
}

// lookDue reports whether there is one that was not looked at today.
func lookDue(ctx context.Context, tx *db.Tx, customerID string) (bool, error) {
	key, err := keyNow(ctx, tx)
	if err != nil {
		return false, err
	}
	open, err := tx.RenewalsToLookAt(ctx, query.RenewalsToLookAtParams{LookedOn: key, CustomerID: customerID, N: 1})
	if err != nil || len(open) > 0 {
		return true, err
	}
	owed, err := tx.OwedToLookAt(ctx, query.OwedToLookAtParams{LookedOn: key, CustomerID: customerID, N: 1})
	return len(owed) > 0, err
}

// lookAtAll looks once in each day at the renewals that are not over, and at those that were made and are unpaid. Of nearly all
// of them there is nothing to do, which is noted page by page.
func (s *Service) lookAtAll(ctx context.Context, p *automation.Pass) error {
	for _, see := range []sight{sightOfOpen, sightOfOwed} {
		for after, more := "", true; more; {
			err := s.db.Write(ctx, func(tx *db.Tx) error {
				next, page, err := s.passOver(ctx, tx, see, after, p.CustomerID())
				more = page
				tx.OnCommit(func() { after = next })
				return err
			})
			if err != nil {
				return err
			}
		}
		err := p.Each(ctx,
			func(ctx context.Context, tx *db.Tx, after string, n int) (ids []string, err error) {
				key, err := keyNow(ctx, tx)
				if err != nil {
					return nil, err
				}
				rows, _, err := see(ctx, tx, key, after, p.CustomerID(), int64(n))
				for _, r := range rows {
					ids = append(ids, r.ID)
				}
				return ids, err
			},
			func(ctx context.Context, tx *db.Tx, id string) (automation.Outcome, error) {
				return s.look(ctx, tx, id)
			})
		if err != nil {
			return err
		}
	}
	return nil
}

func keyNow(ctx context.Context, tx *db.Tx) (string, error) {
	st, err := setting.Load(ctx, tx)
	if err != nil {
		return "", err
	}
	return dayKey(tx.Now, st.TimeZone), nil
}

// passOver notes of a page of renewals that nothing is to be done today.
func (s *Service) passOver(ctx context.Context, tx *db.Tx, see sight, after, customerID string) (next string, more bool, err error) {
	st, err := setting.Load(ctx, tx)
	if err != nil {
		return after, false, err
	}
	key := dayKey(tx.Now, st.TimeZone)
	rows, of, err := see(ctx, tx, key, after, customerID, pageSize)
	if err != nil || len(rows) == 0 {
		return after, false, err
	}
	renewals, err := domainname.RenewalsIn(rows)
	if err != nil {
		return after, false, err
	}
	domains, err := domainname.Of(of)
	if err != nil {
		return after, false, err
	}
	byID := map[string]domainname.Domain{}
	for _, d := range domains {
		byID[d.ID] = d
	}
	policies := map[string]*domainname.Policy{}
	args := []any{}
	for _, r := range renewals {
		d := byID[r.DomainID]
		p, known := policies[d.Extension]
		if !known {
			policy, ok, err := domainname.PolicyAt(ctx, tx, d.Extension, domainname.RegistryDate(tx.Now))
			if err != nil {
				return after, false, err
			}
			if ok {
				p = &policy
			}
			policies[d.Extension] = p
		}
		if p == nil || dueOf(d, r, *p, st, tx.Now).idle() {
			args = append(args, r.ID)
		}
	}
	if len(args) > 0 {
		n := len(args)
		_, err := tx.SQL().ExecContext(ctx, fmt.Sprintf(`UPDATE domain_renewals SET looked_on = $%d WHERE id IN (%s)`, n+1, page.Placeholders(n)), append(args, key)...)
		if err != nil {
			return after, false, fmt.Errorf("renewals that were looked at: %w", err)
		}
	}
	return renewals[len(renewals)-1].ID, len(renewals) == pageSize, nil
}

// look does what time has brought about for one renewal.
func (s *Service) look(ctx context.Context, tx *db.Tx, id string) (automation.Outcome, error) {
	d, r, err := s.lockRow(ctx, tx, id)
	if err != nil || !r.State.Open() && !r.Unpaid() {
		return automation.ItemSkipped, err
	}
	st, err := setting.Load(ctx, tx)
	if err != nil {
		return automation.ItemSkipped, err
	}
	p, ok, err := domainname.PolicyAt(ctx, tx, d.Extension, domainname.RegistryDate(tx.Now))
	if err != nil || !ok {
		return automation.ItemSkipped, err
	}
	if err := s.carryOut(ctx, tx, d, &r, st, dueOf(d, r, p, st, tx.Now)); err != nil {
		return automation.ItemSkipped, err
	}
	err = tx.LookedAtRenewal(ctx, query.LookedAtRenewalParams{ID: r.ID, LookedOn: dayKey(tx.Now, st.TimeZone)})
	return automation.ItemDone, err
}

func (s *Service) carryOut(ctx context.Context, tx *db.Tx, d domainname.Domain, r *domainname.Renewal, st setting.Settings, w due) error {
	if w.withdraw != "" {
		return s.giveUp(ctx, tx, d, r, w.withdraw)
	}
	if w.quote {
		detail := fmt.Sprintf("%s is in redemption: quote the fee of the restore before it can be paid for.", d.Name.Unicode())
		if err := ask(ctx, tx, d, TaskQuote, r.ID, detail); err != nil {
			return err
		}
	}
	if w.fee.Amount > 0 {
		if err := s.addFee(ctx, tx, d, r, w, st); err != nil {
			return err
		}
	}
	if w.late {
		detail := fmt.Sprintf("What the paid renewal of %s waits for did not come in time: refund it.", d.Name.Unicode())
		if err := ask(ctx, tx, d, TaskTooLate, r.ID, detail); err != nil {
			return err
		}
	}
	if w.alert == 0 {
		return nil
	}
	detail := fmt.Sprintf("The renewal of %s is paid for and not confirmed. Its last safe day is %s.", d.Name.Unicode(), w.lastSafe.Format("en"))
	return task.AskAnew(ctx, tx, task.Question{
		Kind: TaskLastDay, SubjectID: d.ID, Occasion: fmt.Sprintf("%s %d", r.ID, w.alert), CustomerID: d.CustomerID, Detail: detail,
	})
}

// giveUp withdraws an unpaid renewal in time's name, unless a payment is being processed.
func (s *Service) giveUp(ctx context.Context, tx *db.Tx, d domainname.Domain, r *domainname.Renewal, why string) error {
	if r.InvoiceID != "" {
		busy, err := billing.InFlight(ctx, tx, r.InvoiceID)
		if err != nil || busy {
			return err
		}
	}
	if err := s.withdraw(ctx, tx, d, r, why, whileFree); err != nil {
		return err
	}
	return s.payments.UseCredit(ctx, tx, d.CustomerID, r.Price.Currency)
}

// addFee asks for the fee of a stage: by an invoice of its own, which the renewal waits for, or by one that takes the place of
// the renewal's, unless an earlier fee has its own already.
func (s *Service) addFee(ctx context.Context, tx *db.Tx, d domainname.Domain, r *domainname.Renewal, w due, st setting.Settings) error {
	r.Stage = w.stage
	if st.DomainFeeBilling == "replace" && r.State == domainname.RenewalOpen && r.Kind == domainname.Automatic && r.FeeLineID == "" {
		inv, err := billing.Load(ctx, tx, r.InvoiceID)
		if err != nil {
			return err
		}
		if inv.Paid.Amount == 0 {
			busy, err := billing.InFlight(ctx, tx, inv.ID)
			if err != nil || busy {
				return err
			}
			return s.replace(ctx, tx, d, r, w.fee, st)
		}
	}
	if err := s.askFee(ctx, tx, &d, r, w.fee); err != nil {
		return err
	}
	return s.payments.UseCredit(ctx, tx, d.CustomerID, w.fee.Currency)
}

// replace issues the invoice of a renewal anew, with its fee.
func (s *Service) replace(ctx context.Context, tx *db.Tx, d domainname.Domain, r *domainname.Renewal, more money.Money, st setting.Settings) error {
	old := r.LineID
	_, line, err := billing.LineOf(ctx, tx, old)
	if err != nil {
		return err
	}
	r.LineID, r.Fee = tx.NewID("lin"), money.New(r.Fee.Amount+more.Amount, more.Currency)
	if err := domainname.AskMore(ctx, tx, r); err != nil {
		return err
	}
	// The fee of an earlier stage, which the new one replaces, goes with it.
	if err := s.remove(ctx, tx, old, "issued anew with a fee", inFlight); err != nil {
		return err
	}
	buyer, err := customer.Load(ctx, tx, d.CustomerID)
	if err != nil {
		return err
	}
	issued, err := s.billing.Issue(ctx, tx, billing.NewInvoice{
		CustomerID: d.CustomerID, Kind: billing.KindRenewal, Currency: r.Price.Currency, Buyer: partyOf(buyer), DueOn: civil.Of(tx.Now, st.TimeZone),
		Lines: []billing.NewLine{
			{ID: r.LineID, Description: line.Description, Quantity: 1, UnitAmount: r.Price, TaxClass: line.TaxClass, Kind: LinkRenewal, Target: d.ID},
			{With: r.LineID, Description: feeText(d), Quantity: 1, UnitAmount: r.Fee, TaxClass: line.TaxClass},
		},
	})
	if err != nil {
		return err
	}
	r.InvoiceID = issued.ID
	if err := domainname.AskMore(ctx, tx, r); err != nil {
		return err
	}
	return s.payments.UseCredit(ctx, tx, d.CustomerID, r.Price.Currency)
}

func feeText(d domainname.Domain) string {
	return fmt.Sprintf("Late fee for the renewal of %s", d.Name.Unicode())
}
