package notice_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/mail"
	"github.com/keystead/keystead/internal/notice"
	"github.com/keystead/keystead/internal/order"
)

// broken queues nothing.
type broken struct {
	how func(ctx context.Context, tx *db.Tx) error
}

// Queue implements notice.Mails.
func (b broken) Queue(ctx context.Context, tx *db.Tx, _ mail.Message) error { return b.how(ctx, tx) }

// QueueAll implements notice.Mails.
func (b broken) QueueAll(ctx context.Context, tx *db.Tx, _ []mail.Message) error {
	return b.how(ctx, tx)
}

// QueueStaff implements notice.Mails.
func (b broken) QueueStaff(ctx context.Context, tx *db.Tx, _ mail.Message) error {
	return b.how(ctx, tx)
}

// Where no mail can be written, the money is booked and what it pays for is delivered.
func TestMoneyDoesNotWaitForMails(t *testing.T) {
	each(t, "2027-03-01", func(s *shop) {
		s.exec("ALTER TABLE mails RENAME TO mails_of_old") // an error spoils a transaction of PostgreSQL
		o := s.place(s.customer("ada", ""), s.price(civil.OneTime, 4900))
		s.pay(o.InvoiceID, 4900)
		o = must(s.Orders.ByID(s.ctx, o.ID))(s.T)
		if o.Status != order.Completed || len(o.LicenseIDs) != 1 {
			s.Errorf("order %s with %d licenses", o.Status, len(o.LicenseIDs))
		}
		if found := must(s.Billing.Verify(s.ctx))(s.T); len(found) > 0 {
			s.Errorf("differences: %+v", found)
		}
		if n := s.count("SELECT COUNT(*) FROM staff_tasks WHERE kind = $1", notice.TaskMissed); n != 2 { // invoice, confirmation
			s.Errorf("staff are asked about %d mails", n)
		}
	})
}

// Whatever goes wrong, the event is written, and staff are asked to look; by a fault that hits everything not without end.
func TestMissed(t *testing.T) {
	t.Parallel()
	for name, how := range map[string]func(ctx context.Context, tx *db.Tx) error{
		"refused": func(context.Context, *db.Tx) error { return errors.New("no paper") },
		"panic":   func(context.Context, *db.Tx) error { panic("no paper") },
		"bytes":   func(context.Context, *db.Tx) error { return errors.New("no \x00 paper \xff") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dbtest.Each(t, func(t *testing.T, store *dbtest.Store) {
				s := &shop{T: t, store: store, ctx: t.Context()}
				s.exec("INSERT INTO settings (name, value, updated_at) VALUES ('mail.staff', '[\"eve@store.example\"]', 0)")
				notice.New(store.DB, broken{how}, nil)
				for i := range 30 {
					s.emit(s.ctx, event.New{Type: "task.opened", SubjectID: fmt.Sprint("pay_", i), Data: map[string]any{"kind": "refund.failed"}})
				}
				if n := s.count("SELECT COUNT(*) FROM events WHERE type = 'task.opened' AND subject_id LIKE 'pay_%'"); n != 30+20 {
					t.Errorf("%d events, with those of the questions", n)
				}
				if n := s.count("SELECT COUNT(*) FROM staff_tasks WHERE kind = $1", notice.TaskMissed); n != 20 {
					t.Errorf("staff are asked about %d mails", n)
				}
			})
		})
	}
}

// Of many invoices at once, one whose mail can't be written keeps no other from it.
func TestManyInvoicesAtOnce(t *testing.T) {
	each(t, "2027-03-01", func(s *shop) {
		var all []billing.NewInvoice
		for i := range 112 {
			name := fmt.Sprint("c", i)
			id := s.customer(name, "")
			all = append(all, billing.NewInvoice{
				CustomerID: id, Kind: billing.KindManual, Currency: "EUR", Buyer: billing.Party{Name: name},
				Lines: []billing.NewLine{{Description: "Work " + name, Quantity: 1, UnitAmount: eur(1000), Discount: eur(0)}},
			})
		}
		s.exec("UPDATE customers SET email = 'nobody' WHERE email = 'c7@example.com'")
		issue := func() {
			s.Helper()
			err := s.store.DB.Write(s.ctx, func(tx *db.Tx) error {
				_, err := s.Billing.IssueRenewals(s.ctx, tx, all)
				return err
			})
			if err != nil {
				s.Fatal(err)
			}
		}
		issue()
		if n := s.count("SELECT COUNT(*) FROM mails WHERE kind = 'invoice_issued'"); n != len(all) {
			s.Errorf("%d mails", n)
		}
		got := read[mail.InvoiceIssuedData](s, "c99@example.com", mail.InvoiceIssued)
		if got.Name != "C99" || got.Invoice.Lines[0].Description != "Work c99" || got.Invoice.Balance != eur(1000) || got.Invoice.How == "" {
			s.Errorf("%+v", got)
		}
		if n := s.count("SELECT COUNT(*) FROM staff_tasks WHERE kind = $1", notice.TaskUnreachable); n != 1 {
			s.Errorf("%d questions", n)
		}
		// No database lets the mails to this address in.
		if s.store.Engine == db.SQLite {
			s.exec("CREATE TRIGGER refuse BEFORE INSERT ON mails WHEN new.recipient = 'c50@example.com' BEGIN SELECT RAISE(ABORT, 'no'); END")
		} else {
			s.exec("ALTER TABLE mails ADD CONSTRAINT refuse CHECK (recipient <> 'c50@example.com') NOT VALID")
		}
		issue()
		if n := s.count("SELECT COUNT(*) FROM mails WHERE kind = 'invoice_issued'"); n != 2*len(all)-1 {
			s.Errorf("%d mails", n)
		}
		if n := s.count("SELECT COUNT(*) FROM staff_tasks WHERE kind = $1", notice.TaskMissed); n != 1 {
			s.Errorf("%d questions", n)
		}
	})
}

// Who has no valid address can still pay. The mails show as failed, and staff are told once.
func TestAddressThatIsNone(t *testing.T) {
	each(t, "2027-03-01", func(s *shop) {
		ada, price := s.customer("ada", ""), s.price(civil.OneTime, 4900)
		s.exec("UPDATE customers SET email = 'imported without one', email_fold = 'imported without one' WHERE id = $1", ada)
		for range 2 {
			o := s.place(ada, price)
			s.pay(o.InvoiceID, 4900)
			if o = must(s.Orders.ByID(s.ctx, o.ID))(s.T); o.Status != order.Completed {
				s.Errorf("order %s", o.Status)
			}
		}
		s.want("imported without one", "03-01 invoice_issued", "03-01 order_confirmation", "03-01 invoice_issued", "03-01 order_confirmation")
		if n := s.count("SELECT COUNT(*) FROM staff_tasks WHERE kind = $1 AND subject_id = $2", notice.TaskUnreachable, ada); n != 1 {
			s.Errorf("staff are asked %d times", n)
		}
		s.want(staff, "03-01 staff_alert")
	})
}
