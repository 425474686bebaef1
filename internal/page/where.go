package page

import (
	"fmt"
	"strings"
)

// Where puts the condition of a list together from those parts that its filter asks for. The zero value is none.
type Where struct {
	parts []string
	args  []any
}

// Add adds a condition. Each $? in it stands for the next of args.
func (w *Where) Add(condition string, args ...any) {
	for _, arg := range args {
		condition = strings.Replace(condition, "$?", w.Arg(arg), 1)
	}
	w.parts = append(w.parts, condition)
}

// Arg adds an argument and returns its placeholder.
func (w *Where) Arg(arg any) string {
	w.args = append(w.args, arg)
	return fmt.Sprintf("$%d", len(w.args))
}

// Args returns the arguments in the order of their placeholders.
func (w *Where) Args() []any { return w.args }

// String returns the conditions as they stand in SQL, with " WHERE " in front unless there are none.
func (w *Where) String() string {
	if len(w.parts) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.parts, " AND ")
}
