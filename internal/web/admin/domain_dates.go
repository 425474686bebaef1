package admin

import (
	"cmp"
	"strings"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/web/ui"
)

// datesCard draws the dates of a domain: when its term ends, until when it is paid, when it falls due, and until when what
// can be done.
func (h holding) datesCard() card {
	w := h.Standing.Window
	end, ahead := h.TermEnd()
	var stretches []ui.Span
	span := func(from, to civil.Date, name string, tone ui.Tone) {
		if !from.IsZero() && !to.IsZero() && from.Before(to) {
			stretches = append(stretches, ui.Span{Period: civil.Period{Start: from, End: to}, Name: name, Tone: tone})
		}
	}
	given := h.DeletedAt != nil // only a restore is possible, wherever its term ends
	if !w.End.IsZero() && !given {
		first := cmp.Or(w.First, earliest(h.today, w.End.AddDays(-30)))
		span(first, earliest(w.End, w.LastPlain).AddDays(1), "Plain renewal", ui.Success)
		span(w.End.AddDays(1), w.LastPlain.AddDays(1), "Grace", ui.Warn)
		span(w.LastPlain.AddDays(1), w.End.AddDays(1), "Too late for customers", ui.Neutral)
		span(latest(w.End, w.LastPlain).AddDays(1), w.LastRestore.AddDays(1), "Redemption", ui.Danger)
	}
	expiry := "By UTC, as the registry says"
	if ahead > 0 {
		expiry += "; " + yearsText(ahead) + " ahead of what was paid"
	}
	days := []ui.Milestone{
		{On: h.Expiry.Date(), Name: "Registry expiry", Sub: expiry, Tone: ui.Info},
		{On: h.PaidThrough, Name: "Paid through", Sub: "Until when the customer has paid", Tone: ui.Success},
	}
	if h.Status().Renewable() {
		days = append(days, ui.Milestone{On: h.NextDue, Name: "Next due", Sub: "By the store's zone; billing only", Tone: ui.Warn})
	}
	if !end.IsZero() && end != h.Expiry.Date() && end != h.PaidThrough {
		days = append(days, ui.Milestone{On: end, Name: "Term end", Sub: "From which notices, windows and fees count", Tone: ui.Info})
	}
	if given {
		deleted := domainname.RegistryDate(*h.DeletedAt)
		span(deleted, w.LastRestore.AddDays(1), "Redemption", ui.Danger)
		days = append(days, ui.Milestone{On: deleted, Name: "Deleted at the registry", Tone: ui.Danger}, ui.Milestone{On: w.LastRestore, Name: "Last day of a restore", Tone: ui.Danger})
	} else if !w.End.IsZero() {
		days = append(days,
			ui.Milestone{On: w.First, Name: "First day of a renewal"},
			ui.Milestone{On: w.LastPlain, Name: "Last day of a plain renewal", Sub: yesNo(w.LastPlain.After(w.End), "From the day after the term's end with the grace fee", ""), Tone: ui.Warn},
			ui.Milestone{On: w.LastRestore, Name: "Last day of a restore", Tone: ui.Danger})
	}
	if h.Standing.Confirming {
		days = append(days, ui.Milestone{On: h.outlook.LastSafe, Name: "Last safe day", Sub: "Until when the paid renewal should be confirmed", Tone: ui.Danger})
	}
	if !h.Accounting.IsZero() {
		days = append(days, ui.Milestone{On: h.Accounting, Name: "Registrar's accounting date", Sub: "From which its deadline counts"})
	}
	return card{Head: ui.CardHead{Title: "Dates"}, Chart: ui.Milestones("Dates of "+h.Name.Unicode(), stretches, days, h.today)}
}

func earliest(days ...civil.Date) civil.Date {
	var first civil.Date
	for _, d := range days {
		if !d.IsZero() && (first.IsZero() || d.Before(first)) {
			first = d
		}
	}
	return first
}

func latest(days ...civil.Date) civil.Date {
	var last civil.Date
	for _, d := range days {
		if d.After(last) {
			last = d
		}
	}
	return last
}

// outlookCard is what will happen to a domain by itself, or may.
func (h holding) outlookCard() card {
	t := &ui.Table{
		ID: "ahead", Caption: "What happens next", Flush: true, Columns: []ui.Column{{Label: "When"}, {Label: "What", Wide: true}, {Label: "Amount", End: true}},
		Empty: &ui.Empty{Art: "done", Title: "Nothing by itself", Text: "As things are, neither an invoice nor an end is to come."},
	}
	switch {
	case h.Standing.Confirming:
		t.Empty.Title, t.Empty.Text = "It is being confirmed", "The renewal that is paid comes first: nothing else happens by itself before the registry has confirmed it."
	case h.Status() == domainname.Pending:
		t.Empty.Title, t.Empty.Text = "It waits for its payment", "When its order is paid, the registrar is asked."
	case h.Status() == domainname.PendingRegistration, h.Status() == domainname.PendingTransfer:
		t.Empty.Title, t.Empty.Text = "It waits for the registrar", "When the domain is here, its dates are read, and stand here."
	}
	for i, s := range h.outlook.Steps {
		if s.What == "grace_ends" && i > 0 && h.outlook.Steps[i-1].On == s.On {
			continue // it is the last day of a plain renewal
		}
		amount := ui.Cell{}
		if s.Sum.Amount != 0 {
			amount = ui.Text(s.Sum.Format("en"))
			amount.Sub = stepFees[s.What]
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{dayCell(s.On), ui.Text(stepText(s.What)).With(s.Text), amount}})
	}
	return card{Head: ui.CardHead{Title: "What happens next", Text: "As things are now."}, Table: t}
}

// registryCard is what the registry says, and who told it.
func (h holding) registryCard(p ui.Page) card {
	d := &ui.Details{}
	add := func(label string, value ui.Cell, hint string) {
		d.Items = append(d.Items, ui.Detail{Label: label, Value: value, Hint: hint})
	}
	if h.Expiry.At.IsZero() {
		add("Expiry", ui.Text("Not known yet"), "")
	} else {
		add("Expiry", ui.HTML(p.At(h.Expiry.At)), "By UTC on "+dateText(h.Expiry.Date()))
		if h.Expiry.Raw != "" {
			add("As it was written", ui.Mono(h.Expiry.Raw), "")
		}
		add("Source", ui.Text(sourceWords[h.Expiry.Source]), "")
		add("Date read", ui.HTML(p.Ago(h.Expiry.ReadAt)), "")
	}
	switch h.State.Sponsor {
	case domainname.SponsorOurs:
		add("Sponsor", ui.Text("Our account"), "")
	case domainname.SponsorOther:
		add("Sponsor", ui.Text("Another registrar"), "")
	case domainname.SponsorUnknown:
		add("Sponsor", ui.Text("Not known"), "")
	}
	add("EPP statuses", ui.Text(strings.Join(h.State.EPP, ", ")), yesNo(h.LockedByUs, "clientRenewProhibited is the store's own: it is lifted for a renewal.", ""))
	add("RGP statuses", ui.Text(strings.Join(h.State.RGP, ", ")), "")
	add("State read", ui.HTML(p.Ago(h.State.ReadAt)), "")
	if h.State.YearsAheadLimit != nil {
		add("Years that may be added", ui.Count(*h.State.YearsAheadLimit), "")
	}
	if h.Mode != "" {
		add("Mode at the registrar", ui.Text(yesNo(h.Mode == domainname.ModeRenew, "Renew at the expiry", "Let expire")), "")
	}
	if h.MissingSince != nil {
		add("Not found since", ui.HTML(p.Ago(*h.MissingSince)), "A second run without it, hours later, takes it for gone.")
	}
	return card{Head: ui.CardHead{Title: "Registry"}, Details: d}
}

// findingCards show what readings found that differed; none where nothing did.
func (h holding) findingCards(p ui.Page) []card {
	if len(h.findings) == 0 {
		return nil
	}
	t := &ui.Table{ID: "findings", Caption: "What readings found", Flush: true, Columns: []ui.Column{{Label: "Found"}, {Label: "Stored"}, {Label: "Read"}, {Label: "Written"}, {Label: "When"}}}
	for _, f := range h.findings {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{findingBadge(f.Finding), ui.Text(solid(readDay(f.Stored))), ui.Text(solid(readDay(f.Read))), ui.Text(yesNo(f.Applied, "Yes", "No")), ui.HTML(p.Ago(f.At))}})
	}
	return []card{{Head: ui.CardHead{Title: "Readings that differed", Text: "The latest, of what sync read at the registry."}, Table: t}}
}
