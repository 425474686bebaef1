package renewal

import (
	"context"
	"fmt"
	"slices"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/task"
	"github.com/keystead/keystead/internal/text"
)

var errNoLine = fail.NotFound("LINE_NOT_FOUND", "There is no such line that renews a domain.")

// linkOf locks the invoice of a line that renews a domain, with its customer.
func linkOf(ctx context.Context, tx *db.Tx, lineID string) (billing.Invoice, error) {
	inv, line, err := billing.LineOf(ctx, tx, lineID)
	if err != nil {
		return inv, err
	}
	if line.Link == nil || line.Link.Kind != LinkRenewal {
		return inv, errNoLine
	}
	return inv, nil
}

// Revoke takes back what paying a line does. elsewhere says that the term was renewed elsewhere already: paying then moves
// the dates and sends nothing. [Service.Restore] sets an unpaid one back.
func (s *Service) Revoke(ctx context.Context, lineID string, elsewhere bool, why string) error {
	why, err := text.Notes(why, text.NotesLength)
	if err != nil {
		return fail.Invalid("reason", err.Error())
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		inv, err := linkOf(ctx, tx, lineID)
		if err != nil {
			return err
		}
		if !elsewhere {
			_, err := s.billing.RevokeFulfilment(db.With(ctx, tx), inv.ID, lineID, why)
			return err
		}
		d, r, err := lockRenewal(ctx, tx, lineID)
		if err != nil {
			return err
		}
		if r.State != domainname.RenewalOpen {
			return notOpen(r)
		}
		if err := s.YearsThere(ctx, tx, &d, &r, domainname.Elsewhere); err != nil {
			return err
		}
		return audit(ctx, tx, "domain.renewed_elsewhere", d, string(domainname.RenewalOpen), string(r.State), why)
	})
}

func notOpen(r domainname.Renewal) error {
	return fail.Conflict("RENEWAL_STATE", fmt.Sprintf("The renewal is %s.", r.State))
}

func audit(ctx context.Context, tx *db.Tx, what string, d domainname.Domain, before, after, why string) error {
	return event.Audit(ctx, tx, event.Change{What: what, SubjectID: d.ID, Before: before, After: after, Why: why})
}

// Restore sets a revoked, unpaid line back.
func (s *Service) Restore(ctx context.Context, lineID, why string) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		inv, err := linkOf(ctx, tx, lineID)
		if err != nil {
			return err
		}
		_, err = s.billing.RestoreFulfilment(db.With(ctx, tx), inv.ID, lineID, why)
		return err
	})
}

// YearsThere notes as part of tx that the registry has the years of an unpaid renewal already: its line stays payable, and
// paying it moves the dates and sends nothing. One that is paid for is done by that.
func (s *Service) YearsThere(ctx context.Context, tx *db.Tx, d *domainname.Domain, open *domainname.Renewal, cause string) error {
	unpaid := open.State == domainname.RenewalOpen
	open.Cause = cause
	if err := domainname.MoveRenewal(ctx, tx, open, domainname.OnYearsThere); err != nil {
		return err
	}
	if !unpaid {
		return s.Settled(ctx, tx, d, open)
	}
	if open.LineID != "" {
		if err := s.billing.NoteFulfilled(ctx, tx, open.LineID, cause); err != nil {
			return err
		}
	}
	return tell(ctx, tx, "domain.renewal_satisfied", *d, *open, map[string]any{"cause": cause, "paid": false})
}

var (
	errNoQuestion = fail.Conflict("NOTHING_TO_ANSWER", "There is no term of this domain that nobody has paid for, or it was answered already.")
	errNotAhead   = fail.Conflict("NOTHING_TO_EXTEND", "The registry has the domain no longer than it is paid for.")
)

// Answer says what becomes of a term that the registry has, or will need, and nobody paid for. The first answer counts; that it is
// let go can be taken back as long as its renewal stays revoked.
func (s *Service) Answer(ctx context.Context, domainID, answer, why string) error {
	why, err := text.Required(why, text.NotesLength)
	if err != nil {
		return fail.Invalid("reason", err.Error())
	}
	if answer != ExtendPaid && answer != InvoiceAgain && answer != LetGo {
		return fail.Invalid("answer", "is not one of extend_paid_through, invoice_again, let_go")
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		d, open, err := s.lock(ctx, tx, domainID)
		if err != nil {
			return err
		}
		if open != nil {
			return domainname.Refusal{Reason: domainname.AlreadyOpen, RenewalID: open.ID}.Err()
		}
		terms, err := revokedTerms(ctx, tx, d)
		if err != nil {
			return err
		}
		asked, err := task.Finish(ctx, tx, TaskUnpaid, d.ID)
		if err != nil {
			return err
		}
		if answer == ExtendPaid {
			undo, err := task.Finish(ctx, tx, TaskUndo, d.ID)
			if err != nil {
				return err
			}
			asked = asked || undo
		}
		if !asked && !d.Unanswered && len(terms) == 0 {
			return errNoQuestion
		}
		before := fmt.Sprintf("paid through %s, next due %s", d.PaidThrough, d.NextDue)
		switch answer {
		case ExtendPaid:
			err = extend(ctx, tx, &d)
		case InvoiceAgain:
			err = freeDueDate(ctx, tx, terms)
		case LetGo:
			if !d.DoNotRenew {
				err = turn(ctx, tx, &d, false, why)
			}
		}
		if err != nil {
			return err
		}
		d.Unanswered = false
		if err := domainname.Save(ctx, tx, &d); err != nil {
			return err
		}
		return audit(ctx, tx, "domain.term_answered", d, before, fmt.Sprintf("%s: paid through %s, next due %s", answer, d.PaidThrough, d.NextDue), why)
	})
}

// extend takes paid-through to the registry's date, and next due with it. What is paid for is never shortened.
func extend(ctx context.Context, tx *db.Tx, d *domainname.Domain) error {
	if !d.Expiry.Date().After(d.PaidThrough) {
		return errNotAhead
	}
	p, ok, err := domainname.PolicyAt(ctx, tx, d.Extension, domainname.RegistryDate(tx.Now))
	if err != nil {
		return err
	}
	years := domainname.YearsAhead(d.Expiry.Date(), d.PaidThrough)
	d.PaidThrough = d.Expiry.Date()
	if ok && years > 0 && !d.NextDue.IsZero() && d.NextDue.Before(d.PaidThrough) {
		d.NextDue = p.DueAfter(d.NextDue, years, p.Window(d.PaidThrough, civil.Date{}))
	}
	return nil
}

// revokedTerms are the revoked renewals of the term that a domain is in, or that it is paid for.
func revokedTerms(ctx context.Context, tx *db.Tx, d domainname.Domain) (found []domainname.Renewal, err error) {
	end, _ := d.TermEnd()
	bases := []civil.Date{end}
	if !d.PaidThrough.IsZero() && d.PaidThrough != end {
		bases = append(bases, d.PaidThrough)
	}
	for _, base := range bases {
		all, err := domainname.RenewalsOfTerm(ctx, tx, d.ID, base)
		if err != nil {
			return nil, err
		}
		for _, r := range all {
			again := func(before domainname.Renewal) bool { return before.ID == r.ID }
			if r.State == domainname.RenewalRevoked && !slices.ContainsFunc(found, again) {
				found = append(found, r)
			}
		}
	}
	return found, nil
}

// freeDueDate lets the due dates of renewals that were revoked be invoiced again.
func freeDueDate(ctx context.Context, tx *db.Tx, revoked []domainname.Renewal) error {
	for _, r := range revoked {
		r.Cause = "invoiced again"
		if err := domainname.MoveRenewal(ctx, tx, &r, domainname.OnWithdrawal); err != nil {
			return err
		}
	}
	return nil
}
