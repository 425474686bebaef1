package admin

import (
	"strconv"
	"strings"
)

// wholeNumber reads a field that takes a whole number; one that holds none is noted in bad.
func wholeNumber(field, typed string, bad map[string]string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(typed), 10, 64)
	if err != nil {
		bad[field] = "is not a whole number"
	}
	return n
}

// linesOf are the entries of a field that takes one a line; none is an empty list, not nil.
func linesOf(typed string) []string {
	list := []string{}
	for line := range strings.Lines(typed) {
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, line)
		}
	}
	return list
}
