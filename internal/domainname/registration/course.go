package registration

import (
	"context"
	"fmt"
	"strings"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/task"
)

// Fulfil takes a paid domain on its way to the registrar. It implements [billing.Fulfiller].
func (s *Service) Fulfil(ctx context.Context, tx *db.Tx, line billing.Line) (string, error) {
	d, err := domainname.Lock(ctx, tx, line.Target)
	if err != nil {
		return "", err
	}
	if err := d.OrderPaid(); err != nil {
		return "", err
	}
	if err := domainname.Save(ctx, tx, &d); err != nil {
		return "", err
	}
	if err := domainname.Work(ctx, tx, d.ID, tx.Now); err != nil {
		return "", err
	}
	return d.ID, tell(ctx, tx, EventRequested, d, map[string]any{"invoice_id": line.InvoiceID})
}

// InvoiceChanged ends domains whose order will not be paid, and those whose money went back before anything was sent for
// them. It implements [billing.Observer].
func (s *Service) InvoiceChanged(ctx context.Context, tx *db.Tx, inv billing.Invoice) error {
	for _, line := range inv.Lines {
		if !ours(line.Link) {
			continue
		}
		unpaid := inv.Status == billing.Void || inv.Status == billing.Uncollectible || inv.Status == billing.Paid && line.Link.State == billing.Revoked
		if !unpaid && !line.TakenBack {
			continue
		}
		if err := s.withdraw(ctx, tx, inv, line); err != nil {
			return err
		}
	}
	return nil
}

// withdraw ends what a line was for, unless another invoice has the line now.
func (s *Service) withdraw(ctx context.Context, tx *db.Tx, inv billing.Invoice, line billing.InvoiceLine) error {
	now, _, err := billing.LineOf(ctx, tx, line.ID)
	if err != nil || now.ID != inv.ID {
		return err
	}
	d, err := domainname.Lock(ctx, tx, line.Link.Target)
	if err != nil {
		return err
	}
	switch d.Status {
	case domainname.Pending:
		err = d.OrderEnded()
	case domainname.PendingRegistration, domainname.PendingTransfer:
		if !line.TakenBack {
			return nil
		}
		sent, countErr := tx.CountCommandsOfDomain(ctx, d.ID)
		if countErr != nil {
			return fmt.Errorf("commands for domain %s: %w", d.ID, countErr)
		}
		if sent > 0 {
			return task.Ask(ctx, tx, task.Question{
				Kind: TaskTakenBack, SubjectID: d.ID, Occasion: line.ID, CustomerID: d.CustomerID,
				Detail: fmt.Sprintf("%s was refunded while the registrar was asked for it already. If it comes, decide what becomes of it.", d.Name.Unicode()),
			})
		}
		err = d.TurnedDown()
	default:
		return nil
	}
	if err != nil {
		return err
	}
	if err := domainname.Save(ctx, tx, &d); err != nil {
		return err
	}
	return tell(ctx, tx, EventCancelled, d, map[string]any{"invoice_id": inv.ID})
}

// Wanted looks at the money of a domain as part of tx, directly before the registrar is asked for it: what happened to it while
// an earlier command was under way has moved nothing. One whose money went back ends; wait says why it must not be asked for now.
// The caller holds the locks of customer and domain.
//
// command and renewal are what the registrar asks for it and for renewing it; zero where it was not asked. What it asks for a
// premium name must be covered by what was ordered.
func (s *Service) Wanted(ctx context.Context, tx *db.Tx, d *domainname.Domain, command, renewal registrar.Quote) (wait string, err error) {
	lineID, err := tx.LineOfOrderedDomain(ctx, query.LineOfOrderedDomainParams{OrderID: d.OrderID, DomainID: &d.ID})
	if db.NotFound(err) {
		return "", nil // it came without an order
	}
	if err != nil {
		return "", fmt.Errorf("order of domain %s: %w", d.ID, err)
	}
	inv, line, err := billing.LineOf(ctx, tx, lineID)
	if err != nil {
		return "", err
	}
	switch {
	case line.TakenBack, line.Left().Amount == 0 && line.Amount.Amount > 0, inv.Status == billing.Uncollectible, inv.Status == billing.Void:
	case inv.Status == billing.Open, inv.Disputes > 0:
		return "Its payment was taken back or is disputed. It is looked at again every hour.", nil
	default:
		return s.agreed(ctx, tx, d, line.UnitAmount, command, renewal)
	}
	if err := d.TurnedDown(); err != nil {
		return "", err
	}
	if err := domainname.Save(ctx, tx, d); err != nil {
		return "", err
	}
	if err := task.Settled(ctx, tx, TaskTakenBack, d.ID); err != nil {
		return "", err
	}
	return "", tell(ctx, tx, EventCancelled, *d, map[string]any{"invoice_id": inv.ID})
}

// Confirmed makes a domain active as part of tx, whose registration or transfer the registrar has confirmed: dates as read,
// the term and the price that were promised with the order, the event. A reading whose date can't be true is refused, and
// nothing changes. The caller holds the lock, and saves the domain.
func (s *Service) Confirmed(ctx context.Context, tx *db.Tx, d *domainname.Domain, r domainname.Reading) error {
	at, err := r.Instant(tx.Now)
	if err != nil {
		return fail.Conflict("EXPIRY_UNREADABLE", fmt.Sprintf("The registrar's date of %s %s: %q.", d.Name, err, r.Raw)).Because(err)
	}
	if err := d.Arrived(); err != nil {
		return err
	}
	d.Heard(r.State, tx.Now)
	d.Adopt(at, r, tx.Now)
	d.PaidThrough = d.Expiry.Date()
	policy, known, err := domainname.PolicyAt(ctx, tx, d.Extension, domainname.RegistryDate(tx.Now))
	if err != nil {
		return err
	}
	if err := s.promise(ctx, tx, d, policy, known); err != nil {
		return err
	}
	if err := domainname.SyncAt(ctx, tx, d.ID, tx.Now); err != nil {
		return err
	}
	what := EventRegistered
	if d.Kind == domainname.Transferred {
		what = EventTransferredIn
	}
	return tell(ctx, tx, what, *d, map[string]any{
		"years": d.BoughtYears, "registry_expiry": d.Expiry.At, "expires_on": d.Expiry.Date(), "paid_through": d.PaidThrough,
		"due_on": d.NextDue, "term_years": d.Term, "recurring": d.Recurring, "auto_renew": d.Term > 0 && !d.DoNotRenew,
	})
}

// promise settles by what term a domain renews, and when that falls due for the first time. What the order was promised
// stands, unless the registry does not have the term any more.
func (s *Service) promise(ctx context.Context, tx *db.Tx, d *domainname.Domain, policy domainname.Policy, known bool) error {
	if known && (d.Term == 0 || !policy.Allows(d.Term)) {
		list, err := s.renewalsOfOrder(ctx, tx, *d)
		if err != nil {
			return err
		}
		if d.Premium != nil { // it renews by what the registry asks, or not by itself
			if list, err = renewalsOfPremium(ctx, tx, *d, list); err != nil {
				return err
			}
		}
		term, price, ok := domainname.Promise(d.BoughtYears, list, policy)
		if !ok {
			term, price = 0, money.New(0, d.Recurring.Currency)
		}
		d.Term, d.Recurring = term, price
	}
	if known && d.Term > 0 {
		d.NextDue = policy.Due(d.Window(policy))
		return nil
	}
	d.Term, d.Recurring, d.NextDue = 0, money.New(0, d.Recurring.Currency), civil.Date{}
	return task.Ask(ctx, tx, task.Question{
		Kind: TaskNeverRenews, SubjectID: d.ID, Occasion: d.Expiry.Date().String(), CustomerID: d.CustomerID,
		Detail: fmt.Sprintf("%s does not renew by itself: no renewal of up to %s is priced and allowed. Set a term and a price, or tell the customer.",
			d.Name.Unicode(), years(d.BoughtYears)),
	})
}

// renewalsOfPremium are the terms of a list that the registry has told its price of, at that price.
func renewalsOfPremium(ctx context.Context, tx *db.Tx, d domainname.Domain, sold domainname.List) (domainname.List, error) {
	settings, err := setting.Load(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("settings of the store: %w", err)
	}
	list := domainname.List{}
	for years := range sold {
		own, told := d.Premium.Renew[years]
		if price, known := domainname.Convert(own, d.Recurring.Currency, settings.Rate); told && known {
			list[years] = price
		}
	}
	return list, nil
}

// renewalsOfOrder are the prices of renewals on the day of a domain's order.
func (s *Service) renewalsOfOrder(ctx context.Context, tx *db.Tx, d domainname.Domain) (domainname.List, error) {
	settings, err := setting.Load(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("settings of the store: %w", err)
	}
	holder, err := customer.Load(ctx, tx, d.CustomerID)
	if err != nil {
		return nil, err
	}
	prices, err := domainname.PricesOf(ctx, tx, d.Extension)
	if err != nil {
		return nil, err
	}
	return prices.List(d.Extension, domainname.ForRenewal, d.Recurring.Currency, holder.Group, civil.Of(d.CreatedAt, settings.TimeZone)), nil
}

// Refused ends a domain as part of tx, whose registration or transfer was refused: what was paid becomes credit. why is for
// staff. The caller holds the locks of customer and domain, and saves the domain.
func (s *Service) Refused(ctx context.Context, tx *db.Tx, d *domainname.Domain, why string) error {
	if err := d.TurnedDown(); err != nil {
		return err
	}
	credit, invoiceID, err := s.giveBack(ctx, tx, *d)
	if err != nil {
		return err
	}
	err = tell(ctx, tx, EventRefused, *d, map[string]any{"years": d.BoughtYears, "credit": credit, "invoice_id": invoiceID, "reason": why})
	if err != nil {
		return err
	}
	return task.Ask(ctx, tx, task.Question{
		Kind: TaskRefused, SubjectID: d.ID, Occasion: "refused", CustomerID: d.CustomerID,
		Detail: fmt.Sprintf("%s: %s. %s became the customer's credit.", d.Name.Unicode(), strings.TrimSuffix(why, "."), credit.Format("en")),
	})
}

// giveBack makes what was paid for a domain the customer's credit. What was credited before is not credited again.
func (s *Service) giveBack(ctx context.Context, tx *db.Tx, d domainname.Domain) (freed money.Money, invoiceID string, err error) {
	freed = money.New(0, d.Recurring.Currency)
	lineID, err := tx.LineOfOrderedDomain(ctx, query.LineOfOrderedDomainParams{OrderID: d.OrderID, DomainID: &d.ID})
	if db.NotFound(err) {
		return freed, "", nil // it came without an order
	}
	if err != nil {
		return freed, "", fmt.Errorf("order of domain %s: %w", d.ID, err)
	}
	inv, line, err := billing.LineOf(ctx, tx, lineID)
	if err != nil {
		return freed, "", err
	}
	if inv.Status == billing.Void || line.Left().Amount == 0 || line.Total.Amount == 0 {
		return freed, inv.ID, nil
	}
	note, inv, err := s.billing.Credit(ctx, tx, inv, billing.Crediting{
		Lines: []billing.LineCredit{{LineID: line.ID, Amount: line.Left()}}, Cause: billing.CauseCancellation,
		Reason: d.Name.Unicode() + " could not be had.",
	})
	if err != nil {
		return freed, "", err
	}
	return note.Freed, inv.ID, s.payments.UseCredit(ctx, tx, d.CustomerID, note.Total.Currency)
}
