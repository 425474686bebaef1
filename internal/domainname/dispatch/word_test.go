package dispatch

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/keystead/keystead/internal/registrar"
)

// What a registrar says is kept as text that a database takes, and that fits.
func TestTheWordOfAHostileRegistrar(t *testing.T) {
	t.Parallel()
	for _, said := range []string{"a\x00b\xff", strings.Repeat("é", 4<<20), strings.Repeat("\x00", 5000), ""} {
		var c command
		c.answered(registrar.Answer{Class: registrar.Policy, Message: said})
		for kept, most := range map[string]int{c.message: 2100, body(&registrar.Message{Text: said}): 3 * longestBody} {
			if !utf8.ValidString(kept) || strings.ContainsRune(kept, 0) || len(kept) > most || (said == "") != (kept == "") {
				t.Errorf("%.10q became %d bytes: %.40q", said, len(kept), kept)
			}
		}
	}
}

// What a registrar answers is told once, with its code where there is one.
func TestAnswersAreToldOnce(t *testing.T) {
	t.Parallel()
	for want, a := range map[string]registrar.Answer{
		"2104 Billing failure": {Code: 2104, Message: "Billing failure"}, "2104": {Code: 2104}, "no address": {Message: "no address"}, "": {},
	} {
		var c command
		if c.answered(a); c.answer() != want {
			t.Errorf("%+v reads %q, want %q", a, c.answer(), want)
		}
	}
}
