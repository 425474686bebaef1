package ui

import "strings"

// Paper is a document as it would be printed: who it is from and to, its facts and its lines.
type Paper struct {
	Parties []Party
	Facts   Details
	Lines   Table
}

// Party is one side of a document.
type Party struct {
	Role, Name string
	Lines      []string
}

// NewParty makes a party of what is known about it; what is empty is left out. A text may have several lines.
func NewParty(role, name string, about ...string) Party {
	p := Party{Role: role, Name: name}
	for _, text := range about {
		for line := range strings.SplitSeq(text, "\n") {
			if line != "" {
				p.Lines = append(p.Lines, line)
			}
		}
	}
	return p
}
