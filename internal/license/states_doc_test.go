package license

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

//go:generate go test -run ^TestStatesDocument$ -update .

var update = flag.Bool("update", false, "write docs/states.md instead of comparing it")

const statesDocument = "../../docs/states.md"

// TestStatesDocument keeps docs/states.md the same as the table: the document is printed from it.
func TestStatesDocument(t *testing.T) {
	want := printStates()
	if *update {
		if err := os.MkdirAll("../../docs", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(statesDocument, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(statesDocument)
	if err != nil || string(got) != want {
		t.Fatalf("docs/states.md is out of date (%v): run go generate ./internal/license", err)
	}
}

func printStates() string {
	var b strings.Builder
	b.WriteString(`<!-- Printed from internal/license/transitions.go by go generate. Do not edit. -->
# States of a license

The status of a license is computed when it is read, from facts that are written with every change. First match:

| if | status |
|---|---|
| the outcome is revoked | revoked |
| the outcome is cancelled | cancelled |
| now ≥ ends_at | expired |
| a hold stands, or now ≥ grace_until | suspended |
| otherwise | active |

A new license is active. For each status and trigger exactly one of the following lines applies: the first columns say
when, "leaves" what must be true after the effects. A trigger that a table does not list leaves the license as it is.
`)
	for _, from := range Statuses() {
		fmt.Fprintf(&b, "\n## From %s\n\n| trigger | leaves | becomes | effects |\n|---|---|---|---|\n", from)
		for _, on := range Triggers() {
			for _, l := range transitions {
				if l.From != from || l.On != on || l.idle() {
					continue
				}
				to, effects := string(l.To), make([]string, len(l.Do))
				for i, e := range l.Do {
					effects[i] = string(e)
				}
				did := strings.Join(effects, "; ")
				if l.Refuse != Allowed {
					to, did = "("+to+")", string(l.Refuse)
				}
				fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", strings.ReplaceAll(string(on), "_", " "), l.If, to, did)
			}
		}
	}
	return b.String()
}

// idle reports whether the line says that nothing happens.
func (t Transition) idle() bool { return t.From == t.To && len(t.Do) == 0 && t.Refuse == Allowed }
