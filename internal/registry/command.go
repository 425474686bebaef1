package registry

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/text"
)

// caller is who says a command, and how.
type caller struct {
	account string // empty: not logged in
	trid    string
	svTRID  string
	face    string // how it came, if not by EPP
	twice   bool   // a fault: the renewal is done twice
}

// verb names a command and the object that it is about, for the journal and for faults.
func (v *verbs) verb() (verb, name string) {
	first := func(names []string) string {
		if len(names) == 0 {
			return ""
		}
		return text.Fold(names[0])
	}
	switch {
	case v.Login != nil:
		return "login", ""
	case v.Logout != nil:
		return "logout", ""
	case v.Poll != nil:
		return "poll", ""
	case v.Check != nil:
		if v.Check.Domain != nil {
			return "check", first(v.Check.Domain.Names)
		}
		return "check", ""
	case v.Info != nil:
		if v.Info.Domain != nil {
			return "info", text.Fold(v.Info.Domain.Name)
		}
		return "info", ""
	case v.Create != nil:
		if v.Create.Domain != nil {
			return "create", text.Fold(v.Create.Domain.Name)
		}
		return "create", ""
	case v.Renew != nil && v.Renew.Domain != nil:
		return "renew", text.Fold(v.Renew.Domain.Name)
	case v.Delete != nil:
		if v.Delete.Domain != nil {
			return "delete", text.Fold(v.Delete.Domain.Name)
		}
		return "delete", ""
	case v.Transfer != nil && v.Transfer.Domain != nil:
		return "transfer", text.Fold(v.Transfer.Domain.Name)
	case v.Update != nil:
		switch {
		case v.Update.Domain == nil:
			return "update", ""
		case v.Extension.RGP != nil:
			return "restore", text.Fold(v.Update.Domain.Name)
		default:
			return "update", text.Fold(v.Update.Domain.Name)
		}
	}
	return "", ""
}

// execute carries a command out. The registry is locked, and what was due has happened.
func (r *Registry) execute(v *verbs, by caller) reply {
	verb, name := v.verb()
	if by.account == "" {
		return r.refuseStranger(name)
	}
	switch {
	case verb == "poll":
		return r.poll(v.Poll, by)
	case v.Check != nil && v.Check.Domain != nil:
		return r.check(v, by)
	case v.Check != nil && v.Check.Contact != nil:
		return r.checkContacts(v.Check.Contact.IDs)
	case v.aboutHosts() && !r.keepsHosts():
		return refuse(codeService, "hosts are attributes of domains here")
	case v.Check != nil && v.Check.Host != nil:
		return r.checkHosts(v.Check.Host.Names)
	case v.Info != nil && v.Info.Domain != nil:
		return r.info(name, v.Info.Domain.AuthInfo, by)
	case v.Info != nil && v.Info.Contact != nil:
		return r.infoContact(strings.TrimSpace(v.Info.Contact.ID), by)
	case v.Info != nil && v.Info.Host != nil:
		return r.infoHost(text.Fold(v.Info.Host.Name))
	case v.Create != nil && v.Create.Domain != nil:
		return r.create(v.Create.Domain, v.Extension.FeeNew, by)
	case v.Create != nil && v.Create.Contact != nil:
		return r.createContact(v.Create.Contact, by)
	case v.Create != nil && v.Create.Host != nil:
		return r.createHost(v.Create.Host, by)
	case verb == "renew":
		return r.renew(v.Renew.Domain, v.Extension.FeeRenew, by)
	case v.Delete != nil && v.Delete.Domain != nil:
		return r.delete(name, by)
	case v.Delete != nil && v.Delete.Contact != nil:
		return r.deleteContact(strings.TrimSpace(v.Delete.Contact.ID), by)
	case v.Delete != nil && v.Delete.Host != nil:
		return r.deleteHost(text.Fold(v.Delete.Host.Name), by)
	case verb == "transfer":
		return r.transfer(v.Transfer.Op, v.Transfer.Domain, v.Extension.FeeMove, by)
	case verb == "restore":
		return r.restore(v, name, by)
	case v.Update != nil && v.Update.Domain != nil:
		return r.update(v.Update.Domain, by)
	case v.Update != nil && v.Update.Contact != nil:
		return r.updateContact(v.Update.Contact.ID, v.Update.Contact.Change, by)
	default:
		return refuse(codeUnknownCommand, "")
	}
}

// refuseStranger answers who hasn't logged in.
func (r *Registry) refuseStranger(name string) reply {
	if r.dialect(name) == Classic {
		return refuse(codeAuthInfo, "log in first")
	}
	return refuse(codeUse, "log in first")
}

// dialect is that of the extension that a name belongs to, or of the first.
func (r *Registry) dialect(name string) Dialect {
	x := r.extension(name)
	if x == nil {
		x = r.state.Extensions[r.state.Default]
	}
	if x == nil {
		return Modern
	}
	return x.Dialect
}

// find returns a domain that the caller may change.
func (r *Registry) find(name string, by caller) (*Domain, *Extension, reply) {
	d := r.state.Domains[name]
	if d == nil {
		return nil, nil, refuse(codeNotThere, name)
	}
	if d.Sponsor != by.account {
		return nil, nil, refuse(codeAuthorization, "another registrar's")
	}
	return d, r.extension(name), reply{}
}

func (r *Registry) check(v *verbs, _ caller) reply {
	if len(v.Check.Domain.Names) == 0 {
		return refuse(codeMissing, "name")
	}
	var b strings.Builder
	b.WriteString(`<domain:chkData xmlns:domain="` + nsDomain + `">`)
	free := map[string]bool{}
	for _, name := range v.Check.Domain.Names {
		name = text.Fold(name)
		reason := ""
		switch {
		case !validName(name):
			reason = "not a name"
		case r.extension(name) == nil:
			reason = "unknown extension"
		case r.state.Domains[name] != nil:
			reason = "in use"
		}
		free[name] = reason == ""
		avail := "0"
		if free[name] {
			avail = "1"
		}
		b.WriteString(`<domain:cd><domain:name avail="` + avail + `">` + escaped(name) + `</domain:name>` + filled("domain:reason", reason) + `</domain:cd>`)
	}
	b.WriteString(`</domain:chkData>`)
	p := reply{code: codeOK, data: b.String()}
	if fees := v.Extension.FeeCheck; fees != nil {
		p.extension = r.quote(fees, v.Check.Domain.Names)
	}
	return p
}

// quote is the answer to a fee check.
func (r *Registry) quote(asked *feeCheckBody, names []string) string {
	var b strings.Builder
	currency := strings.TrimSpace(asked.Currency)
	if currency == "" {
		currency = "EUR"
		if x := r.extension(text.Fold(names[0])); x != nil {
			currency = x.Currency
		}
	}
	b.WriteString(`<fee:chkData xmlns:fee="` + nsFee + `">` + tag("fee:currency", currency))
	for _, name := range names {
		name = text.Fold(name)
		x := r.extension(name)
		if x == nil || x.Currency != currency {
			b.WriteString(`<fee:cd avail="0">` + tag("fee:objID", name) + tag("fee:reason", "no prices in this currency") + `</fee:cd>`)
			continue
		}
		_, premium := x.Premium[name]
		b.WriteString(`<fee:cd avail="1">` + tag("fee:objID", name))
		if premium {
			b.WriteString(tag("fee:class", "premium"))
		}
		for _, c := range asked.Commands {
			years := 1
			period := ""
			if c.Period != nil {
				if n, err := strconv.Atoi(strings.TrimSpace(c.Period.Value)); err == nil && n > 0 && n < 100 {
					years = n
				}
				period = `<fee:period unit="y">` + strconv.Itoa(years) + `</fee:period>`
			}
			amount, _ := x.price(name, years)
			switch c.Name {
			case "create":
				if !premium {
					amount = x.CreatePrice * int64(years)
				}
			case "transfer":
				amount, _ = x.transferPrice(name)
			case "restore":
				amount, _ = x.restorePrice(name)
			case "renew":
			default:
				amount = 0
			}
			fmt.Fprintf(&b, `<fee:command name="%s" standard="%t">%s%s</fee:command>`, escaped(c.Name), !premium, period, tag("fee:fee", x.decimal(amount)))
		}
		b.WriteString(`</fee:cd>`)
	}
	b.WriteString(`</fee:chkData>`)
	return b.String()
}

func (r *Registry) info(name string, authInfo *string, by caller) reply {
	d := r.state.Domains[name]
	if d == nil {
		return refuse(codeNotThere, name)
	}
	if authInfo != nil && *authInfo != d.AuthInfo {
		return refuse(codeAuthInfo, "")
	}
	return reply{
		code: codeOK, data: domainData(d, r.extension(name).Hosts, d.Sponsor == by.account || authInfo != nil),
		extension: rgpData(d.rgp(r.extension(name), r.now())),
	}
}

// years reads a period; what is left out is one year.
func years(x *Extension, p *periodBody) (int, *reply) {
	if p == nil {
		return max(1, x.MinYears), nil
	}
	n, err := strconv.Atoi(strings.TrimSpace(p.Value))
	refused := func(code int, why string) (int, *reply) {
		p := refuse(code, why)
		return 0, &p
	}
	switch {
	case err != nil:
		return refused(codeSyntax, "period")
	case n < 1 || n > 99:
		return refused(codeRange, "period of 1 to 99")
	case p.Unit != "y":
		return refused(codePolicy, "periods are in years")
	case !x.offers(n):
		return refused(codePolicy, fmt.Sprintf("no terms of %d years", n))
	}
	return n, nil
}

func (r *Registry) create(in *createBody, fee *feeBody, by caller) reply {
	name := text.Fold(in.Name)
	x := r.extension(name)
	switch {
	case name == "" || in.AuthInfo == nil:
		return refuse(codeMissing, "name and authInfo")
	case !validName(name):
		return refuse(codeValueSyntax, name)
	case x == nil:
		return refuse(codePolicy, "unknown extension")
	case r.state.Domains[name] != nil:
		return refuse(codeExists, name)
	}
	n, refused := years(x, in.Period)
	if refused == nil {
		refused = r.delegable(x, &in.partsBody)
	}
	if refused != nil {
		return *refused
	}
	for _, id := range append(ids(in.roles()), strings.TrimSpace(in.Registrant)) {
		if id != "" && r.state.Contacts[id] == nil {
			return refuse(codeNotThere, "contact "+id)
		}
	}
	amount := x.CreatePrice * int64(n)
	if yearly, premium := x.Premium[name]; premium {
		amount = yearly * int64(n)
		if refused := agreed(x, fee, amount); refused != nil {
			return *refused
		}
	}
	now := r.now()
	expiry := x.round(x.addYears(now.Truncate(time.Millisecond), n))
	if code, long := x.tooLong(now, expiry); long && n < x.MaxYears {
		return refuse(code, "too far ahead")
	}
	if !r.charge(Entry{
		At: now, Account: by.account, Kind: "create", Name: name, Years: n, After: expiry, Amount: amount, Currency: x.Currency, ClTRID: by.trid, Interface: by.face,
	}, false) {
		return refuse(codeMoney, "")
	}
	d := &Domain{
		Name: name, ROID: r.roid("D"), Sponsor: by.account, Creator: by.account, Registrant: strings.TrimSpace(in.Registrant),
		Contacts: in.roles(), Hosts: in.hosts(), AuthInfo: *in.AuthInfo, Created: now.Truncate(time.Millisecond), Expiry: expiry,
		AddUntil: now.AddDate(0, 0, addDays), AddYears: n, AddAmount: amount,
	}
	r.state.Domains[name] = d
	r.touch(d)
	return reply{code: codeOK, data: `<domain:creData xmlns:domain="` + nsDomain + `">` + tag("domain:name", name) +
		stamped("domain:crDate", d.Created) + stamped("domain:exDate", d.Expiry) + `</domain:creData>`}
}

func ids(roles []Role) []string {
	var all []string
	for _, role := range roles {
		all = append(all, role.ID)
	}
	return all
}

// agreed reports what is wrong with the agreement to a premium price.
func agreed(x *Extension, fee *feeBody, amount int64) *reply {
	var p reply
	switch {
	case fee == nil || len(fee.Fees) == 0:
		p = refuse(codeMissing, "fee of a premium name")
	case fee.Currency != "" && fee.Currency != x.Currency:
		p = refuse(codeRange, "fee in "+x.Currency)
	case len(fee.Fees) != 1 || strings.TrimSpace(fee.Fees[0]) != x.decimal(amount):
		p = refuse(codeRange, "fee is "+x.decimal(amount))
	default:
		return nil
	}
	return &p
}

func (r *Registry) renew(in *renewBody, fee *feeBody, by caller) reply {
	d, x, refused := r.find(text.Fold(in.Name), by)
	if d == nil {
		return refused
	}
	if x.ModeOnly {
		return refuse(codeUnimplemented, "set the mode")
	}
	n, wrong := years(x, in.Period)
	if wrong != nil {
		return *wrong
	}
	guard := strings.TrimSpace(in.Expiry)
	if _, err := time.Parse(time.DateOnly, guard); err != nil {
		if guard == "" {
			return refuse(codeMissing, "curExpDate")
		}
		return refuse(codeValueSyntax, "curExpDate")
	}
	now := r.now()
	lifts := x.RenewRestores && !d.Deleted.IsZero() && now.Before(d.RedemptionUntil)
	if s := d.prohibits("renew"); s != "" && !(lifts && s == "pendingDelete") {
		return refuse(codeStatusProhibits, s)
	}
	if guard != d.Expiry.UTC().Format(time.DateOnly) {
		return refuse(x.staleCode(), "the expiration date does not match")
	}
	return r.prolong(d, x, n, fee, by, lifts)
}

// prolong is what a renewal is where it isn't guarded by a date.
func (r *Registry) prolong(d *Domain, x *Extension, n int, fee *feeBody, by caller, lifts bool) reply {
	now := r.now()
	if x.Earliest > 0 && day(now).Before(day(d.Expiry).AddDate(0, 0, -x.Earliest)) {
		return refuse(x.EarlyCode, "too early")
	}
	if code, long := x.tooLong(now, x.addYears(d.Expiry, n+d.Arrears)); long {
		return refuse(code, "too far ahead")
	}
	amount, premium := x.price(d.Name, n)
	if premium {
		if refused := agreed(x, fee, amount); refused != nil {
			return *refused
		}
	}
	if a := r.state.Accounts[by.account]; a.Balance != nil && *a.Balance < amount {
		return refuse(codeMoney, "")
	}
	times := 1
	if by.twice {
		times = 2
	}
	if x.AsyncMinutes > 0 {
		d.Pending = &Pending{
			Account: by.account, Years: n * times, ClTRID: by.trid, SvTRID: by.svTRID, Amount: amount, Interface: by.face,
			At: now.Add(time.Duration(x.AsyncMinutes) * time.Minute),
		}
		r.touch(d)
		return reply{code: codePending}
	}
	if lifts {
		d.Deleted, d.RedemptionUntil, d.GoneAt = time.Time{}, time.Time{}, time.Time{}
	}
	for range times {
		r.extend(d, x, Entry{
			At: now, Account: by.account, Kind: "renew", Name: d.Name, Years: n, Amount: amount, Currency: x.Currency, ClTRID: by.trid, Interface: by.face,
		})
	}
	p := reply{code: codeOK, data: renewedData(x, d)}
	if fee != nil {
		p.extension = `<fee:renData xmlns:fee="` + nsFee + `">` + tag("fee:currency", x.Currency) + tag("fee:fee", x.decimal(amount)) + `</fee:renData>`
	}
	return p
}

func day(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

func (r *Registry) delete(name string, by caller) reply {
	d, x, refused := r.find(name, by)
	if d == nil {
		return refused
	}
	if s := d.prohibits("delete"); s != "" {
		return refuse(codeStatusProhibits, s)
	}
	now := r.now()
	d.Updated, d.Updater = now, by.account
	if now.Before(d.AutoUntil) && !d.BeforeAuto.IsZero() { // the year that nobody asked for is given back
		before := d.Expiry
		d.Expiry, d.AutoUntil, d.BeforeAuto = x.addYears(before, -1), time.Time{}, time.Time{}
		r.charge(Entry{
			At: now, Account: by.account, Kind: "credit", Name: name, Years: -1, Before: before, After: d.Expiry, Amount: -d.AutoAmount,
			Currency: x.Currency, ClTRID: by.trid, Interface: by.face,
		}, true)
	}
	if now.Before(d.AddUntil) && d.AddYears > 0 { // and so is a name that was registered by mistake
		r.charge(Entry{
			At: now, Account: by.account, Kind: "credit", Name: name, Years: -d.AddYears, Before: d.Expiry, Amount: -d.AddAmount,
			Currency: x.Currency, ClTRID: by.trid, Interface: by.face,
		}, true)
	}
	if now.Before(d.AddUntil) || x.RedemptionDays == 0 {
		delete(r.state.Domains, name)
		r.state.Changes++
		return reply{code: codeOK}
	}
	r.expire(d, x, now)
	r.touch(d)
	return reply{code: codePending}
}

func (r *Registry) restore(v *verbs, name string, by caller) reply {
	d, x, refused := r.find(name, by)
	if d == nil {
		return refused
	}
	now := r.now()
	var p reply
	switch asked := v.Extension.RGP.Restore; asked.Op {
	case "request":
		if d.Deleted.IsZero() || !d.RestoredAt.IsZero() || !now.Before(d.RedemptionUntil) {
			return refuse(codeStatusProhibits, "not in its redemption period")
		}
		fee := v.Extension.FeeBack
		amount, premium := x.restorePrice(name)
		if premium {
			if refused := agreed(x, fee, amount); refused != nil {
				return *refused
			}
		}
		if !r.charge(Entry{At: now, Account: by.account, Kind: "restore", Name: name, Before: d.Expiry, After: d.Expiry, Amount: amount, Currency: x.Currency, ClTRID: by.trid}, false) {
			return refuse(codeMoney, "")
		}
		d.RestoredAt, d.ReportUntil = now, now.AddDate(0, 0, x.ReportDays)
		if fee != nil {
			p.extension = `<fee:updData xmlns:fee="` + nsFee + `">` + tag("fee:currency", x.Currency) + tag("fee:fee", x.decimal(amount)) + `</fee:updData>`
		}
		if x.NoReport {
			r.restored(d, x, by)
		}
	case "report":
		if d.RestoredAt.IsZero() {
			return refuse(codeStatusProhibits, "no restore was asked for")
		}
		if asked.Report == nil || len(asked.Report.Statements) != 2 || strings.TrimSpace(asked.Report.Reason) == "" {
			return refuse(codeMissing, "report with a reason and two statements")
		}
		r.restored(d, x, by)
	default:
		return refuse(codeSyntax, "op")
	}
	d.Updated, d.Updater = now, by.account
	r.touch(d)
	p.code = codeOK
	if periods := d.rgp(x, now); !d.RestoredAt.IsZero() {
		p.extension = strings.ReplaceAll(rgpData(periods), "rgp:infData", "rgp:upData") + p.extension
	}
	return p
}

// restored ends a restore: it contains a year, if the domain's time was over.
func (r *Registry) restored(d *Domain, x *Extension, by caller) {
	before := d.Expiry
	switch {
	case x.RestoreFromNow:
		d.Expiry = x.addYears(d.RestoredAt, 1)
	case !d.Expiry.After(d.RestoredAt):
		d.Expiry = x.addYears(d.Expiry, 1)
	}
	d.Deleted, d.RedemptionUntil, d.GoneAt, d.RestoredAt, d.ReportUntil = time.Time{}, time.Time{}, time.Time{}, time.Time{}, time.Time{}
	if !d.Expiry.Equal(before) {
		amount, _ := x.price(d.Name, 1)
		r.charge(Entry{At: r.now(), Account: by.account, Kind: "renew", Name: d.Name, Years: 1, Before: before, After: d.Expiry, Amount: amount, Currency: x.Currency, ClTRID: by.trid}, true)
	}
}

func (r *Registry) transfer(op string, in *transferBody, fee *feeBody, by caller) reply {
	name := text.Fold(in.Name)
	d := r.state.Domains[name]
	if d == nil {
		return refuse(codeNotThere, name)
	}
	now := r.now()
	x := r.extension(name)
	if op == "request" {
		return r.requestTransfer(d, x, in, fee, by)
	}
	if d.Transfer == nil || op != "query" && !d.transferring() {
		return refuse(codeNotTransferring, "")
	}
	party := map[string]string{"approve": d.Transfer.Actor, "reject": d.Transfer.Actor, "cancel": d.Transfer.Requester}
	switch op {
	case "query":
		authorised := in.AuthInfo != nil && *in.AuthInfo == d.AuthInfo
		if by.account != d.Transfer.Requester && by.account != d.Transfer.Actor && !authorised {
			return refuse(codeAuthorization, "")
		}
	case "approve", "reject", "cancel":
		if by.account != party[op] {
			return refuse(codeAuthorization, "")
		}
		status := map[string]string{"approve": "clientApproved", "reject": "clientRejected", "cancel": "clientCancelled"}[op]
		r.endTransfer(d, status, now)
	default:
		return refuse(codeSyntax, "op")
	}
	return reply{code: codeOK, data: transferData(d)}
}

func (r *Registry) requestTransfer(d *Domain, x *Extension, in *transferBody, fee *feeBody, by caller) reply {
	now := r.now()
	switch {
	case d.Sponsor == by.account:
		return refuse(codeNotTransferable, "it is yours")
	case d.transferring():
		return refuse(codeTransferring, "")
	case in.AuthInfo == nil:
		return refuse(codeMissing, "authInfo")
	case *in.AuthInfo != d.AuthInfo || d.AuthInfo == "":
		return refuse(codeAuthInfo, "")
	}
	if s := d.prohibits("transfer"); s != "" {
		return refuse(codeStatusProhibits, s)
	}
	n, refused := years(x, in.Period)
	if refused != nil {
		return *refused
	}
	amount, premium := x.transferPrice(d.Name)
	if premium {
		if refused := agreed(x, fee, amount); refused != nil {
			return *refused
		}
	}
	if a := r.state.Accounts[by.account]; a.Balance != nil && *a.Balance < amount {
		return refuse(codeMoney, "")
	}
	p := reply{code: codePending}
	if fee != nil {
		p.extension = `<fee:trnData xmlns:fee="` + nsFee + `">` + tag("fee:currency", x.Currency) + tag("fee:fee", x.decimal(amount)) + `</fee:trnData>`
	}
	d.Transfer = &Transfer{
		Status: transferPending, Requester: by.account, Requested: now, Actor: d.Sponsor, ActBy: now.AddDate(0, 0, x.TransferDays), Years: n, ClTRID: by.trid,
	}
	if x.TransferDays < 0 {
		r.endTransfer(d, "serverApproved", now)
		p.code, p.data = codeOK, transferData(d)
		return p
	}
	p.data = transferData(d)
	r.notify(d.Sponsor, "Transfer of "+d.Name+" was asked for", p.data)
	r.touch(d)
	return p
}

var clientStatuses = []string{"clientDeleteProhibited", "clientHold", "clientRenewProhibited", "clientTransferProhibited", "clientUpdateProhibited"}

func (r *Registry) update(in *updateBody, by caller) reply {
	d, x, refused := r.find(text.Fold(in.Name), by)
	if d == nil {
		return refused
	}
	if in.Add != nil {
		if refused := r.delegable(x, in.Add); refused != nil {
			return *refused
		}
	}
	unlocks := in.Remove != nil && slices.ContainsFunc(in.Remove.Statuses, func(s struct {
		S string `xml:"s,attr"`
	},
	) bool {
		return s.S == "clientUpdateProhibited"
	})
	if s := d.prohibits("update"); s != "" && !(s == "clientUpdateProhibited" && unlocks) {
		return refuse(codeStatusProhibits, s)
	}
	for _, parts := range []*partsBody{in.Add, in.Remove} {
		if parts == nil {
			continue
		}
		for _, s := range parts.Statuses {
			if !slices.Contains(clientStatuses, s.S) {
				return refuse(codePolicy, "status "+s.S)
			}
		}
		for _, id := range ids(parts.roles()) {
			if r.state.Contacts[id] == nil {
				return refuse(codeNotThere, "contact "+id)
			}
		}
	}
	if d.Statuses == nil {
		d.Statuses = map[string]bool{}
	}
	if p := in.Remove; p != nil {
		for _, s := range p.Statuses {
			delete(d.Statuses, s.S)
		}
		d.Hosts = slices.DeleteFunc(d.Hosts, func(h string) bool { return slices.Contains(p.hosts(), h) })
		d.Contacts = slices.DeleteFunc(d.Contacts, func(c Role) bool { return slices.Contains(p.roles(), c) })
	}
	if p := in.Add; p != nil {
		for _, s := range p.Statuses {
			d.Statuses[s.S] = true
		}
		d.Hosts = append(d.Hosts, p.hosts()...)
		d.Contacts = append(d.Contacts, p.roles()...)
	}
	if c := in.Change; c != nil {
		if c.Registrant != nil {
			d.Registrant = strings.TrimSpace(*c.Registrant)
		}
		if c.AuthInfo != nil {
			d.AuthInfo = *c.AuthInfo
		}
	}
	d.Updated, d.Updater = r.now(), by.account
	r.touch(d)
	return reply{code: codeOK}
}

func (r *Registry) poll(in *pollVerb, by caller) reply {
	a := r.state.Accounts[by.account]
	switch in.Op {
	case "req":
		if len(a.Messages) == 0 {
			return reply{code: codeNoMessages}
		}
		m := a.Messages[0]
		return reply{code: codeMessage, data: m.Data, queue: fmt.Sprintf(`<msgQ count="%d" id="%s">%s%s</msgQ>`,
			len(a.Messages), escaped(m.ID), tag("qDate", stamp(m.At)), tag("msg", m.Text))}
	case "ack":
		i := slices.IndexFunc(a.Messages, func(m Message) bool { return m.ID == in.ID })
		if in.ID == "" {
			return refuse(codeMissing, "msgID")
		}
		if i < 0 {
			return refuse(codeNotThere, "message")
		}
		a.Messages = slices.Delete(a.Messages, i, i+1)
		r.state.Changes++
		p := reply{code: codeOK}
		if len(a.Messages) > 0 {
			p.queue = fmt.Sprintf(`<msgQ count="%d" id="%s"/>`, len(a.Messages), escaped(a.Messages[0].ID))
		}
		return p
	default:
		return refuse(codeSyntax, "op")
	}
}
