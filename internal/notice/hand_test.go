package notice_test

import (
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/mail"
)

// The announcement of another price, as the room that plans it will tell of it.
func TestPriceChange(t *testing.T) {
	each(t, "2027-03-01", func(s *shop) {
		ada := s.customer("ada", "")
		_, sub := s.buy(ada, s.price(civil.Monthly, 1000))
		for _, notify := range []bool{false, true, true} {
			s.emit(s.ctx, event.New{Type: "subscription.price_change_planned", SubjectID: sub, CustomerID: ada, Data: map[string]any{
				"price_update_id": "pup_1", "before": eur(1000), "after": eur(1200), "from": day("2027-06-01"), "notify": notify,
			}})
		}
		s.want("ada@example.com", "03-01 invoice_issued", "03-01 order_confirmation", "03-01 price_change_notice")
		got := read[mail.PriceChangeNoticeData](s, "ada@example.com", mail.PriceChangeNotice)
		if got.OldPrice != eur(1000) || got.NewPrice != eur(1200) || got.From != day("2027-06-01") || got.Subscription.Name != "Widget – Team" || got.Cancel == "" {
			s.Errorf("%+v", got)
		}
	})
}

func TestWebhookSwitchedOff(t *testing.T) {
	each(t, "2027-03-01", func(s *shop) {
		s.exec(`INSERT INTO webhook_endpoints (id, url, event_types, state, disabled_why, secret, created_at, updated_at)
			VALUES ('whe_1', 'https://hooks.example.com/keystead', '*', 'disabled', 'gone', '', 0, 0)`)
		disabled := func(why string) {
			s.emit(s.ctx, event.New{Type: "webhook.endpoint_disabled", SubjectID: "whe_1", Data: map[string]any{"why": why}})
		}
		disabled("by_hand")
		s.want(staff)
		disabled("gone")
		got := read[mail.StaffAlertData](s, staff, mail.StaffAlert)
		if !strings.Contains(got.Text, "https://hooks.example.com/keystead") || got.Link != "/admin/webhooks/whe_1" {
			s.Errorf("%+v", got)
		}
	})
}

func TestAlertsAreBounded(t *testing.T) {
	each(t, "2027-03-01", func(s *shop) {
		for range 15 {
			s.emit(s.ctx, event.New{Type: "task.opened", SubjectID: "pay_1", Data: map[string]any{"kind": "refund.failed", "detail": "The refund failed."}})
		}
		if n := len(s.letters(staff)); n != 10 {
			s.Errorf("%d alerts", n)
		}
		s.set(map[string]any{"mail.staff": []string{}})
		s.emit(s.ctx, event.New{Type: "task.opened", SubjectID: "pay_1", Data: map[string]any{"kind": "refund.failed"}})
	})
}

// Data of an event that can't be read is a notice that was missed, not an event that can't be written.
func TestUnreadableEvent(t *testing.T) {
	each(t, "2027-03-01", func(s *shop) {
		s.emit(s.ctx, event.New{Type: "order.completed", SubjectID: "ord_1", Data: map[string]any{"invoice_id": 7}})
		if n := s.count("SELECT COUNT(*) FROM staff_tasks WHERE kind = 'notice.missed' AND subject_id = 'ord_1'"); n != 2 {
			s.Errorf("%d questions", n)
		}
	})
}
