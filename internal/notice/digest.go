package notice

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/mail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/setting"
)

// digestAt is when staff read about the day before: in the morning of the store's zone.
const digestAt = 6 * time.Hour

// digestOn is the instant of a day's digest.
func digestOn(day civil.Date, zone *time.Location) time.Time { return day.StartIn(zone).Add(digestAt) }

// digestTask writes to staff once a day. Which day was looked at is known to the process, so that a day without news is
// not counted again every minute; that there is a mail about it already, to the store.
func (s *Service) digestTask() automation.Task {
	var mu sync.Mutex // held while a digest is written
	var looked atomic.Pointer[civil.Date]
	return automation.Task{
		Kind: TaskDigest, Order: automation.OrderUpkeep,
		Next: func(ctx context.Context, tx *db.Tx, after time.Time) (time.Time, bool, error) {
			now, err := setting.Load(ctx, tx)
			if err != nil || len(now.MailStaff) == 0 {
				return time.Time{}, false, err
			}
			day := civil.Of(after, now.TimeZone)
			at := digestOn(day, now.TimeZone)
			if !at.After(after) {
				at = digestOn(day.AddDays(1), now.TimeZone)
			}
			return at, true, nil
		},
		Due: func(ctx context.Context, tx *db.Tx, customerID string) (bool, error) {
			day, due, err := digestDue(ctx, tx)
			at := looked.Load()
			return due && customerID == "" && (at == nil || *at != day), err
		},
		Run: func(ctx context.Context, p *automation.Pass) error {
			mu.Lock()
			defer mu.Unlock()
			day, due, written, err := s.digest(ctx)
			if err == nil && due {
				looked.Store(&day)
			}
			if err == nil && written {
				p.DoneMany(1)
			}
			return err
		},
	}
}

// digestDue reports whether it is time for a day's digest, and which day it is.
func digestDue(ctx context.Context, tx *db.Tx) (day civil.Date, due bool, err error) {
	now, err := setting.Load(ctx, tx)
	if err != nil {
		return day, false, err
	}
	day = civil.Of(tx.Now, now.TimeZone)
	return day, len(now.MailStaff) > 0 && !tx.Now.Before(digestOn(day, now.TimeZone)), nil
}

// digest writes the digest that is due. It returns the day on which that is, whether it is due, and whether there was
// something to say.
func (s *Service) digest(ctx context.Context) (day civil.Date, due, written bool, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) (err error) {
		written = false
		if day, due, err = digestDue(ctx, tx); err != nil || !due {
			return err
		}
		now, err := s.settings(ctx, tx)
		if err != nil {
			return err
		}
		yesterday := day.AddDays(-1)
		told, err := tx.MailExistsAbout(ctx, query.MailExistsAboutParams{Kind: string(mail.StaffDigest), SubjectID: yesterday.String()})
		if err != nil || told {
			return err
		}
		data, err := newsOf(ctx, tx, now, yesterday)
		if err != nil || len(data.Sales) == 0 && len(data.News) == 0 && len(data.Items) == 0 {
			return err
		}
		written = true
		return s.mails.QueueStaff(ctx, tx, mail.Message{Kind: mail.StaffDigest, SubjectID: yesterday.String(), Data: data})
	})
	return day, due, written, err
}

// newsOf is what happened on a day, and what a person should look at now.
func newsOf(ctx context.Context, tx *db.Tx, now *setting.Settings, day civil.Date) (mail.StaffDigestData, error) {
	data := mail.StaffDigestData{Day: day, Link: adminLink}
	w := wordsOf(now.Language)
	begin, end := day.StartIn(now.TimeZone), day.AddDays(1).StartIn(now.TimeZone)
	from, to := clock.FromTime(begin), clock.FromTime(end)
	sales, err := tx.DigestMoney(ctx, query.DigestMoneyParams{FromAt: from, ToAt: to})
	if err != nil {
		return data, fmt.Errorf("money of %s: %w", day, err)
	}
	renewals, err := tx.DigestRenewals(ctx, query.DigestRenewalsParams{FromAt: from, ToAt: to})
	if err != nil {
		return data, fmt.Errorf("renewals of %s: %w", day, err)
	}
	n, err := tx.DigestCounts(ctx, query.DigestCountsParams{
		FromOrder: db.FirstID("ord", begin), ToOrder: db.FirstID("ord", end), FromAttempt: db.FirstID("pat", begin), ToAttempt: db.FirstID("pat", end),
		FromMail: db.FirstID("mai", begin), ToMail: db.FirstID("mai", end),
	})
	if err != nil {
		return data, fmt.Errorf("counts of %s: %w", day, err)
	}
	payments := int64(0)
	for _, r := range sales {
		data.Sales = append(data.Sales, money.New(r.Amount, money.Currency(r.Currency)))
		payments += r.Payments
	}
	list := func(items ...mail.DigestItem) (some []mail.DigestItem) {
		for _, item := range items {
			if item.Count > 0 {
				some = append(some, item)
			}
		}
		return some
	}
	data.News = list(
		mail.DigestItem{Title: w.orders, Count: n.Orders, Link: "/admin/orders"},
		mail.DigestItem{Title: w.payments, Count: payments, Link: "/admin/invoices"},
		mail.DigestItem{Title: w.renewals, Count: renewals, Link: "/admin/subscriptions"},
	)
	data.Items = list(
		mail.DigestItem{Title: w.failures, Count: n.Failures, Link: "/admin/invoices?status=open"},
		mail.DigestItem{Title: w.tasks, Count: n.Tasks, Link: tasksLink},
		mail.DigestItem{Title: w.lines, Count: n.Lines, Link: adminLink},
		mail.DigestItem{Title: w.jobs, Count: n.Jobs, Link: "/admin/automation"},
		mail.DigestItem{Title: w.items, Count: n.Items, Link: "/admin/automation"},
		mail.DigestItem{Title: w.mails, Count: n.Mails, Link: "/admin/mail?state=failed"},
	)
	return data, nil
}
