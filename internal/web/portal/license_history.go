package portal

import (
	"net/http"
	"strings"

	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/web/ui"
)

// told is what a customer is told of a license's history: what they and their software did, and what was done in their
// name. The rest, with staff's reasons, is the store's.
var told = map[string]struct{ text, icon string }{
	license.WhatIssued:            {"The license was issued", "key"},
	license.WhatActivationAdded:   {"Activated ", "plus"},
	license.WhatActivationRemoved: {"Removed ", "minus"},
	license.WhatSupportAdded:      {"Support and upgrades: ", "calendar"},
	license.WhatSupportTakenBack:  {"Support and upgrades: ", "calendar"},
	license.WhatFileMade:          {"Lease file for ", "download"},
	license.WhatBound:             {"Bound to ", "lock"},
	license.WhatReissued:          {"Released the place: ", "unlock"},
}

func (a *area) historyCard(r *http.Request, p ui.Page, l license.License) (card, error) {
	entries, next, err := a.Licenses.History(r.Context(), l.ID, r.URL.Query().Get("history"), historyPerPage)
	if err != nil {
		return card{}, err
	}
	t := &ui.Timeline{Empty: "Nothing has happened yet."}
	for _, e := range entries {
		words, ok := told[e.What]
		if !ok {
			continue
		}
		// One of the two is empty: an activation is added or removed.
		place := ui.Clip(e.Before+e.After, 60)
		switch e.What {
		case license.WhatIssued:
			place = ""
		case license.WhatBound:
			place = ui.Clip(e.After, 60) // what it adds to may stand before
		case license.WhatSupportAdded, license.WhatSupportTakenBack:
			place = license.SupportDay(e.After)
		}
		t.Events = append(t.Events, ui.Event{When: p.Ago(e.At), What: strings.TrimSpace(words.text + place), Icon: words.icon, Actor: whoDid(p, e.Actor)})
	}
	if next != "" {
		t.MoreHref = ui.URLWith(r.URL, "history", next)
	}
	return card{Head: ui.CardHead{Title: "History"}, Timeline: t}, nil
}

// whoDid names the one who acted as the customer knows them.
func whoDid(p ui.Page, who event.Actor) string {
	switch who.Kind {
	case event.Customer:
		return "You"
	case event.Software:
		return "Your software"
	default:
		return p.Store.Name
	}
}
