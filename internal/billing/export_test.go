package billing

// Rules are the names of all rules of the books, without those of what lines have made.
func Rules() (names []string) {
	for _, c := range checks {
		names = append(names, c.rule)
	}
	return names
}
