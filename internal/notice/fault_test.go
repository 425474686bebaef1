package notice_test

import (
	"context"
	"errors"
	"testing"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
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

// QueueStaff implements notice.Mails.
func (b broken) QueueStaff(ctx context.Context, tx *db.Tx, _ mail.Message) error {
	return b.how(ctx, tx)
}

// Whatever keeps a mail from being written, the money is booked and what it pays for is delivered.
func TestMoneyDoesNotWaitForMails(t *testing.T) {
	t.Parallel()
	for name, how := range map[string]func(ctx context.Context, tx *db.Tx) error{
		"refused": func(context.Context, *db.Tx) error { return errors.New("no paper") },
		"panic":   func(context.Context, *db.Tx) error { panic("no paper") },
		"database": func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.SQL().ExecContext(ctx, "INSERT INTO mails (id) VALUES ('mai_1')") // spoils a transaction of PostgreSQL
			return err
		},
		"bytes": func(context.Context, *db.Tx) error { return errors.New("no \x00 paper \xff") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dbtest.Each(t, func(t *testing.T, store *dbtest.Store) {
				s := newShop(t, store, "2027-03-01")
				s.write(broken{how})
				o := s.place(s.customer("ada", ""), s.price(civil.OneTime, 4900))
				s.pay(o.InvoiceID, 4900)
				o = must(s.Orders.ByID(s.ctx, o.ID))(t)
				if o.Status != order.Completed || len(o.LicenseIDs) != 1 {
					t.Errorf("order %s with %d licenses", o.Status, len(o.LicenseIDs))
				}
				if found := must(s.Billing.Verify(s.ctx))(t); len(found) > 0 {
					t.Errorf("differences: %+v", found)
				}
				if n := s.count("SELECT COUNT(*) FROM staff_tasks WHERE kind = $1", notice.TaskMissed); n != 2 { // invoice, confirmation
					t.Errorf("staff are asked about %d mails", n)
				}
				if n := s.count("SELECT COUNT(*) FROM mails"); n != 0 {
					t.Errorf("%d mails", n)
				}
			})
		})
	}
}

// A fault that hits everybody does not bury staff.
func TestManyMissed(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.SQLite(t), "2027-03-01")
	s.write(broken{func(context.Context, *db.Tx) error { return errors.New("no paper") }})
	ada, price := s.customer("ada", ""), s.price(civil.OneTime, 4900)
	for range 30 {
		s.place(ada, price)
	}
	if n := s.count("SELECT COUNT(*) FROM staff_tasks WHERE kind = $1", notice.TaskMissed); n != 20 {
		t.Errorf("%d questions", n)
	}
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
