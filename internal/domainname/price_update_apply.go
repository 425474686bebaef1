package domainname

import (
	"context"
	"fmt"
	"strings"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/task"
	"github.com/keystead/keystead/internal/text"
)

// batch is how many domains are changed in one transaction: others wait no longer than that.
const batch = 1000

// ApplyPriceUpdates applies the updates whose day has come, in batches of which each row counts once: whoever stops it
// half-way can call it again. day is today by the store's zone.
func (s *Service) ApplyPriceUpdates(ctx context.Context, day civil.Date) error {
	var ids []string
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		ids, err = tx.DueDomainPriceUpdates(ctx, day.String())
		return err
	})
	if err != nil {
		return fmt.Errorf("due price updates: %w", err)
	}
	for _, id := range ids {
		if err := s.inBatches(ctx, id, "planned", s.applyBatch); err != nil {
			return err
		}
		err := s.db.Write(ctx, func(tx *db.Tx) error {
			n, err := tx.ApplyDomainPriceUpdate(ctx, query.ApplyDomainPriceUpdateParams{ID: id, AppliedAt: &tx.Stamp})
			if err != nil || n == 0 {
				return err
			}
			return askSkipped(ctx, tx, id)
		})
		if err != nil {
			return fmt.Errorf("price update %s: %w", id, err)
		}
	}
	return nil
}

// TaskSkipped is the kind of the question about the domains that a price update has passed over.
const TaskSkipped = "domain.prices_skipped"

// askSkipped tells staff which domains an update has left as they are on its day, and why.
func askSkipped(ctx context.Context, tx *db.Tx, id string) error {
	rows, err := tx.SkippedDomainPrices(ctx, id)
	if err != nil || len(rows) == 0 {
		return err
	}
	u, err := tx.DomainPriceUpdate(ctx, id)
	if err != nil {
		return err
	}
	starts, err := civil.Parse(u.StartsOn)
	if err != nil {
		return fmt.Errorf("price update %s: %w", id, err)
	}
	words := map[string]string{"notice": "of customers who were not told in time", "changed": "that somebody has changed meanwhile"}
	var skipped int64
	var why []string
	for _, r := range rows {
		skipped += r.N
		why = append(why, fmt.Sprintf("%d %s", r.N, words[r.Detail]))
	}
	return task.Ask(ctx, tx, task.Question{
		Kind: TaskSkipped, SubjectID: id, Occasion: u.StartsOn,
		Detail: fmt.Sprintf("The price update “%s” of %s has skipped %d of its domains: %s. It lists them; make another update for what is still to change.",
			u.Reason, starts.Format("en"), skipped, strings.Join(why, ", ")),
	})
}

// span is a stretch of the rows of an update.
type span struct{ after, upto string }

// inBatches calls f for the rows in a state, a transaction for each batch.
func (s *Service) inBatches(ctx context.Context, id, state string, f func(ctx context.Context, tx *db.Tx, u query.DomainPriceUpdate, b span) error) error {
	for after := ""; ; {
		more := false
		last := after
		err := s.db.Write(ctx, func(tx *db.Tx) error {
			more = false
			u, err := tx.LockDomainPriceUpdate(ctx, id)
			if err != nil {
				return err
			}
			rows, err := tx.DomainPriceUpdateItems(ctx, query.DomainPriceUpdateItemsParams{UpdateID: id, After: after, State: state, N: batch})
			if err != nil || len(rows) == 0 {
				return err
			}
			more, last = len(rows) == batch, rows[len(rows)-1].DomainID
			return f(ctx, tx, u, span{after, last})
		})
		if err != nil {
			return fmt.Errorf("price update %s: %w", id, err)
		}
		if !more {
			return nil
		}
		after = last
	}
}

func (s *Service) applyBatch(ctx context.Context, tx *db.Tx, u query.DomainPriceUpdate, b span) error {
	if u.Status != "scheduled" {
		return nil // undone meanwhile
	}
	if _, err := tx.LockDomainsOfPriceUpdate(ctx, query.LockDomainsOfPriceUpdateParams{UpdateID: u.ID, After: b.after, Upto: b.upto}); err != nil {
		return err
	}
	told := u.NoticeDays != nil
	if told {
		_, err := tx.UnnoteUnsentDomainPrices(ctx, query.UnnoteUnsentDomainPricesParams{UpdateID: u.ID, After: b.after, Upto: b.upto})
		if err != nil {
			return err
		}
	}
	if _, err := tx.SkipDomainPriceUpdateItems(ctx, query.SkipDomainPriceUpdateItemsParams{UpdateID: u.ID, After: b.after, Upto: b.upto, Told: told}); err != nil {
		return err
	}
	rows, err := tx.DomainPriceUpdateItems(ctx, query.DomainPriceUpdateItemsParams{UpdateID: u.ID, After: b.after, State: "planned", N: batch})
	if err != nil {
		return err
	}
	_, err = tx.ChangeDomainPrices(ctx, query.ChangeDomainPricesParams{UpdateID: u.ID, After: b.after, Upto: b.upto, UpdatedAt: tx.Stamp})
	if err != nil {
		return err
	}
	if err := tellPrices(ctx, tx, u, b, rows, false); err != nil {
		return err
	}
	_, err = tx.FinishDomainPriceUpdateItems(ctx, query.FinishDomainPriceUpdateItemsParams{
		UpdateID: u.ID, After: b.after, Upto: b.upto, FromState: "planned", ToState: "applied",
	})
	return err
}

// tellPrices writes the events of the rows of a batch.
func tellPrices(ctx context.Context, tx *db.Tx, u query.DomainPriceUpdate, b span, rows []query.DomainPriceUpdateItemsRow, undone bool) error {
	var events []event.New
	for _, r := range rows {
		if r.DomainID > b.upto {
			break
		}
		before, after := money.New(r.BeforeAmount, money.Currency(r.Currency)), money.New(r.AfterAmount, money.Currency(r.Currency))
		if undone {
			before, after = after, before
		}
		events = append(events, event.New{
			Type: "domain.price_changed", SubjectID: r.DomainID, CustomerID: r.CustomerID,
			Data: map[string]any{"domain_id": r.DomainID, "name": r.Name, "price_update_id": u.ID, "before": before, "after": after, "undone": undone},
		})
	}
	return event.EmitAll(ctx, tx, events)
}

// UndoPriceUpdate takes an update back within 90 days: each domain that nobody changed since costs what it cost; the
// others are kept and listed. Invoices that were made stay.
func (s *Service) UndoPriceUpdate(ctx context.Context, id, why string) (PriceUpdate, error) {
	why, err := text.Required(why, text.NotesLength)
	if err != nil {
		return PriceUpdate{}, fail.Invalid("reason", err.Error())
	}
	if !text.IsID(id) {
		return PriceUpdate{}, errPriceUpdateNotFound
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		u, err := tx.LockDomainPriceUpdate(ctx, id)
		if db.NotFound(err) {
			return errPriceUpdateNotFound
		}
		if err != nil {
			return fmt.Errorf("price update %s: %w", id, err)
		}
		if u.AppliedAt != nil && tx.Now.Sub(u.AppliedAt.Time()) > undoable {
			return fail.Conflict("PRICE_UPDATE_TOO_OLD", "A price update can be undone for 90 days.")
		}
		n, err := tx.UndoDomainPriceUpdate(ctx, query.UndoDomainPriceUpdateParams{ID: id, UndoneAt: &tx.Stamp})
		if err != nil {
			return fmt.Errorf("price update %s: %w", id, err)
		}
		if n == 0 {
			return fail.Conflict("PRICE_UPDATE_UNDONE", "The price update was undone already.")
		}
		return event.Audit(ctx, tx, event.Change{What: "domain_price_update.undone", SubjectID: id, Why: why})
	})
	if err != nil {
		return PriceUpdate{}, err
	}
	if err := s.ResumeUndo(ctx, id); err != nil {
		return PriceUpdate{}, err
	}
	return s.PriceUpdate(ctx, id)
}

// ResumeUndo carries out what is left of an update that was undone, in batches: again after a crash, nothing twice.
func (s *Service) ResumeUndo(ctx context.Context, id string) error {
	err := s.inBatches(ctx, id, "applied", func(ctx context.Context, tx *db.Tx, u query.DomainPriceUpdate, b span) error {
		if _, err := tx.LockDomainsOfPriceUpdate(ctx, query.LockDomainsOfPriceUpdateParams{UpdateID: id, After: b.after, Upto: b.upto}); err != nil {
			return err
		}
		if _, err := tx.KeepDomainPriceUpdateItems(ctx, query.KeepDomainPriceUpdateItemsParams{UpdateID: id, After: b.after, Upto: b.upto}); err != nil {
			return err
		}
		rows, err := tx.DomainPriceUpdateItems(ctx, query.DomainPriceUpdateItemsParams{UpdateID: id, After: b.after, State: "applied", N: batch})
		if err != nil {
			return err
		}
		_, err = tx.RestoreDomainPrices(ctx, query.RestoreDomainPricesParams{UpdateID: id, After: b.after, Upto: b.upto, UpdatedAt: tx.Stamp})
		if err != nil {
			return err
		}
		if err := tellPrices(ctx, tx, u, b, rows, true); err != nil {
			return err
		}
		return finish(ctx, tx, id, b, "applied")
	})
	if err != nil {
		return err
	}
	return s.inBatches(ctx, id, "planned", func(ctx context.Context, tx *db.Tx, _ query.DomainPriceUpdate, b span) error {
		return finish(ctx, tx, id, b, "planned")
	})
}

func finish(ctx context.Context, tx *db.Tx, id string, b span, from string) error {
	_, err := tx.FinishDomainPriceUpdateItems(ctx, query.FinishDomainPriceUpdateItemsParams{
		UpdateID: id, After: b.after, Upto: b.upto, FromState: from, ToState: "undone",
	})
	return err
}
