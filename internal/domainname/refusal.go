package domainname

import (
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/fail"
)

// CodeTerm is the code of a term that is not on offer.
const CodeTerm = "TERM_NOT_AVAILABLE"

// Err is the refusal as whoever asked for it is told, on every face: with the reason and the days for programs.
func (r Refusal) Err() *fail.Error {
	if r.Reason == AlreadyOpen {
		return errOpen.With("reason", r.Reason).With("renewal_id", r.RenewalID).With("invoice_id", textOrNull(r.InvoiceID))
	}
	return fail.New(fail.KindInvalid, CodeTerm, r.Sentence("en")).With("reason", r.Reason).
		With("first_day", dayOrNull(r.FirstDay)).With("last_day", dayOrNull(r.LastDay))
}

// dayOrNull is a day as programs read it; nil where there is none.
func dayOrNull(d civil.Date) any {
	if d.IsZero() {
		return nil
	}
	return d.String()
}

func textOrNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
