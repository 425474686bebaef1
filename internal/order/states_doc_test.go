package order

import (
	"flag"
	"os"
	"testing"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/payment"
)

//go:generate go test -run ^TestStatesDocument$ -update .

var update = flag.Bool("update", false, "write docs/sales-states.md instead of comparing it")

const statesDocument = "../../docs/sales-states.md"

// TestStatesDocument keeps docs/sales-states.md the same as the tables: the document is printed from them.
func TestStatesDocument(t *testing.T) {
	t.Parallel()
	want := `<!-- Printed from states.go of internal/order, internal/billing and internal/payment by go generate. Do not edit. -->
# States of orders, invoices, what paying a line does, and payments

What a table has no line for can't happen: whoever asks for it gets a conflict.

` + StatesMarkdown() + "\n" + billing.StatesMarkdown() + "\n" + payment.StatesMarkdown()
	if *update {
		if err := os.WriteFile(statesDocument, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(statesDocument)
	if err != nil || string(got) != want {
		t.Fatalf("docs/sales-states.md is out of date (%v): run go generate ./internal/order", err)
	}
}
