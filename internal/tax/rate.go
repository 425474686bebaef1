package tax

import "github.com/keystead/keystead/internal/civil"

// Rate is a row of the store's table of rates.
type Rate struct {
	Country   string // ISO 3166
	State     string // empty: the whole country
	Class     string // the tax class of the price; empty: every class without a rate of its own
	Percent   Percent
	ValidFrom civil.Date // zero: always
}

// Lookup returns the rate for a sale of a tax class to a country and state on a date. Of the rates that have begun by
// then, one for the class beats one for every class, then one for the state beats one for the whole country, then the
// one that began last counts. It reports false if there is none.
func Lookup(rates []Rate, country, state, class string, on civil.Date) (Rate, bool) {
	var best Rate
	found := false
	for _, r := range rates {
		if r.Country != country || (r.State != "" && r.State != state) || (r.Class != "" && r.Class != class) || r.ValidFrom.After(on) {
			continue
		}
		if !found || r.closer(best) {
			best, found = r, true
		}
	}
	return best, found
}

// closer reports whether r is more to the point than another rate that fits too.
func (r Rate) closer(than Rate) bool {
	if (r.Class != "") != (than.Class != "") {
		return r.Class != ""
	}
	if (r.State != "") != (than.State != "") {
		return r.State != ""
	}
	return r.ValidFrom.After(than.ValidFrom)
}
