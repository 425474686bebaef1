package lifecycle_test

import (
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/lifecycle"
)

type state string

type trigger string

func door() lifecycle.Table[state, trigger] {
	return lifecycle.Table[state, trigger]{
		Name:   "Door",
		States: []state{"open", "shut", "bricked up"},
		Steps: []lifecycle.Step[state, trigger]{
			{From: "open", On: "push", When: "nobody is in it", To: "shut", Effects: "a bang"},
			{From: "shut", On: "pull", To: "open"},
			{From: "shut", On: "wall", To: "bricked up"},
			{From: "bricked up", On: "push", To: "bricked up"},
		},
	}
}

func TestNext(t *testing.T) {
	t.Parallel()
	table := door()
	if err := table.Check(); err != nil {
		t.Error(err)
	}
	for _, tt := range []struct {
		from state
		on   trigger
		to   state
		ok   bool
	}{
		{"open", "push", "shut", true},
		{"open", "pull", "", false},
		{"shut", "wall", "bricked up", true},
		{"bricked up", "push", "bricked up", true},
		{"nowhere", "push", "", false},
	} {
		if to, ok := table.Next(tt.from, tt.on); to != tt.to || ok != tt.ok {
			t.Errorf("%s on %s: %s, %v", tt.from, tt.on, to, ok)
		}
	}
	if table.Final("shut") || !table.Final("bricked up") {
		t.Error("only what is bricked up stays as it is")
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for want, spoil := range map[string]func(*lifecycle.Table[state, trigger]){
		"state open is listed twice": func(table *lifecycle.Table[state, trigger]) { table.States = append(table.States, "open") },
		"nothing leads to ajar":      func(table *lifecycle.Table[state, trigger]) { table.States = append(table.States, "ajar") },
		`shut on "pull" is ambiguous`: func(table *lifecycle.Table[state, trigger]) {
			table.Steps = append(table.Steps, lifecycle.Step[state, trigger]{From: "shut", On: "pull", To: "bricked up"})
		},
		"shut → ajar has a state that is not listed": func(table *lifecycle.Table[state, trigger]) {
			table.Steps = append(table.Steps, lifecycle.Step[state, trigger]{From: "shut", On: "nudge", To: "ajar"})
		},
	} {
		table := door()
		spoil(&table)
		if err := table.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	want := "## Door\n\n" +
		"| from | when this happens | if | to | and then |\n|---|---|---|---|---|\n" +
		"| `open` | push | nobody is in it | `shut` | a bang |\n" +
		"| `shut` | pull |  | `open` |  |\n" +
		"| `shut` | wall |  | `bricked up` |  |\n" +
		"| `bricked up` | push |  | `bricked up` |  |\n" +
		"\nStarts as `open`. Nothing leads out of `bricked up`.\n"
	if got := door().Markdown(); got != want {
		t.Errorf("printed:\n%s\nwant:\n%s", got, want)
	}
}
