package acceptance

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestPayments is group E: payments, dunning, refunds, disputes.
func TestPayments(t *testing.T) {
	t.Parallel()
	for id, c := range map[string]struct {
		now string
		run func(s *store)
	}{
		"E1":  {"2012-04-01", e1},
		"E2":  {"2012-05-01", e2},
		"E4":  {"2012-05-01", e4},
		"E5":  {"2012-05-01", e5},
		"E7":  {"2012-05-01", e7},
		"E8":  {"2012-05-01", e8},
		"E10": {"2012-05-01", e10},
		"E11": {"2012-05-01", e11},
		"E13": {"2012-04-01", e13},
		"E14": {"2012-04-01", e14},
		"E19": {"2027-02-01", e19},
		"E20": {"2025-08-10", e20},
		"E22": {"2025-08-10", e22},
		"E23": {"2025-07-01", e23},
		"E28": {"2025-03-10", e28},
	} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			each(t, c.now, c.run)
		})
	}
}

// Failed payment, retry works.
func e1(s *store) {
	s.set(object{"billing.invoice_days": 0, "billing.retry_days": []int{8}})
	ada := s.customer("tok_decline")
	s.buy(ada, s.price("monthly", 24995, 0), 1)
	s.advance("2012-05-01")
	due := s.invoices(ada)[1].ID
	s.want("balance", s.balance(due), "249.95")
	s.card(ada, "tok_ok")
	s.advance("2012-05-08T23:59:59Z")
	s.wantAttempts(due, "2012-05-01 failed")
	s.want("balance", s.balance(due), "249.95")
	s.advance("2012-05-09")
	s.wantAttempts(due, "2012-05-01 failed", "2012-05-09 succeeded")
	s.wantPayments(due, "sandbox succeeded 249.95 refunded 0.00")
	s.want("balance", s.balance(due), "0.00")
}

// overdueSteps is the policy of the cases E2 to E5.
func (s *store) overdueSteps() {
	s.t.Helper()
	s.set(object{
		"billing.invoice_days": 0, "billing.grace_days": 40, "billing.expire_days": 0, "billing.retry_days": []int{8, 16, 24, 32, 40, 48, 56, 64},
		"billing.credit_suspended": true,
	})
}

// Overdue steps.
func e2(s *store) {
	s.overdueSteps()
	ada := s.customer("tok_decline")
	o := s.buy(ada, s.price("monthly", 24995, 30), 1)
	change := object{"price_id": s.price("monthly", 9900, 0), "when": "renewal"}
	s.advance("2012-05-30T23:59:59Z")
	s.want("invoices", len(s.invoices(ada)), 1)
	s.advance("2012-06-30")
	s.wantState(o, "active, active")
	s.refused("POST", "/subscriptions/"+o.SubscriptionIDs[0]+"/change", change, "INVOICE_OVERDUE")
	s.advance("2012-07-09T23:59:59Z")
	s.wantState(o, "active, active")
	s.advance("2012-07-10")
	s.wantState(o, "past_due, suspended")
	s.advance("2012-07-24")
	s.wantState(o, "past_due, suspended")
	all := s.invoices(ada)
	s.wantLines("invoices", texts(all[1:]), []string{
		"2012-05-31 [2012-05-31, 2012-06-30) open 249.95 249.95",
		"2012-06-30 [2012-06-30, 2012-07-31) open 249.95 249.95",
	})
	s.wantAttempts(all[1].ID, "2012-05-31 failed", "2012-06-08 failed", "2012-06-16 failed", "2012-06-24 failed", "2012-07-02 failed", "2012-07-10 failed", "2012-07-18 failed")
	s.wantAttempts(all[2].ID, "2012-06-30 failed", "2012-07-08 failed", "2012-07-16 failed", "2012-07-24 failed")
}

// Paid after the end of the paid period while suspended.
func e4(s *store) {
	s.overdueSteps()
	ada := s.customer("tok_decline")
	o := s.buy(ada, s.price("monthly", 24995, 30), 1)
	s.advance("2012-07-31")
	all := s.invoices(ada)
	s.want("invoices while suspended", len(all), 3)
	s.pay(all[1].ID, 24995)
	s.pay(all[2].ID, 24995)
	s.settle()
	s.wantState(o, "active, active")
	all = s.invoices(ada)
	s.wantLines("new documents", texts(all[3:]), []string{"2012-07-31 [2012-07-31, 2012-08-31) open 80.63 80.63"})
	s.pay(all[3].ID, 8063)
	s.want("balance", s.balance(all[3].ID), "0.00")
	s.advance("2012-08-31")
	s.wantLines("the one after that", texts(s.invoices(ada)[4:]), []string{"2012-08-31 [2012-08-31, 2012-09-30) open 249.95 249.95"})
}

// Refund without adjustment re-opens the invoice.
func e5(s *store) {
	s.overdueSteps()
	ada := s.customer("tok_ok")
	o := s.buy(ada, s.price("monthly", 24995, 30), 1)
	s.advance("2012-07-05")
	all := s.invoices(ada)
	s.wantLines("invoices", texts(all[1:]), []string{
		"2012-05-31 [2012-05-31, 2012-06-30) paid 249.95 0.00",
		"2012-06-30 [2012-06-30, 2012-07-31) paid 249.95 0.00",
	})
	s.do("POST", "/invoices/"+all[1].ID+"/refunds", object{"adjust": false}, nil)
	s.settle()
	s.want("invoice", s.invoice(all[1].ID), "2012-05-31 [2012-05-31, 2012-06-30) open 249.95 249.95")
	s.wantState(o, "active, active")
	for _, when := range []string{"now", "renewal"} {
		s.refused("POST", "/subscriptions/"+o.SubscriptionIDs[0]+"/change", object{"price_id": s.price("monthly", 9900, 0), "when": when}, "INVOICE_OVERDUE")
	}
}

// Partial capture, chargeback, reversal.
func e7(s *store) {
	o := s.order(s.customer("tok_partial"), s.price("one_time", 24995, 0), 1)
	made := s.charge(o.InvoiceID)
	s.settle()
	s.want("balance", s.balance(o.InvoiceID), "239.95")
	var dispute struct{ ID string }
	s.do("POST", "/sandbox/disputes", object{"payment_id": made.PaymentID}, &dispute)
	s.settle()
	s.want("balance", s.balance(o.InvoiceID), "249.95")
	s.do("POST", "/sandbox/disputes/"+dispute.ID+"/close", object{"outcome": "won"}, nil)
	s.settle()
	s.want("balance", s.balance(o.InvoiceID), "239.95")
	s.want("dispute", *s.payments(o.InvoiceID)[0].Dispute, "won")
}

// Second payment with the same key: of a charge, and of a payment that was recorded by hand.
func e8(s *store) {
	for _, tt := range []struct {
		path, header string
		body         object
		payments     []string
	}{
		{"/charge", "Idempotency-Key: K", object{"money": eur(1000)}, []string{"sandbox succeeded 10.00 refunded 0.00"}},
		{"/payments", "", object{"gateway": "manual", "money": eur(1000), "reference": "K"}, []string{"manual succeeded 10.00 refunded 0.00"}},
	} {
		o := s.order(s.customer("tok_ok"), s.price("one_time", 24995, 0), 1)
		first := s.send("POST", "/invoices/"+o.InvoiceID+tt.path, tt.body, tt.header)
		s.settle()
		s.want("balance", s.balance(o.InvoiceID), "239.95")
		again := s.send("POST", "/invoices/"+o.InvoiceID+tt.path, tt.body, tt.header)
		s.settle()
		s.want("the answer", fmt.Sprint(again.status, again.text), fmt.Sprint(first.status, first.text))
		s.want("balance", s.balance(o.InvoiceID), "239.95")
		s.wantPayments(o.InvoiceID, tt.payments...)
	}
}

// Two payments, two refunds with adjustment: of payments and lines that are named, and of none.
func e10(s *store) {
	for _, named := range []bool{true, false} {
		o := s.order(s.customer(""), s.price("one_time", 1000, 0), 1)
		first := s.pay(o.InvoiceID, 400)
		s.want("balance", s.balance(o.InvoiceID), "6.00")
		second := s.pay(o.InvoiceID, 600)
		s.want("balance", s.balance(o.InvoiceID), "0.00")
		refund := func(p payment) {
			s.t.Helper()
			body := object{"money": p.Money, "adjust": true}
			if named {
				line := s.invoice(o.InvoiceID).Lines[0].ID
				body["payment_id"], body["lines"] = p.ID, []object{{"line_id": line, "money": p.Money}}
			}
			s.do("POST", "/invoices/"+o.InvoiceID+"/refunds", body, nil)
			s.want("balance", s.balance(o.InvoiceID), "0.00")
		}
		refund(first)
		s.wantPayments(o.InvoiceID, "manual succeeded 4.00 refunded 4.00", "manual succeeded 6.00 refunded 0.00")
		refund(second)
		s.wantPayments(o.InvoiceID, "manual succeeded 4.00 refunded 4.00", "manual succeeded 6.00 refunded 6.00")
		var rows page[struct {
			PaymentID string `json:"payment_id"`
			Money     cash
		}]
		s.do("GET", "/invoices/"+o.InvoiceID+"/refunds", nil, &rows)
		s.want("refunds", fmt.Sprint(rows.Data), fmt.Sprintf("[{%s 4.00} {%s 6.00}]", first.ID, second.ID))
	}
}

// Void a paid invoice.
func e11(s *store) {
	ada, price := s.customer("tok_ok"), s.price("one_time", 24995, 0)
	o := s.order(ada, price, 1)
	s.charge(o.InvoiceID)
	s.settle()
	void := "/invoices/" + o.InvoiceID + "/void"
	s.refused("POST", void, nil, "INVOICE_NOT_OPEN")
	s.want("status", s.invoice(o.InvoiceID).Status, "paid")
	s.do("POST", "/invoices/"+o.InvoiceID+"/refunds", object{"adjust": false}, nil)
	s.settle()
	s.do("POST", void, nil, nil)
	gone := s.invoice(o.InvoiceID)
	s.want("status", gone.Status, "void")
	s.want("balance", gone.Balance, "0.00")
	s.want("numbers", *gone.Number+" "+*s.invoice(s.order(ada, price, 1).InvoiceID).Number, "INV-2012-1 INV-2012-2")
}

// Outcome unknown, later found successful.
func e13(s *store) {
	s.set(object{"billing.invoice_days": 0, "billing.retry_days": []int{}})
	s.do("POST", "/sandbox/webhook-faults", object{"drop": true}, nil)
	ada := s.customer("tok_decline")
	o := s.buy(ada, s.price("monthly", 24995, 0), 1)
	s.advance("2012-05-20")
	s.wantState(o, "past_due, suspended")
	due := s.invoices(ada)[1].ID
	s.card(ada, "tok_timeout")
	made := s.charge(due)
	s.want("attempt", made.State, "pending")
	s.refused("POST", "/invoices/"+due+"/charge", nil, "PAYMENT_IN_PROGRESS")
	s.want("balance", s.balance(due), "249.95")
	s.advance("2012-05-21")
	s.want("balance", s.balance(due), "0.00")
	s.wantAttempts(due, "2012-05-01 failed", "2012-05-20 succeeded")
	s.wantPayments(due, "sandbox succeeded 249.95 refunded 0.00")
	s.wantState(o, "active, active")
}

// Pending, then failed, then corrected to success.
func e14(s *store) {
	s.set(object{"billing.invoice_days": 0, "billing.retry_days": []int{8}})
	ada := s.customer("tok_corrected")
	s.buy(ada, s.price("monthly", 24995, 0), 1)
	s.advance("2012-05-01")
	due := s.invoices(ada)[1].ID
	s.wantAttempts(due, "2012-05-01 pending")
	s.want("balance", s.balance(due), "249.95")
	s.advance("2012-05-02")
	s.wantAttempts(due, "2012-05-01 failed")
	s.want("balance", s.balance(due), "249.95")
	var planned struct {
		NextStep *struct{ Step, On string } `json:"next_step"`
	}
	s.do("GET", "/invoices/"+due, nil, &planned)
	if planned.NextStep == nil {
		s.t.Error("nothing is planned after the failure")
	}
	s.advance("2012-05-03")
	s.want("balance", s.balance(due), "0.00")
	s.advance("2012-05-20")
	s.wantAttempts(due, "2012-05-01 succeeded")
	s.wantPayments(due, "sandbox succeeded 249.95 refunded 0.00")
}

// One reminder: of an invoice that is made on the day on which it is due, and of one that was made before.
func e19(s *store) {
	kinds := func(invoice string) (all []string) {
		s.t.Helper()
		var log page[struct{ Kind string }]
		s.do("GET", "/mail?subject_id="+invoice, nil, &log)
		for _, m := range reversed(log.Data) {
			all = append(all, m.Kind)
		}
		return all
	}
	everyFiveMinutes := func(day string) {
		s.t.Helper()
		for minute := 0; minute < 24*60; minute += 5 {
			at := fmt.Sprintf("%sT%02d:%02d:00Z", day, minute/60, minute%60)
			for _, call := range []struct {
				path string
				body any
			}{{"/test-clock/advance", object{"to": at}}, {"/automation/run", nil}} {
				if a := s.send("POST", call.path, call.body, ""); a.status != http.StatusOK {
					s.t.Fatalf("%s: %d %s", call.path, a.status, a.text)
				}
			}
		}
		s.verify()
	}
	s.set(object{"billing.invoice_days": 0})
	ada, price := s.customer(""), s.price("monthly", 1000, 0)
	s.buy(ada, price, 1)
	s.advance("2027-02-28T23:55:00Z")
	s.want("invoices", len(s.invoices(ada)), 1)
	everyFiveMinutes("2027-03-01")
	s.wantLines("mails", kinds(s.invoices(ada)[1].ID), []string{"invoice_issued"})

	s.set(object{"billing.invoice_days": 14, "billing.remind_days": 3})
	bob := s.customer("")
	s.buy(bob, price, 1)
	s.advance("2027-03-28T23:55:00Z")
	due := s.invoices(bob)[1].ID
	s.wantLines("mails before", kinds(due), []string{"invoice_issued"})
	everyFiveMinutes("2027-03-29")
	s.wantLines("mails", kinds(due), []string{"invoice_issued", "invoice_upcoming"})
	s.advance("2027-04-01T23:55:00Z")
	s.wantLines("mails until the day", kinds(due), []string{"invoice_issued", "invoice_upcoming"})
}

// confirm presses the button of a gateway's page.
func (s *store) confirm(made attempt) {
	s.t.Helper()
	s.want("attempt", made.State, "requires_action")
	where := *made.ActionURL
	if strings.HasPrefix(where, "/") {
		where = s.URL + where
	}
	body := strings.NewReader(url.Values{"act": {"pay"}}.Encode())
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, where, body)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusSeeOther {
		s.t.Fatalf("the gateway's page answers %s", resp.Status)
	}
}

// The webhook never arrives. Asking what became of the attempt is what the page does to which the customer returns.
func e20(s *store) {
	s.do("POST", "/sandbox/webhook-faults", object{"drop": true}, nil)
	o := s.order(s.customer("tok_auth"), s.price("one_time", 1000, 0), 1)
	made := s.charge(o.InvoiceID)
	refresh := func() (now attempt) {
		s.t.Helper()
		s.do("POST", "/attempts/"+made.ID+"/refresh", nil, &now)
		return now
	}
	s.want("asked too early", refresh().State, "requires_action")
	s.want("balance", s.balance(o.InvoiceID), "10.00")
	s.confirm(made)
	for range 2 {
		s.want("asked", refresh().State, "succeeded")
		s.want("balance", s.balance(o.InvoiceID), "0.00")
		s.wantPayments(o.InvoiceID, "sandbox succeeded 10.00 refunded 0.00")
	}
	s.do("GET", "/orders/"+o.ID, nil, &o)
	s.want("licenses", len(o.LicenseIDs), 1)
}

// One purchase, reported by the page and by the webhook, which comes twice.
func e22(s *store) {
	s.do("POST", "/sandbox/webhook-faults", object{"duplicate": 1}, nil)
	ada := s.customer("tok_auth")
	o := s.order(ada, s.price("monthly", 1000, 0), 1)
	made := s.charge(o.InvoiceID)
	s.confirm(made)
	s.do("POST", "/attempts/"+made.ID+"/refresh", nil, nil)
	s.settle()
	s.do("POST", "/attempts/"+made.ID+"/refresh", nil, nil)
	s.wantInvoices(ada, "2025-08-10 [2025-08-10, 2025-09-10) paid 10.00 0.00")
	s.wantPayments(o.InvoiceID, "sandbox succeeded 10.00 refunded 0.00")
	s.do("GET", "/orders/"+o.ID, nil, &o)
	s.want("subscriptions", len(o.SubscriptionIDs), 1)
	s.want("next due", *s.subscription(o.SubscriptionIDs[0]).NextDue, "2025-09-10")
}

// Late payment of an active service.
func e23(s *store) {
	ada := s.customer("")
	o := s.buy(ada, s.price("monthly", 1000, 0), 1)
	s.want("expiry", *s.license(o.LicenseIDs[0]).ExpiresAt, "2025-08-01T00:00:00Z")
	s.advance("2025-08-11")
	s.wantState(o, "active, active")
	s.pay(s.invoices(ada)[1].ID, 1000)
	s.settle()
	s.wantState(o, "active, active")
	s.want("expiry", *s.license(o.LicenseIDs[0]).ExpiresAt, "2025-09-01T00:00:00Z")
}

// Auto-renew switched off.
func e28(s *store) {
	ada := s.customer("tok_ok")
	o := s.buy(ada, s.price("monthly", 1000, 0), 1)
	s.advance("2025-03-20")
	s.do("POST", "/subscriptions/"+o.SubscriptionIDs[0]+"/cancel", object{"at": "period_end"}, nil)
	s.want("cancelled at the end", s.subscription(o.SubscriptionIDs[0]).CancelAtPeriodEnd, true)
	s.advance("2025-04-09T23:59:59Z")
	s.want("license", s.license(o.LicenseIDs[0]).Status, "active")
	s.advance("2025-04-10")
	s.wantState(o, "expired, expired")
	s.advance("2025-08-01")
	s.want("invoices", len(s.invoices(ada)), 1)
	s.want("credit", s.credit(ada), "0.00")
}
