package portal

// Patterns are the addresses of the portal as a router takes them, for whoever wants to know that a link leads somewhere.
func Patterns() []string {
	var all []string
	for _, rt := range (&area{}).routes() {
		all = append(all, rt.pattern)
	}
	return all
}
