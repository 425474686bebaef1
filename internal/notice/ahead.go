package notice

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/mail"
	"github.com/keystead/keystead/internal/setting"
)

// The kinds of this room's tasks.
const (
	TaskTrials = "notice.trials"
	TaskCards  = "notice.cards"
	TaskDigest = "notice.digest"
)

const (
	trialAhead = 3 * 24 * time.Hour // before a trial ends; of a shorter one is written as soon as it has begun
	cardAhead  = 30                 // days before a card expires
)

// trialsTask writes to those whose trial is about to end. The mail that there is keeps another from being written.
func (s *Service) trialsTask() automation.Task {
	return automation.Task{
		Kind: TaskTrials, Order: automation.OrderReminders,
		Next: func(ctx context.Context, tx *db.Tx, after time.Time) (time.Time, bool, error) {
			horizon := clock.FromTime(after.Add(trialAhead))
			ends, err := tx.NextTrialToAnnounce(ctx, &horizon)
			if db.NotFound(err) {
				return time.Time{}, false, nil
			}
			if err != nil {
				return time.Time{}, false, fmt.Errorf("next trial: %w", err)
			}
			return ends.Time().Add(-trialAhead), true, nil
		},
		Due: automation.Any(trialsToAnnounce),
		Run: func(ctx context.Context, p *automation.Pass) error {
			return p.Each(ctx, trialsToAnnounce(p.CustomerID()), s.announceTrial)
		},
	}
}

func trialsToAnnounce(customerID string) automation.Find {
	return func(ctx context.Context, tx *db.Tx, after string, n int) ([]string, error) {
		horizon := clock.FromTime(tx.Now.Add(trialAhead))
		return tx.TrialsToAnnounce(ctx, query.TrialsToAnnounceParams{
			Now: &tx.Stamp, Horizon: &horizon, After: after, CustomerID: customerID, N: int64(n),
		})
	}
}

func (s *Service) announceTrial(ctx context.Context, tx *db.Tx, id string) (automation.Outcome, error) {
	now, err := s.settings(ctx, tx)
	if err != nil {
		return automation.ItemSkipped, err
	}
	d := &desk{tx: tx, now: now}
	sub, err := d.subscription(ctx, id)
	if err != nil || sub.trialEnds == nil {
		return automation.ItemSkipped, err
	}
	ends := civil.Of(*sub.trialEnds, now.TimeZone)
	return automation.ItemDone, s.send(ctx, tx, d.to, mail.Message{
		Kind: mail.TrialEnding, SubjectID: id, Occasion: ends.String(), Data: mail.TrialEndingData{
			Name: d.to.name, Subscription: sub.told, EndsOn: ends, Method: sub.method, Cancel: sub.told.Link, Update: d.link(methodsLink),
		},
	})
}

// cardsTask writes to those whose card will expire although something is to be charged to it.
func (s *Service) cardsTask() automation.Task {
	return automation.Task{
		Kind: TaskCards, Order: automation.OrderReminders,
		Next: func(ctx context.Context, tx *db.Tx, after time.Time) (time.Time, bool, error) {
			now, err := setting.Load(ctx, tx)
			if err != nil {
				return time.Time{}, false, err
			}
			horizon := civil.Of(after, now.TimeZone).AddDays(cardAhead).String()
			on, err := tx.NextCardToAnnounce(ctx, &horizon)
			if db.NotFound(err) {
				return time.Time{}, false, nil
			}
			if err != nil {
				return time.Time{}, false, fmt.Errorf("next card: %w", err)
			}
			return dateOf(*on).AddDays(-cardAhead).StartIn(now.TimeZone), true, nil
		},
		Due: automation.Any(cardsToAnnounce),
		Run: func(ctx context.Context, p *automation.Pass) error {
			return p.Each(ctx, cardsToAnnounce(p.CustomerID()), s.announceCard)
		},
	}
}

func cardsToAnnounce(customerID string) automation.Find {
	return func(ctx context.Context, tx *db.Tx, after string, n int) ([]string, error) {
		now, err := setting.Load(ctx, tx)
		if err != nil {
			return nil, err
		}
		day := civil.Of(tx.Now, now.TimeZone)
		today, horizon := day.String(), day.AddDays(cardAhead).String()
		return tx.CardsToAnnounce(ctx, query.CardsToAnnounceParams{
			Today: &today, Horizon: &horizon, After: after, CustomerID: customerID, N: int64(n),
		})
	}
}

func (s *Service) announceCard(ctx context.Context, tx *db.Tx, id string) (automation.Outcome, error) {
	r, err := tx.NoticeCard(ctx, id)
	if err != nil {
		return automation.ItemSkipped, fmt.Errorf("payment method %s: %w", id, err)
	}
	to := personOf(r.CustomerID, r.Name, r.Email, r.EmailFold, r.Language)
	d := &desk{tx: tx, to: to}
	return automation.ItemDone, s.send(ctx, tx, to, mail.Message{
		Kind: mail.CardExpiring, SubjectID: id, Occasion: r.ExpiresOn, Data: mail.CardExpiringData{
			Name: to.name, Method: r.Label, ExpiresOn: dateOf(r.ExpiresOn), NextOn: dateOf(r.NextOn), Update: d.link(methodsLink),
		},
	})
}
