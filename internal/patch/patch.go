// Package patch applies changes that name only some fields, and remembers what they changed for the history.
package patch

import (
	"encoding/json"
	"fmt"
)

// Diff is what a patch changed: the names of the fields in the order of asking, and their values before and after.
// The zero value is an empty diff.
type Diff struct {
	Fields        []string
	before, after map[string]any
}

// Set gives a field the value that the patch has for it, if it has one and it differs, and notes the change in d.
func Set[T comparable](d *Diff, name string, field, to *T) {
	if to == nil || *to == *field {
		return
	}
	d.Note(name, *field, *to)
	*field = *to
}

// Note adds a change that its caller makes, for fields that Go can't compare.
func (d *Diff) Note(name string, before, after any) {
	if d.before == nil {
		d.before, d.after = map[string]any{}, map[string]any{}
	}
	d.Fields = append(d.Fields, name)
	d.before[name], d.after[name] = before, after
}

// Empty reports whether nothing changed.
func (d *Diff) Empty() bool { return len(d.Fields) == 0 }

// Before returns the changed fields as they were, in JSON.
func (d *Diff) Before() string { return JSON(d.before) }

// After returns the changed fields as they are now, in JSON.
func (d *Diff) After() string { return JSON(d.after) }

// JSON returns the fields of something as the history keeps them.
func JSON(fields map[string]any) string {
	b, err := json.Marshal(fields)
	if err != nil {
		panic(fmt.Sprintf("patch: fields that JSON can't hold: %v", err))
	}
	return string(b)
}
