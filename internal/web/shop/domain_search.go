package shop

import (
	"cmp"
	"context"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/domainname/registration"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/ui"
)

// longestSearch is how much of what was typed is looked at.
const longestSearch = 253

type domainSearchView struct {
	ui.Page
	Head  ui.Head
	Query string
	Wrong string // what is wrong with it
	Found []foundName
	Notes []string
}

// foundName is a name as the search shows it.
type foundName struct {
	Name, Shown string
	Status      ui.Badge
	Text        string
	InCart      bool
	Terms       *ui.Field // to choose for how long
	Code        *ui.Field // of a transfer
	Transfer    string    // what it costs
}

// sellsDomains reports whether names are sold here.
func (s *shop) sellsDomains(ctx context.Context) (bool, error) {
	if s.Domains == nil {
		return false, nil
	}
	sold, err := s.Domains.Sold(ctx)
	return len(sold) > 0, err
}

// pricedFor is for whom domains are priced: a client group may have prices of its own.
func pricedFor(r *http.Request) (group string, currency money.Currency) {
	if me := visitorOf(r); me.customer != nil {
		return me.customer.Group, me.customer.Currency
	}
	return "", ""
}

func (s *shop) domainSearch(w http.ResponseWriter, r *http.Request) error {
	sells, err := s.sellsDomains(r.Context())
	if err != nil {
		return err
	}
	if !sells {
		return errNoPage
	}
	v := domainSearchView{Page: s.page(w, r, "Domains", "domains"), Query: r.URL.Query().Get("q")}
	v.Head = ui.Head{Title: "Find your domain", Sub: "Look for a name, and see under which extensions you can have it."}
	status := http.StatusOK
	if v.Query != "" {
		if err := s.find(r, &v); err != nil {
			e := fail.Of(err)
			if e.Kind != fail.KindMalformed && e.Kind != fail.KindLimited {
				return err
			}
			if v.Wrong, status = tooManySearches(e), web.FormStatus(w, err); e.Kind == fail.KindMalformed {
				// Which standard says so helps no visitor.
				v.Wrong = strings.Replace(strings.Replace(e.Detail, " that IDNA2008 allows", "", 1), "The name is not a domain name", "This is not a domain name", 1) + " A name is made of letters, digits and hyphens, such as yourname.com."
			}
		}
	}
	if v.Notes, err = s.domainNotes(r); err != nil {
		return err
	}
	return s.pages.Render(w, status, "domain_search", v)
}

// find looks for the name.
func (s *shop) find(r *http.Request, v *domainSearchView) error {
	if len([]rune(v.Query)) > longestSearch {
		v.Query = ui.Clip(v.Query, longestSearch)
		return fail.Malformed("INVALID_REQUEST", "The name is longer than 253 characters.")
	}
	if err := s.limits.spend(s.limits.searches, r); err != nil {
		return err
	}
	group, currency := pricedFor(r)
	found, err := s.Domains.Search(r.Context(), v.Query, group, currency)
	if err != nil {
		return err
	}
	rest := found
	if len(rest) > 0 && strings.Contains(strings.Trim(v.Query, ". "), ".") {
		rest = rest[1:] // the name that was typed stays where it is
	}
	slices.SortStableFunc(rest, func(a, b registration.Found) int { return cmp.Compare(usefulness(a), usefulness(b)) })
	c := s.cart(r)
	for _, f := range found {
		v.Found = append(v.Found, foundOf(f, c))
	}
	return nil
}

// tooManySearches says when a name can be looked for again.
func tooManySearches(e *fail.Error) string {
	return "You have looked for many names in a short time, and each is a question to registries. Try again in " + counted(int64(math.Ceil(e.RetryAfter.Minutes())), "minute") + "; what is in your cart stays there."
}

// usefulness orders names: those that can be had, those that perhaps can, those of others.
func usefulness(f registration.Found) int {
	switch {
	case f.Reason != "":
		return 3
	case f.Free:
		return 0
	case f.Unknown:
		return 1
	default:
		return 2
	}
}

func foundOf(f registration.Found, c cart) foundName {
	v := foundName{Name: f.Name, Shown: f.Shown, InCart: c.find("domain."+f.Name) >= 0}
	switch {
	case f.Reason != "":
		v.Status, v.Text = ui.Badge{Text: "Not sold here", Tone: ui.Neutral}, f.Reason
		return v
	case f.Free:
		v.Status = ui.Badge{Text: "Available", Tone: ui.Success}
		if f.Premium {
			v.Text = "A premium name: its registry sets what it costs, now and at each renewal."
		}
	case f.Unknown:
		v.Status = ui.Badge{Text: "Could not be checked", Tone: ui.Warn}
		v.Text = "You can order it. If it turns out to be taken, your money becomes credit."
	default:
		v.Status = ui.Badge{Text: "Taken", Tone: ui.Neutral}
	}
	if len(f.Years) > 0 {
		v.Terms = &ui.Field{Kind: ui.InputSelect, Name: "years", Label: "Term", Scope: f.Name, Value: strconv.Itoa(f.Years[0].Years)}
		for _, y := range f.Years {
			v.Terms.Options = append(v.Terms.Options, ui.Option{Value: strconv.Itoa(y.Years), Label: termText(y)})
		}
	}
	if f.Transfer != nil {
		v.Transfer = brief(*f.Transfer)
		v.Code = &ui.Field{
			Name: "code", Label: "Transfer code", Scope: f.Name, Required: true, MaxLength: longestCode, Autocomplete: "off",
			Hint: "If it is yours: the present registrar gives it to you.",
		}
	}
	return v
}

// termText writes "1 year: €1.99, then €12 a year", "10 years: €95, then €99 for 9 years".
func termText(y registration.YearPrice) string {
	text := years(y.Years) + ": " + brief(y.Price)
	switch {
	case y.Renew == nil:
		return text
	case y.RenewYears == 1:
		return text + ", then " + brief(*y.Renew) + " a year"
	default:
		return text + ", then " + brief(*y.Renew) + " for " + years(y.RenewYears)
	}
}

// domainNotes is the small print below prices of domains.
func (s *shop) domainNotes(r *http.Request) ([]string, error) {
	now, err := s.Settings.Get(r.Context())
	if err != nil {
		return nil, err
	}
	notes := []string{"Before a domain ends we send an invoice for its renewal. Nothing is renewed that is not paid, and you can turn the invoices off."}
	switch now.TaxMode {
	case "exclusive":
		notes = append(notes, "Prices are without tax.")
	case "inclusive":
		notes = append(notes, "Prices include tax.")
	}
	return notes, nil
}
