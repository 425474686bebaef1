package automation

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
)

// LongestRehearsal bounds how far ahead a dry run looks.
const LongestRehearsal = 400 * 24 * time.Hour

// CheckRehearsal refuses a dry run that looks too far ahead.
func CheckRehearsal(now, until time.Time) error {
	if until.Sub(now) > LongestRehearsal {
		return fail.Invalid("until", "is more than 400 days away")
	}
	return nil
}

// mostHappenings bounds how much a dry run tells one by one. The totals are of all.
const mostHappenings = 10_000

// Rehearsal is what a dry run tells: all that would happen until an instant if nobody did anything.
type Rehearsal struct {
	From, Until time.Time
	Happenings  []Happening // in their order
	More        int         // that are not listed
	Totals      []Total     // by type and currency
	Ran         map[string]Count
}

// Happening is an event that would take place.
type Happening struct {
	At         time.Time
	Type       string
	SubjectID  string
	CustomerID string       // empty: none
	Money      *money.Money // nil: it is not about money
}

// Total sums up the happenings of a type that are about money in one currency, or about none.
type Total struct {
	Type   string
	Money  *money.Money
	Number int
}

// Add takes in an event.
func (r *Rehearsal) Add(e event.Event) {
	if e.Type == EventAdvanced {
		return
	}
	h := Happening{At: e.OccurredAt, Type: e.Type, SubjectID: e.SubjectID, CustomerID: e.CustomerID, Money: moneyOf(e.Data)}
	if len(r.Happenings) < mostHappenings {
		r.Happenings = append(r.Happenings, h)
	} else {
		r.More++
	}
	compare := func(t Total, h Happening) int {
		return cmp.Or(cmp.Compare(t.Type, h.Type), cmp.Compare(currencyOf(t.Money), currencyOf(h.Money)))
	}
	i, ok := slices.BinarySearchFunc(r.Totals, h, compare)
	if !ok {
		t := Total{Type: h.Type}
		if h.Money != nil {
			zero := money.New(0, h.Money.Currency)
			t.Money = &zero
		}
		r.Totals = slices.Insert(r.Totals, i, t)
	}
	r.Totals[i].Number++
	if h.Money != nil {
		r.Totals[i].Money.Amount += h.Money.Amount
	}
}

func currencyOf(m *money.Money) money.Currency {
	if m == nil {
		return ""
	}
	return m.Currency
}

// moneyOf is the amount that an event is about: that of the first of the names under which events tell one.
func moneyOf(data json.RawMessage) *money.Money {
	var fields map[string]json.RawMessage
	if json.Unmarshal(data, &fields) != nil {
		return nil
	}
	for _, name := range []string{"money", "amount", "total"} {
		var m money.Money
		if text, ok := fields[name]; ok && json.Unmarshal(text, &m) == nil && m.Currency != "" {
			return &m
		}
	}
	return nil
}
