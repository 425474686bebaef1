package admin

import (
	"net/http"
	"net/url"

	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/web/ui"
)

// searchDomains looks for domains by a part of their name. exact is the page of one that was named in full, as people
// write it or as registries do.
func (a *area) searchDomains(r *http.Request, q string) (cards []card, exact string, err error) {
	f := domainname.Filter{Query: q, Limit: found}
	full, err := domainname.ParseName(q)
	if err == nil {
		f.Query = full.String()
	}
	rows, _, err := a.Domains.List(r.Context(), f)
	if err != nil && fail.Of(err).Kind != fail.KindInvalid {
		return nil, "", err
	}
	for _, d := range rows {
		if d.Name == full && (exact == "" || !d.Domain.Status.Final()) {
			exact = domainsAt + "/" + d.ID
		}
	}
	if len(rows) > 0 {
		t := domainTable(rows)
		t.Flush = true
		cards = []card{{Head: ui.CardHead{Title: "Domains", Actions: allOf(domainsAt + "?q=" + url.QueryEscape(f.Query))}, Table: &t}}
	}
	return cards, exact, nil
}
