package acceptance

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
)

// TestLedger is group F: numbering, ledger, concurrency.
func TestLedger(t *testing.T) {
	t.Parallel()
	for id, run := range map[string]func(s *store){"F4": f4, "F7": f7, "F8": f8} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			each(t, "2027-01-31", run)
		})
	}
}

// Proforma mode. The counter is set by issuing.
func f4(s *store) {
	ada, price := s.customer(""), s.price("one_time", 1000, 0)
	const last = 12
	s.set(object{"billing.number_format": "{n}"})
	for range last {
		s.order(ada, price, 1)
	}
	counter := func() int64 {
		s.t.Helper()
		var series page[struct {
			Series string
			Last   int64
		}]
		s.do("GET", "/reports/numbers", nil, &series)
		for _, n := range series.Data {
			if n.Series == "invoice" {
				return n.Last
			}
		}
		return 0
	}
	s.set(object{"billing.number_at": "payment"})
	o := s.order(ada, price, 1)
	if n := s.invoice(o.InvoiceID).Number; n != nil {
		s.t.Errorf("number %s before it is paid", *n)
	}
	s.advance("2027-02-10")
	s.want("counter", counter(), last)
	s.pay(o.InvoiceID, 1000)
	s.want("number", *s.invoice(o.InvoiceID).Number, last+1)
	s.want("counter", counter(), last+1)
}

// One thing reverted twice at the same time: of two requests one succeeds, and the balances are as they were before.
func f7(s *store) {
	price := s.price("one_time", 1000, 0)
	for range 5 {
		ada := s.customer("")
		o := s.buy(ada, price, 1)
		s.want("refunds", s.twice("/invoices/"+o.InvoiceID+"/refunds", object{"money": eur(1000), "adjust": false}), "[201 409]")
		s.settle()
		s.wantPayments(o.InvoiceID, "manual succeeded 10.00 refunded 10.00")
		s.want("balance", s.balance(o.InvoiceID), "10.00")

		o = s.order(ada, price, 1)
		s.want("voids", s.twice("/invoices/"+o.InvoiceID+"/void", nil), "[200 409]")
		s.want("status", s.invoice(o.InvoiceID).Status, "void")
		s.want("credit", s.credit(ada), "0.00")
	}
}

// twice makes the same call from two sides at once, and returns how they were answered.
func (s *store) twice(path string, body any) []int {
	s.t.Helper()
	var wg sync.WaitGroup
	answers, start := make([]int, 2), make(chan struct{})
	for i := range answers {
		wg.Go(func() {
			<-start
			a, err := s.try(http.MethodPost, path, body, "")
			if err != nil {
				s.t.Error(err)
			}
			answers[i] = a.status
		})
	}
	close(start)
	wg.Wait()
	s.verify()
	slices.Sort(answers)
	return answers
}

// Idempotency key reused with other inputs.
func f8(s *store) {
	o := s.order(s.customer(""), s.price("one_time", 5000, 0), 1)
	pay := func(amount int64, reference string) answer {
		s.t.Helper()
		return s.send("POST", "/invoices/"+o.InvoiceID+"/payments", object{"gateway": "manual", "money": eur(amount), "reference": reference}, "Idempotency-Key: K")
	}
	first := pay(1000, "bank")
	s.want("status", first.status, http.StatusCreated)
	s.want("balance", s.balance(o.InvoiceID), "40.00")
	for _, other := range []answer{pay(1100, "bank"), pay(1000, "another"), s.send("POST", "/invoices/"+o.InvoiceID+"/charge", nil, "Idempotency-Key: K")} {
		s.want("another request", fmt.Sprint(other.status, " ", other.code()), "409 IDEMPOTENCY_KEY_REUSED")
	}
	again := pay(1000, "bank")
	s.want("the same request", fmt.Sprint(again.status, again.text), fmt.Sprint(first.status, first.text))
	s.want("balance", s.balance(o.InvoiceID), "40.00")
	s.wantPayments(o.InvoiceID, "manual succeeded 10.00 refunded 0.00")
	s.verify()
}
