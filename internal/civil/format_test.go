package civil

import "testing"

func TestFormat(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ date, lang, want string }{
		{"2027-03-10", "en", "10 March 2027"},
		{"2027-03-10", "de", "10. März 2027"},
		{"2027-12-01", "de-AT", "1. Dezember 2027"},
		{"2027-12-01", "DE", "1. Dezember 2027"},
		{"2027-01-31", "fr", "31 January 2027"},
		{"2027-01-31", "", "31 January 2027"},
	} {
		d, err := Parse(c.date)
		if got := d.Format(c.lang); err != nil || got != c.want {
			t.Errorf("%s in %q: %q, not %q (%v)", c.date, c.lang, got, c.want, err)
		}
	}
	if got := (Date{}).Format("en"); got != "" {
		t.Errorf("no date: %q", got)
	}
}
