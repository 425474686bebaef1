// Package lifecycle holds state machines as data: tables that the code asks, that tests go through row by row, and
// that are printed into the documentation.
package lifecycle

import (
	"fmt"
	"strings"
)

// Step is one row of a table: in state From, On leads to state To. When says what must hold besides, Effects what
// happens in the same transaction; both are words for readers, kept by the code beside the table.
type Step[State, Trigger ~string] struct {
	From    State
	On      Trigger
	When    string
	To      State
	Effects string
}

// Table is a state machine. What it has no step for can't happen.
type Table[State, Trigger ~string] struct {
	Name   string
	States []State // the first is the one in which everything starts
	Steps  []Step[State, Trigger]
}

// Next returns the state that a trigger leads to, and whether it leads anywhere.
func (t Table[S, E]) Next(from S, on E) (S, bool) {
	for _, step := range t.Steps {
		if step.From == from && step.On == on {
			return step.To, true
		}
	}
	var none S
	return none, false
}

// Final reports whether nothing leads out of a state.
func (t Table[S, E]) Final(state S) bool {
	for _, step := range t.Steps {
		if step.From == state && step.To != state {
			return false
		}
	}
	return true
}

// Check reports what is wrong with the table itself: two steps for one state and trigger, a state that is not listed,
// or one that can't be reached.
func (t Table[S, E]) Check() error {
	listed := map[S]bool{}
	for _, state := range t.States {
		if listed[state] {
			return fmt.Errorf("%s: state %s is listed twice", t.Name, state)
		}
		listed[state] = true
	}
	type key struct {
		from S
		on   E
	}
	steps := map[key]bool{}
	reached := map[S]bool{t.States[0]: true}
	for _, step := range t.Steps {
		if !listed[step.From] || !listed[step.To] {
			return fmt.Errorf("%s: %s → %s has a state that is not listed", t.Name, step.From, step.To)
		}
		k := key{step.From, step.On}
		if steps[k] {
			return fmt.Errorf("%s: %s on %q is ambiguous", t.Name, step.From, step.On)
		}
		steps[k] = true
		reached[step.To] = true
	}
	for _, state := range t.States {
		if !reached[state] {
			return fmt.Errorf("%s: nothing leads to %s", t.Name, state)
		}
	}
	return nil
}

// Markdown returns the table for the documentation.
func (t Table[S, E]) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n", t.Name)
	b.WriteString("| from | when this happens | if | to | and then |\n|---|---|---|---|---|\n")
	for _, step := range t.Steps {
		fmt.Fprintf(&b, "| `%s` | %s | %s | `%s` | %s |\n", step.From, step.On, step.When, step.To, step.Effects)
	}
	var final []string
	for _, state := range t.States {
		if t.Final(state) {
			final = append(final, "`"+string(state)+"`")
		}
	}
	fmt.Fprintf(&b, "\nStarts as `%s`. Nothing leads out of %s.\n", t.States[0], strings.Join(final, ", "))
	return b.String()
}
