package domainname_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/domainname"
)

// What rows of the price table take off domains is told before they count: by what each domain is priced by.
func TestPricesThatTakeTermsOff(t *testing.T) {
	each(t, func(s *shop) {
		s.put("a.example", "2027-03-10")
		s.put("b.example", "2027-06-01")
		s.put("free.example", "2027-06-01", func(d *domainname.Domain) { d.Recurring.Amount = 0 })
		s.put("two.example", "2027-06-01", func(d *domainname.Domain) { d.Term = 2 })
		s.put("gone.example", "2027-03-10", func(d *domainname.Domain) { d.Status = domainname.Cancelled })
		price := func(years int, amount int64, group string) domainname.Price {
			return domainname.Price{Kind: domainname.ForRenewal, Years: years, Currency: "EUR", Amount: amount, Group: group}
		}
		_, _, err := s.SetTLD(s.ctx, domainname.TLDInput{Extension: "example", Prices: domainname.Prices{price(1, 1000, ""), price(2, 1900, "")}})
		s.must(err)
		later := price(1, domainname.Disabled, "")
		later.ValidFrom = civil.On(2027, 1, 1)
		again := price(1, 1100, "")
		again.ValidFrom = civil.On(2027, 1, 1)
		for _, c := range []struct {
			what string
			rows domainname.Prices
			want int
		}{
			{"another price", domainname.Prices{price(1, 1200, "")}, 0},
			{"one year", domainname.Prices{price(1, domainname.Disabled, "")}, 2},
			{"both", domainname.Prices{price(1, domainname.Disabled, ""), price(2, domainname.Disabled, "")}, 3},
			{"one year, later", domainname.Prices{later}, 2},
			{"one year, for a while", domainname.Prices{price(1, domainname.Disabled, ""), again}, 2},
			{"nobody's", domainname.Prices{price(3, domainname.Disabled, "")}, 0},
			{"of a group that nobody is in", domainname.Prices{price(1, domainname.Disabled, "resellers")}, 0},
		} {
			got, err := s.PreviewPrices(s.ctx, "example", c.rows)
			s.must(err)
			if got.Terms != c.want || len(got.Touched) != c.want {
				s.Errorf("%s: %+v", c.what, got)
			}
			if !slices.IsSortedFunc(got.Touched, func(a, b domainname.Touched) int { return cmp.Compare(a.Term, b.Term) }) {
				s.Errorf("%s: in no order of terms: %+v", c.what, got.Touched)
			}
		}
		// A table says the same.
		for _, dry := range []bool{true, false} {
			got, err := s.ImportPrices(s.ctx, strings.NewReader("extension,kind,years,currency,valid_from,amount\nexample,renew,1,EUR,2027-01-01,-1\n"), dry)
			s.must(err)
			if len(got.Prices) != 1 || got.Lost.Terms != 2 {
				s.Errorf("dry %v: %+v", dry, got)
			}
		}
		_, err = s.PreviewPrices(s.ctx, "example", domainname.Prices{price(1, -2, "")})
		s.code(err, "INVALID_INPUT", "prices[0].amount")
	})
}
