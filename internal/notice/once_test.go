package notice_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/mail"
)

// box takes mails and counts them.
type box struct {
	mu       sync.Mutex
	subjects map[string]int
}

// Connect implements mail.Sender.
func (b *box) Connect(context.Context, mail.Server) (mail.Connection, error) { return b, nil }

// Send implements mail.Connection.
func (b *box) Send(_ context.Context, l mail.Letter) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.subjects[l.To+": "+l.Subject]++
	return nil
}

// Close implements mail.Connection.
func (b *box) Close() {}

// E19: the automation and the mailer run every five minutes for a day. On the day before which an invoice is due, and on
// the one on which it is overdue, exactly one mail says so.
func TestOneReminder(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, store *dbtest.Store) {
		s := newShop(t, store, "2027-03-01")
		out := &box{subjects: map[string]int{}}
		// The shop's own mailer finds nobody at this address; this one does.
		mails := mail.New(store.DB, mail.Config{Settings: s.Settings, Box: crypt.NewBox(crypt.NewKey()), Sender: out})
		s.set(map[string]any{
			"mail.smtp": "127.0.0.1:1", "mail.from": "shop@store.example", "billing.remind_days": 1, "billing.overdue_days": []int{1}, "mail.staff": []string{},
		})
		s.buy(s.customer("ada", ""), s.price(civil.Monthly, 1000))
		s.advance("2027-03-30")
		for range 3 * 24 * 12 { // three days
			s.store.Clock.Advance(5 * time.Minute)
			s.now()
			must(mails.SendDue(s.ctx))(s.T)
		}
		for subject, want := range map[string]int{
			"ada@example.com: Widget – Team renews on 1 April 2027":                 1,
			"ada@example.com: Reminder: invoice INV-2027-2 was due on 1 April 2027": 1,
		} {
			if got := out.subjects[subject]; got != want {
				t.Errorf("%d × %q, want %d", got, subject, want)
			}
		}
		for subject, n := range out.subjects {
			if n != 1 {
				t.Errorf("%d × %q", n, subject)
			}
		}
		if len(out.subjects) != 5 { // invoice, confirmation, invoice, reminder, overdue
			t.Errorf("mails: %v", out.subjects)
		}
	})
}
