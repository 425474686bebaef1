package automation

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
)

func TestRehearsalSumsUp(t *testing.T) {
	t.Parallel()
	var r Rehearsal
	for i, e := range []event.Event{
		{Type: "payment.received", SubjectID: "pay_1", CustomerID: "cus_1", Data: json.RawMessage(`{"amount":{"amount":4900,"currency":"EUR"},"total":{"amount":1,"currency":"EUR"}}`)},
		{Type: "license.expired", SubjectID: "lic_1", Data: json.RawMessage(`{"total":3}`)},
		{Type: EventAdvanced, Data: json.RawMessage(`{}`)},
		{Type: "payment.received", SubjectID: "pay_2", Data: json.RawMessage(`{"money":{"amount":100,"currency":"USD"}}`)},
		{Type: "payment.received", SubjectID: "pay_3", Data: json.RawMessage(`{"amount":{"amount":100,"currency":"EUR"}}`)},
		{Type: "license.expired", SubjectID: "lic_2", Data: json.RawMessage(`[]`)},
	} {
		e.OccurredAt = at(float64(i))
		r.Add(e)
	}
	var got []string
	for _, h := range r.Happenings {
		got = append(got, fmt.Sprintf("%gh %s %s %s %v", h.At.Sub(at(0)).Hours(), h.Type, h.SubjectID, h.CustomerID, h.Money != nil))
	}
	want := []string{"0h payment.received pay_1 cus_1 true", "1h license.expired lic_1  false", "3h payment.received pay_2  true", "4h payment.received pay_3  true", "5h license.expired lic_2  false"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	eur, usd := money.New(5000, "EUR"), money.New(100, "USD")
	totals := []Total{{"license.expired", nil, 2}, {"payment.received", &eur, 2}, {"payment.received", &usd, 1}}
	if diff := cmp.Diff(totals, r.Totals); diff != "" {
		t.Error(diff)
	}
	for range mostHappenings {
		r.Add(event.Event{Type: "x", Data: json.RawMessage(`{}`)})
	}
	if len(r.Happenings) != mostHappenings || r.More != 5 || r.Totals[3].Number != mostHappenings {
		t.Errorf("%d listed, %d more, %+v", len(r.Happenings), r.More, r.Totals)
	}
}

func TestRehearsalIsBounded(t *testing.T) {
	t.Parallel()
	if err := CheckRehearsal(at(0), at(0).Add(LongestRehearsal)); err != nil {
		t.Error(err)
	}
	if err := CheckRehearsal(at(0), at(0).Add(LongestRehearsal+time.Second)); fail.Of(err).Kind != fail.KindInvalid {
		t.Error(err)
	}
}
