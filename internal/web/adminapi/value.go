package adminapi

import (
	"encoding/json"
	"reflect"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/page"
)

// Money is an amount in the minor units of its currency.
type Money struct {
	Amount   int64  `json:"amount" minimum:"-9007199254740991" maximum:"9007199254740991" doc:"In minor units: 4900 is 49.00 EUR" example:"4900"`
	Currency string `json:"currency" maxLength:"3" doc:"ISO 4217" example:"EUR"`
}

func moneyOf(m money.Money) Money { return Money{Amount: m.Amount, Currency: string(m.Currency)} }

func (m Money) value() money.Money { return money.New(m.Amount, money.Currency(m.Currency)) }

// Optional is a field of a PATCH for which null means something: it clears the field. Set tells null from absent.
type Optional[T any] struct {
	Set   bool
	Value *T // nil: null
}

// UnmarshalJSON is called for a field that is there.
func (o *Optional[T]) UnmarshalJSON(b []byte) error {
	o.Set = true
	return json.Unmarshal(b, &o.Value)
}

// MarshalJSON writes null for a field that is not set, too.
func (o Optional[T]) MarshalJSON() ([]byte, error) { return json.Marshal(o.Value) }

// Schema is that of T or null.
func (o Optional[T]) Schema(r huma.Registry) *huma.Schema {
	s := huma.SchemaFromType(r, reflect.TypeFor[T]())
	s.Nullable = true
	return s
}

// orZero is the value to which one that may be missing is set: nil stays nil, null is the zero value.
func (o Optional[T]) orZero() *T {
	if !o.Set || o.Value != nil {
		return o.Value
	}
	return new(T)
}

// orNull is how a text that may be missing is shown.
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// utc is an instant that may be missing.
func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

// Years is a term of a domain.
type Years int

// Schema is that of a term that registries have.
func (Years) Schema(huma.Registry) *huma.Schema {
	least, most := 1.0, 10.0
	return &huma.Schema{Type: huma.TypeInteger, Format: formatYears, Minimum: &least, Maximum: &most, Examples: []any{1}}
}

// Paging is what every list takes.
type Paging struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many entries a page holds at most"`
	Cursor string `query:"cursor" maxLength:"2000" doc:"The next of the page before"`
}

// List is a page of a list.
type List[T any] struct {
	Data []T     `json:"data" nullable:"false"`
	Next *string `json:"next" doc:"The cursor of the next page; null on the last one"`
}

// listOf shows the entries of a page.
func listOf[From, To any](entries []From, next string, show func(From) To) List[To] {
	data := make([]To, len(entries))
	for i, e := range entries {
		data[i] = show(e)
	}
	return List[To]{Data: data, Next: orNull(next)}
}

// pageOf shows a page of entries that are all known, in the order of their keys.
func pageOf[From, To any](entries []From, p Paging, key func(From) string, show func(From) To) (List[To], error) {
	if p.Cursor != "" {
		last, err := page.Key(p.Cursor, 1)
		if err != nil {
			return List[To]{}, err
		}
		from := slices.IndexFunc(entries, func(e From) bool { return key(e) > last[0] })
		if from < 0 {
			from = len(entries)
		}
		entries = entries[from:]
	}
	entries, more := page.Cut(entries, page.Limit(p.Limit))
	next := ""
	if more {
		next = page.Cursor(key(entries[len(entries)-1]))
	}
	return listOf(entries, next, show), nil
}

// ByID are the parameters of an operation on one thing.
type ByID struct {
	ID string `path:"id" maxLength:"64"`
}
