package ui

import (
	"maps"
	"slices"
	"strings"

	"github.com/keystead/keystead/internal/fail"
)

// Problems are the messages of an error by field. What concerns no field is about the whole.
func Problems(e *fail.Error) (byField map[string]string, whole string) {
	byField = make(map[string]string, len(e.Fields))
	for _, f := range e.Fields {
		byField[f.Field] = f.Message
	}
	if len(byField) == 0 {
		whole = e.Detail
	}
	return byField, whole
}

// WithErrors puts messages at their fields; what has no field goes on top of the form.
func WithErrors(f Form, byField map[string]string, whole string) Form {
	left := maps.Clone(byField)
	for i := range f.Sections {
		for j := range f.Sections[i].Fields {
			field := &f.Sections[i].Fields[j]
			if m, ok := left[field.Name]; ok {
				field.Error = m
				delete(left, field.Name)
			}
		}
	}
	about := []string{}
	if whole != "" {
		about = append(about, whole)
	}
	for _, name := range slices.Sorted(maps.Keys(left)) {
		about = append(about, name+": "+left[name])
	}
	f.Error = strings.Join(about, " ")
	return f
}
