package domainname

import "github.com/keystead/keystead/internal/civil"

// Finding is what a date that was read at a registry means for the stored ones.
type Finding string

// The findings.
const (
	Same      Finding = "same"
	Corrected Finding = "corrected" // by no more than [Drift]: adopted, by registry date and paid-through
	Ahead     Finding = "ahead"     // by whole years: adopted as the registry's date only
	Held      Finding = "held"      // anything else: nothing is written, a person decides
)

// Read is what becomes of the dates of a domain after a reading.
type Read struct {
	Finding  Finding
	Registry civil.Date // R
	Paid     civil.Date // P
	Years    int        // by which the registry is ahead of what was paid
}

// Compare says what a registry's date means for the dates that are stored. A date that [ReadExpiry] refused is none and
// does not come here: an error never writes a date.
func Compare(registry, paid, read civil.Date) Read {
	kept := Read{Finding: Held, Registry: registry, Paid: paid, Years: YearsAhead(registry, paid)}
	switch {
	case read == registry:
		kept.Finding = Same
	case registry.IsZero():
		kept = Read{Finding: Corrected, Registry: read, Paid: paid, Years: YearsAhead(read, paid)}
	case near(read, registry):
		// What was paid for moves along only where it is the same term.
		moved := Read{Finding: Corrected, Registry: read, Paid: paid, Years: YearsAhead(read, paid)}
		if !paid.IsZero() && near(paid, registry) {
			moved.Paid = read
		}
		return moved
	case YearsAhead(read, registry) > 0:
		return Read{Finding: Ahead, Registry: read, Paid: paid, Years: YearsAhead(read, paid)}
	}
	return kept
}

// Verdict is what a paid renewal does after the registry was read.
type Verdict string

// The verdicts.
const (
	SendYears Verdict = "send"      // so many years, with the registry's present date as the guard
	Satisfied Verdict = "satisfied" // the years are there: nothing is sent
	Attention Verdict = "attention" // the date fits nothing: a person decides
)

// Decide says what remains to be sent of a renewal of so many years from a base, when the registry's date is read.
func Decide(base civil.Date, years int, registry civil.Date) (_ Verdict, send int) {
	if registry.IsZero() {
		return Attention, 0
	}
	there := YearsAhead(registry, base)
	switch {
	case near(registry, base):
		return SendYears, years
	case there == 0 || there > years:
		return Attention, 0
	case there == years:
		return Satisfied, 0
	default:
		return SendYears, years - there
	}
}

// Outcome is what the registry's date says of a command that was sent.
type Outcome string

// The outcomes.
const (
	Done    Outcome = "done"
	NotDone Outcome = "not_done"
	Unclear Outcome = "unclear"
)

// alike is by how many days what a registry answers may differ from what was foretold.
const alike = 2

// Judge says whether a command was carried out, by the date that the registry had before it, the date that was expected
// of it and the date that is read now. Only the date says so: no code of an answer does.
func (p Policy) Judge(before, expected, read civil.Date) Outcome {
	switch {
	case read.IsZero():
		return Unclear
	case max(read.DaysUntil(expected), expected.DaysUntil(read)) <= alike:
		return Done
	case p.ExpiryRounding == MonthEnd && read.Year == expected.Year && read.Month == expected.Month:
		return Done
	case read == before:
		return NotDone
	default:
		return Unclear
	}
}
