package domainname

import (
	"flag"
	"os"
	"strings"
	"testing"
	"time"
)

//go:generate go test -run ^TestStatesDocument$ -update .

var update = flag.Bool("update", false, "write the tables into docs/domains.md instead of comparing them")

const (
	statesDocument = "../../docs/domains.md"
	tablesBegin    = "<!-- Printed from internal/domainname by go generate, up to the next such line. Do not edit. -->\n"
	tablesEnd      = "<!-- Printed up to here. -->\n"
)

// TestStatesDocument keeps the tables of docs/domains.md the same as those of the code, from which they are printed.
func TestStatesDocument(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(statesDocument)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(text), tablesBegin)
	_, tail, ok2 := strings.Cut(rest, tablesEnd)
	if !ok || !ok2 {
		t.Fatalf("docs/domains.md does not say where its tables go")
	}
	want := head + tablesBegin + "\n" + StatesMarkdown() + "\n" + tablesEnd + tail
	if *update {
		if err := os.WriteFile(statesDocument, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(text) != want {
		t.Fatal("docs/domains.md is out of date: run go generate ./internal/domainname")
	}
}

func TestTables(t *testing.T) {
	t.Parallel()
	for _, err := range []error{statuses.Check(), renewals.Check()} {
		if err != nil {
			t.Error(err)
		}
	}
	for _, s := range renewals.States {
		// A revoked link can be set back, while its line is unpaid, and so can the line be taken away of what was made before it
		// was paid.
		owed := s == RenewalSatisfied || s == RenewalConfirmed
		if final := renewals.Final(s); final == (s.Open() || s == RenewalRevoked || owed) {
			t.Errorf("%s: open %v, final %v", s, s.Open(), final)
		}
		if !owed {
			continue
		}
		for _, step := range renewals.Steps {
			if step.From == s && step.To != RenewalRevoked && (s == RenewalConfirmed || step.To != RenewalWithdrawn && step.On != OnStaffDecision) {
				t.Errorf("%s: %s", s, step.On)
			}
		}
		if r := (Renewal{State: s, LineID: "lin_1", PaidAt: &time.Time{}}); r.Unpaid() || MoveRenewal(t.Context(), nil, &r, OnRevocation) == nil {
			t.Errorf("%s is paid and can be taken away", s)
		}
		if r := (Renewal{State: s, LineID: "lin_1"}); MoveRenewal(t.Context(), nil, &r, OnStaffDecision) == nil {
			t.Errorf("%s is unpaid and can be tried again", s)
		}
	}
}

// Nothing is refunded or lost without a way there from every paid state that is not at the registry's mercy, and a renewal
// of which nobody knows is never resent, withdrawn or refunded before it is read.
func TestWaysOfARenewal(t *testing.T) {
	t.Parallel()
	can := func(from RenewalState, on RenewalTrigger) bool { _, ok := NextState(from, on); return ok }
	for _, s := range []RenewalState{RenewalPaid, RenewalHeld, RenewalArranged, RenewalAttention} {
		if !can(s, OnRefund) || !can(s, OnLoss) {
			t.Errorf("%s can't be refunded or lost", s)
		}
	}
	for _, s := range []RenewalState{RenewalSubmitted, RenewalUnknown} {
		if can(s, OnRefund) || can(s, OnSend) || can(s, OnWithdrawal) || can(s, OnRevocation) || !can(s, OnReadDone) || !can(s, OnReadBase) || !can(s, OnReadElse) {
			t.Errorf("%s does not end by reading alone", s)
		}
	}
	for _, s := range openStates[1:] {
		if can(s, OnPayment) || can(s, OnWithdrawal) || can(s, OnRevocation) {
			t.Errorf("%s is paid, and can be paid again or taken away", s)
		}
	}
	if next, _ := NextState(RenewalAttention, OnSend); next != "" {
		t.Error("attention sends without a person")
	}
}
