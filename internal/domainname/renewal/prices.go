package renewal

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/setting"
)

// EventPriceNotice tells the customer of a domain what it will cost from a day on.
const EventPriceNotice = "domain.price_notice"

// noticeMail is the kind of the mail that does so.
const noticeMail = "domain_price_notice"

// planned is a bulk update that waits for its day.
type planned struct {
	id     string
	starts civil.Date
	notice *int64
}

// noticeOn is the day on which the customers are told.
func (u planned) noticeOn() civil.Date { return u.starts.AddDays(-int(*u.notice)) }

func plannedUpdates(ctx context.Context, tx *db.Tx) (all []planned, err error) {
	rows, err := tx.NextDomainPriceUpdate(ctx)
	if err != nil {
		return nil, fmt.Errorf("price updates: %w", err)
	}
	for _, r := range rows {
		on, err := civil.Parse(r.StartsOn)
		if err != nil {
			return nil, fmt.Errorf("price update %s: %w", r.ID, err)
		}
		all = append(all, planned{r.ID, on, r.NoticeDays})
	}
	return all, nil
}

// pricesDue reports whether there is something to do for an update.
func pricesDue(ctx context.Context, tx *db.Tx, _ string) (bool, error) {
	planning, err := tx.PlanningDomainPriceUpdates(ctx)
	if err != nil || len(planning) > 0 {
		return true, err
	}
	undone, err := tx.UndoneDomainPriceUpdates(ctx)
	if err != nil || len(undone) > 0 {
		return true, err
	}
	updates, err := plannedUpdates(ctx, tx)
	if err != nil || len(updates) == 0 {
		return false, err
	}
	st, err := setting.Load(ctx, tx)
	if err != nil {
		return false, err
	}
	day := civil.Of(tx.Now, st.TimeZone)
	for _, u := range updates {
		if u.announced(day) {
			untold, err := tx.UntoldDomainPrices(ctx, query.UntoldDomainPricesParams{UpdateID: u.id, N: 1})
			if err != nil || len(untold) > 0 {
				return true, err
			}
		}
		if !u.starts.After(day) {
			return true, nil
		}
	}
	return false, nil
}

// announced reports whether the customers are to be told by a day.
func (u planned) announced(day civil.Date) bool {
	return u.notice != nil && !u.noticeOn().After(day) && u.starts.After(day)
}

// updatePrices finishes writing bulk updates down, tells customers of them in time, applies those whose day has come, and
// finishes what was undone.
func (s *Service) updatePrices(ctx context.Context, p *automation.Pass) error {
	prices := domainname.New(s.db)
	if err := prices.ResumePriceUpdates(ctx); err != nil {
		return err
	}
	var updates []planned
	var undone []string
	var day civil.Date
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		st, err := setting.Load(ctx, tx)
		if err != nil {
			return err
		}
		day = civil.Of(tx.Now, st.TimeZone)
		if undone, err = tx.UndoneDomainPriceUpdates(ctx); err != nil {
			return fmt.Errorf("price updates that were undone: %w", err)
		}
		updates, err = plannedUpdates(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	for _, id := range undone {
		if err := prices.ResumeUndo(ctx, id); err != nil {
			return err
		}
		p.Done(id)
	}
	for _, u := range updates {
		if u.announced(day) {
			n, err := s.noticePrices(ctx, u)
			if err != nil {
				return err
			}
			p.DoneMany(n)
		}
		if !u.starts.After(day) {
			if err := prices.ApplyPriceUpdates(ctx, day); err != nil {
				return err
			}
			p.Done(u.id)
		}
	}
	return nil
}

// noticePrices tells the customers of an update who were not told yet, in batches.
func (s *Service) noticePrices(ctx context.Context, u planned) (told int, err error) {
	for after := ""; ; {
		var rows []query.UntoldDomainPricesRow
		err := s.db.Write(ctx, func(tx *db.Tx) error {
			var err error
			rows, err = tx.UntoldDomainPrices(ctx, query.UntoldDomainPricesParams{UpdateID: u.id, After: after, N: batchSize})
			if err != nil {
				return fmt.Errorf("notices of price update %s: %w", u.id, err)
			}
			events := make([]event.New, len(rows))
			for i, r := range rows {
				if err := domainname.NoteNotice(ctx, tx, u.id, r.DomainID); err != nil {
					return err
				}
				currency := money.Currency(r.Currency)
				events[i] = event.New{Type: EventPriceNotice, SubjectID: r.DomainID, CustomerID: r.CustomerID, Data: map[string]any{
					"domain_id": r.DomainID, "name": r.Name, "shown": shown(r.Name), "price_update_id": u.id, "starts_on": u.starts, "term_years": r.Term,
					"before": money.New(r.BeforeAmount, currency), "after": money.New(r.AfterAmount, currency),
				}}
			}
			return event.EmitAll(ctx, tx, events)
		})
		if err != nil || len(rows) == 0 {
			return told, err
		}
		told += len(rows)
		after = rows[len(rows)-1].DomainID
	}
}

// shown is a stored name as people read it.
func shown(stored string) string {
	name, err := domainname.ParseName(stored)
	if err != nil {
		return stored
	}
	return name.Unicode()
}

// mailLost takes it that a customer was not told of a price whose notice could not be sent: the domain is passed over.
func (s *Service) mailLost(ctx context.Context, tx *db.Tx, e event.Event) error {
	var lost struct {
		Kind      string `json:"kind"`
		SubjectID string `json:"subject_id"`
	}
	if err := e.Decode(&lost); err != nil || lost.Kind != noticeMail {
		return err
	}
	if err := tx.LoseDomainPriceNotice(ctx, lost.SubjectID); err != nil {
		return fmt.Errorf("price notice of domain %s: %w", lost.SubjectID, err)
	}
	return nil
}
