package admin

import (
	"cmp"
	"context"
	"net/http"
	"slices"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/dispatch"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web/ui"
)

const dangerAt = domainsAt + "/danger"

// danger is a domain that may be lost, or has a paid renewal, registration or transfer that is not done, and why.
type danger struct {
	domainname.Row

	Why  string
	Last civil.Date // on which something can still be done; zero: nobody knows
	Of   string     // what that day is
	Act  ui.Button  // what staff do about it
	Tone ui.Tone
}

const (
	soonEnds     = 14  // days before its end at which a domain that nobody has paid for is in danger
	longestAfter = 200 // days after its end for which a domain can be kept, at most
	mostInDanger = 100 // of each kind, the nearest to their end first
)

// unpaidLast puts what is paid and not done before what nobody has paid for.
var unpaidLast = map[bool]int{true: 0, false: 1}

// dangers are the domains in danger, the nearest last day first, and of one day the paid ones first; more if there may be others,
// whose days are later.
func (a *area) dangers(ctx context.Context) (all []danger, more bool, err error) {
	today := a.registryToday()
	policies, err := a.Domains.Policies(ctx, "")
	if err != nil {
		return nil, false, err
	}
	waiting, err := a.Renewals.Unconfirmed(ctx, mostUnconfirmed)
	if err != nil {
		return nil, false, err
	}
	safe := map[string]civil.Date{}
	for _, u := range waiting {
		safe[u.Renewal.DomainID] = u.LastSafe
	}
	told := map[string]bool{}
	ended := domainname.Filter{EndsFrom: today.AddDays(-longestAfter), EndsBefore: today}
	for _, f := range []domainname.Filter{
		{Special: "failed"},
		{Status: domainname.Redemption, EndsFrom: ended.EndsFrom, EndsBefore: ended.EndsBefore},
		{Status: domainname.Grace, EndsFrom: ended.EndsFrom, EndsBefore: ended.EndsBefore},
		{Status: domainname.Active, EndsFrom: today, EndsBefore: today.AddDays(soonEnds + 1)},
	} {
		f.Order, f.Limit = "term_end", mostInDanger
		rows, next, err := a.Domains.List(ctx, f)
		if err != nil {
			return nil, false, err
		}
		more = more || next != ""
		for _, d := range rows {
			p, _ := policies.At(d.Extension, today)
			if x, ok := inDanger(d, p, safe[d.ID], today); ok && !told[d.ID] {
				told[d.ID] = true
				if left := today.DaysUntil(x.Last); left <= 3 {
					x.Tone = ui.Danger
				}
				all = append(all, x)
			}
		}
	}
	stuck, next, err := a.Domains.List(ctx, domainname.Filter{Special: "stuck", Limit: mostInDanger})
	if err != nil {
		return nil, false, err
	}
	more = more || next != ""
	for _, d := range stuck {
		arrival, err := a.Dispatch.Arrival(ctx, d.ID)
		if err != nil {
			return nil, false, err
		}
		all = append(all, notArriving(d, arrival))
	}
	slices.SortStableFunc(all, func(x, y danger) int {
		return cmp.Or(x.Last.Compare(y.Last), cmp.Compare(unpaidLast[x.Standing.Confirming], unpaidLast[y.Standing.Confirming]))
	})
	return all, more, nil
}

// inDanger says why a domain is in danger, if it is. safe is the last safe day of its paid renewal.
func inDanger(d domainname.Row, p domainname.Policy, safe, today civil.Date) (danger, bool) {
	x := danger{Row: d, Tone: ui.Warn}
	page, w := domainsAt+"/"+d.ID, d.Standing.Window
	if d.Standing.Confirming {
		x.Last, x.Of = cmp.Or(safe, w.End), "last safe day"
		x.Why = "Paid. " + renewalText(*d.Open)
		x.Act = ui.Button{Label: "Look", Href: page}
		acts := renewalActs(*d.Open)
		if len(acts) > 0 {
			x.Tone = ui.Danger
		}
		switch {
		case d.Open.State == domainname.RenewalHeld && d.Open.Hold == domainname.HeldFunds && d.RegistrarID != "":
			x.Why = "Paid. The account at " + d.Registrar + " has too little money: it goes out once there is more."
			x.Act = ui.Button{Label: "Pay money in at " + d.Registrar, Href: registrarsAt + "/" + d.RegistrarID}
		case d.Open.State == domainname.RenewalAttention: // the date is looked at before anything is sent again
		case len(acts) > 0:
			x.Act = acts[0]
		}
		return x, d.Open.State != domainname.RenewalArranged && d.Open.State != domainname.RenewalPaid && d.Open.State != domainname.RenewalSubmitted
	}
	unpaid := d.Owed != nil && d.Owed.InvoiceID != ""
	if unpaid {
		x.Act = ui.Button{Label: "Invoice", Href: "/admin/invoices/" + d.Owed.InvoiceID}
	} else {
		x.Act = ui.Button{Label: renewWord(d.Standing.Status), Href: page + "/renew"}
	}
	switch d.Standing.Status {
	case domainname.Redemption:
		x.Last, x.Of, x.Tone = w.LastRestore, "last day of a restore", ui.Danger
		switch {
		case unquoted(d, p):
			x.Why, x.Act = "In redemption: until staff enter what a restore costs, it can't be paid.", ui.Button{Label: "Enter the fee", Href: page + "/restore-quote"}
		case unpaid:
			x.Why = "In redemption, and unpaid: a restore costs the fee besides."
		default:
			x.Why = "In redemption, and nothing is invoiced: a restore costs the fee besides."
		}
	case domainname.Grace:
		x.Last, x.Of = cmp.Or(w.LastPlain, w.End), "last day without a restore"
		x.Why = yesNo(unpaid, "Its term is over, and its renewal unpaid.", "Its term is over, and nothing is invoiced.")
		if d.Standing.Ahead > 0 {
			x.ahead(p, today)
		}
	case domainname.Active:
		x.Last, x.Of = earliest(w.End, w.LastPlain), yesNo(w.LastPlain.After(w.End), "then it can be renewed late", "last day of a renewal")
		switch {
		case d.DoNotRenew:
			x.Why, x.Tone = "Auto renew is off: it ends.", ui.Neutral
		case unpaid:
			x.Why = "Its renewal is unpaid."
		case d.Free():
			x.Why = "It is free, and nothing has renewed it."
		default:
			x.Why = "No invoice was made for its renewal."
		}
	default:
		return x, false
	}
	return x, true
}

// notArriving says why a paid registration or transfer is in danger that does not go on by itself.
func notArriving(d domainname.Row, arrival dispatch.Arrival) danger {
	x := danger{Row: d, Tone: ui.Danger, Of: "somebody else may register it", Act: ui.Button{Label: "Try again", Href: domainsAt + "/" + d.ID + "/retry"}}
	if d.Standing.Status == domainname.PendingTransfer {
		x.Of = "its term may end at its old registrar"
	}
	x.Why = "Paid. " + cmp.Or(arrival.Why, "The registrar can't be asked, or does not end what it has taken on.")
	if arrival.Asked {
		x.Act = ui.Button{Label: "Look", Href: domainsAt + "/" + d.ID}
	}
	return x
}

// until is when it is too late, with what that is.
func (x *danger) until(today civil.Date) (day, of string) {
	if x.Last.IsZero() {
		return "Any day", x.Of
	}
	return dateText(x.Last), countdown(today.DaysUntil(x.Last)) + ": " + x.Of
}

// ahead says what counts of a domain whose registry has renewed it by itself while nobody has paid: the customer's last day to pay;
// when that is over, or first, the last day on which deleting returns the fee; then neither.
func (x *danger) ahead(p domainname.Policy, today civil.Date) {
	x.Why = "The registry has renewed it by itself, and nobody has paid."
	until, ok := x.Undo(p)
	if !ok || p.ARGPDays == 0 {
		return
	}
	last := domainname.RegistryDate(until)
	switch {
	case today.After(last):
		x.Why = "The registry has renewed it by itself, nobody has paid, and it returns its fee no more."
		if today.After(x.Last) {
			x.Last, x.Of, x.Tone = x.Expiry.Date(), "the registry's own year ends", ui.Neutral
		}
	case today.After(x.Last) || last.Before(x.Last):
		x.Last, x.Of = last, "last day on which deleting returns the fee"
		x.Act = ui.Button{Label: "Delete", Href: domainsAt + "/" + x.ID + "/delete"}
	}
}

// unquoted reports whether nobody has said yet what the restore of a domain in redemption costs.
func unquoted(d domainname.Row, p domainname.Policy) bool {
	return p.RedemptionFee.Unset() && (d.RestoreQuote == nil || d.RestoreQuote.Term != d.Standing.Window.End)
}

func (a *area) domainDanger(w http.ResponseWriter, r *http.Request) error {
	all, more, err := a.dangers(r.Context())
	if err != nil {
		return err
	}
	today := a.registryToday()
	v := listView{Page: a.page(r, "In danger", "domains"), Head: ui.Head{Title: "Domains in danger", Sub: "Paid and not registered, transferred or renewed, past the end of their term, or near it and unpaid: by the day until which something can be done. Red: at most 3 days are left, only a restore is possible, or what is paid waits for staff. Yellow: there is more time."}}
	v.Crumbs = []ui.Crumb{{Label: "Domains", Href: domainsAt}, {Label: "In danger"}}
	v.Tabs = domainTabs("danger")
	v.Table = ui.Table{
		ID: "danger", Caption: "Domains in danger", Columns: []ui.Column{{Label: "Domain"}, {Label: "Why", Wide: true}, {Label: "Until", Wide: true}, {Label: "Status", Narrow: true}},
		Empty: &ui.Empty{Art: "done", Title: "No domain is in danger", Text: "What is paid is renewed, and nothing ends within " + many(soonEnds, "day", "days") + " that is not."},
	}
	if more {
		v.Callouts = []ui.Callout{{Tone: ui.Info, Title: "There may be more", Text: "Of each kind these are the " + ui.Number(mostInDanger) + " whose terms end first."}}
	}
	mayWrite := visitorOf(r).staff.Role.Can(staff.DomainsWrite)
	if mayWrite {
		v.Table.Columns = append(v.Table.Columns, ui.Column{Label: "What to do", Hidden: true})
	}
	for _, x := range all {
		day, of := x.until(today)
		row := ui.Row{Tone: x.Tone, Cells: []ui.Cell{nameCell(x.Name, x.ID).With(x.CustomerName), ui.Text(x.Why), ui.Text(solid(day)).With(of), standingCell(x.Standing)}}
		if mayWrite {
			row.Cells = append(row.Cells, ui.Act(x.Act))
		}
		v.Table.Rows = append(v.Table.Rows, row)
	}
	return a.list(w, v)
}

// dangerText says how many domains are in danger and which of them is the next, and how bad that is.
func dangerText(all []danger, more bool, today civil.Date) (title, text string, tone ui.Tone) {
	next, red := all[0], 0
	for _, x := range all {
		if x.Tone == ui.Danger {
			red++
		}
	}
	title, tone = yesNo(more, "At least ", "")+many(len(all), "domain is in danger", "domains are in danger"), ui.Warn
	text = "The next is " + next.Name.Unicode() + yesNo(next.Last.IsZero(), ", on any day. ", ", until "+dateText(next.Last)+" ("+countdown(today.DaysUntil(next.Last))+"). ") + next.Why
	if red > 0 {
		title, tone = title+", "+ui.Number(red)+" red", ui.Danger
	}
	return title, text, tone
}

// dangerCallout leads from the list of all domains to those in danger; none where none is.
func dangerCallout(all []danger, more bool, today civil.Date) []ui.Callout {
	if len(all) == 0 {
		return nil
	}
	title, text, tone := dangerText(all, more, today)
	return []ui.Callout{{Tone: tone, Title: title, Text: text, Actions: []ui.Button{{Label: "Show them", Href: dangerAt, Small: true}}}}
}

// dangerRow leads from the dashboard to the domains in danger; none where none is.
func (a *area) dangerRow(ctx context.Context) ([]ui.Row, error) {
	all, more, err := a.dangers(ctx)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	title, text, tone := dangerText(all, more, a.registryToday())
	return []ui.Row{{Tone: tone, Cells: []ui.Cell{ui.Text(title).With(text).To(dangerAt)}}}, nil
}
