package registrartest

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/registrar"
)

// Info implements registrar.Registrar.
func (f *Fake) Info(ctx context.Context, transaction, name string) (info registrar.Info, err error) {
	err = f.read(ctx, Sent{Transaction: transaction, Command: "info", Name: name}, func(fault Fault) error {
		d := f.domains[name]
		if d == nil || fault.Kind == Gone {
			return nil
		}
		info = registrar.Info{
			Found: true, Ours: d.Sponsor == Us, Sponsor: d.Sponsor, Expiry: moment(d.Expiry), Accounting: d.Accounting, Created: moment(d.Created),
			Statuses: slices.Clone(d.Statuses), RGP: slices.Clone(d.RGP), YearsAhead: d.YearsAhead, Nameservers: slices.Clone(d.Nameservers),
			AuthCode: d.AuthCode, Premium: d.Premium, Registrant: holderID(d.Registrant),
		}
		if fault.Kind == Date {
			info.Expiry = moment(fault.Date)
		}
		return nil
	})
	return info, err
}

// HolderID implements registrar.Holders.
func (f *Fake) HolderID(_ context.Context, c registrar.Contact) (id string, known bool) {
	return holderID(c), !f.NoHolders
}

func holderID(c registrar.Contact) string { return c.Name + " " + c.Email }

// Check implements registrar.Registrar.
func (f *Fake) Check(ctx context.Context, transaction string, names ...string) (all []registrar.Available, err error) {
	err = f.read(ctx, Sent{Transaction: transaction, Command: "check", Name: strings.Join(names, " ")}, func(Fault) error {
		for _, name := range names {
			a := registrar.Available{Name: name, Free: f.domains[name] == nil}
			if own := f.own(name); len(own) > 0 {
				a.Premium, a.Class = true, "premium"
			}
			if !a.Free {
				a.Reason = "In use"
			}
			all = append(all, a)
		}
		return nil
	})
	return all, err
}

// Quote implements registrar.Registrar.
func (f *Fake) Quote(ctx context.Context, transaction string, q registrar.Quoting) (quote registrar.Quote, err error) {
	err = f.read(ctx, Sent{Transaction: transaction, Command: "quote", Name: q.Name, Years: q.Years}, func(Fault) error {
		price, own, known := f.price(q.Name, q.Command, q.Years)
		quote = registrar.Quote{Known: known, Price: price, Premium: own}
		if own {
			quote.Class = "premium"
		}
		return nil
	})
	return quote, err
}

// own are the prices of a name's own.
func (f *Fake) own(name string) map[string]money.Money {
	if d := f.domains[name]; d != nil {
		return d.Price
	}
	return f.Own[name]
}

// price is what a command costs, and whether that is a price of the domain's own.
func (f *Fake) price(name, command string, years int) (price money.Money, own, known bool) {
	if price, own = f.own(name)[command]; !own {
		if price, known = f.Prices[command]; !known {
			return money.Money{}, false, false
		}
	}
	price.Amount *= int64(max(years, 1))
	return price, own, true
}

// pay takes the price of a command from the account. It reports whether that held enough.
func (f *Fake) pay(name, command string, years int) bool {
	price, _, known := f.price(name, command, years)
	if f.balance == nil || !known {
		return true
	}
	if f.balance.Amount < price.Amount {
		return false
	}
	f.balance.Amount -= price.Amount
	return true
}

// find is a domain of ours that a command may change, or the code that says why there is none.
func (f *Fake) find(name, prohibited string) (*Domain, int) {
	d := f.domains[name]
	switch {
	case d == nil:
		return nil, 2303
	case d.Sponsor != Us:
		return nil, 2201
	}
	for _, s := range d.Statuses {
		if s == "client"+prohibited || s == "server"+prohibited || strings.HasPrefix(s, "pending") {
			return nil, 2304
		}
	}
	return d, 0
}

// Register implements registrar.Registrar.
func (f *Fake) Register(ctx context.Context, transaction string, in registrar.Registration) registrar.Answer {
	return f.change(ctx, Sent{Transaction: transaction, Command: "register", Name: in.Name, Years: in.Years, Price: in.Price}, func(Fault) registrar.Answer {
		if f.domains[in.Name] != nil {
			return answer(2302)
		}
		if price, own, _ := f.price(in.Name, "register", in.Years); own && (in.Price == nil || *in.Price != price) {
			return answer(2004)
		}
		if !f.pay(in.Name, "register", in.Years) {
			return answer(2104)
		}
		now := f.clock.Now()
		d := &Domain{
			Name: in.Name, Sponsor: Us, Created: now.Format(time.RFC3339Nano), Expiry: f.addYears(now, in.Years).Format(time.RFC3339Nano),
			Nameservers: slices.Clone(in.Nameservers), Registrant: in.Registrant, Price: f.Own[in.Name],
		}
		f.domains[in.Name] = d
		a := answer(1000)
		a.Expiry = moment(d.Expiry)
		return a
	})
}

// Transfer implements registrar.Registrar.
func (f *Fake) Transfer(ctx context.Context, transaction string, in registrar.TransferIn) registrar.Answer {
	return f.change(ctx, Sent{Transaction: transaction, Command: "transfer", Name: in.Name, Years: in.Years, Price: in.Price}, func(Fault) registrar.Answer {
		d := f.domains[in.Name]
		switch {
		case d == nil:
			return answer(2303)
		case d.Sponsor == Us:
			return answer(2106)
		case d.transfer == "pending":
			return answer(2300)
		case d.AuthCode != in.AuthCode:
			return answer(2202)
		case slices.Contains(d.Statuses, "clientTransferProhibited"):
			return answer(2304)
		}
		if price, own, _ := f.price(in.Name, "transfer", in.Years); own && (in.Price == nil || *in.Price != price) {
			return answer(2004)
		}
		if !f.pay(in.Name, "transfer", 1) {
			return answer(2104)
		}
		d.transfer, d.requested, d.Registrant = "pending", f.clock.Now(), in.Registrant
		if f.TransferAtOnce {
			f.endTransfer(d, true)
			return answer(1000)
		}
		return answer(1001)
	})
}

// TransferState implements registrar.Registrar.
func (f *Fake) TransferState(ctx context.Context, transaction, name string) (state registrar.TransferState, err error) {
	err = f.read(ctx, Sent{Transaction: transaction, Command: "transfer_state", Name: name}, func(Fault) error {
		state = registrar.TransferState{State: "none"}
		if d := f.domains[name]; d != nil && d.transfer != "" {
			state = registrar.TransferState{State: d.transfer, Text: d.transfer, Requested: registrar.Moment{At: d.requested}}
		}
		return nil
	})
	return state, err
}

// Renew implements registrar.Registrar.
func (f *Fake) Renew(ctx context.Context, transaction string, in registrar.Renewal) registrar.Answer {
	sent := Sent{Transaction: transaction, Command: "renew", Name: in.Name, Years: in.Years, Guard: in.Guard, Price: in.Price}
	return f.change(ctx, sent, func(fault Fault) registrar.Answer {
		if !f.Caps.Renew {
			return answer(2101)
		}
		d, code := f.find(in.Name, "RenewProhibited")
		if d == nil {
			return answer(code)
		}
		now := moment(d.Expiry)
		if !f.guarded(in.Guard, now.At) {
			return answer(f.Stale)
		}
		if slices.Contains(d.RGP, "redemptionPeriod") {
			return answer(2304)
		}
		if f.addYears(now.At, in.Years).After(f.clock.Now().AddDate(10, 0, 0)) {
			return answer(2004)
		}
		if price, own, _ := f.price(in.Name, "renew", in.Years); own && (in.Price == nil || *in.Price != price) {
			return answer(2004)
		}
		if !f.pay(in.Name, "renew", in.Years) {
			return answer(2104)
		}
		switch fault.Kind {
		case Later:
			d.pending, d.Statuses = &sent, append(d.Statuses, "pendingRenew")
			return answer(1001)
		case AtExpiry:
			return answer(1000)
		case Twice:
			f.extend(d, in.Years)
		default:
		}
		f.extend(d, in.Years)
		a := answer(1000)
		if !f.NoDate {
			a.Expiry = moment(d.Expiry)
		}
		return a
	})
}

// guarded reports whether what guards a renewal is as the registry has it.
func (f *Fake) guarded(guard civil.Date, expiry time.Time) bool {
	switch f.Caps.Guard {
	case registrar.GuardDate:
		return guard == civil.Of(expiry, time.UTC)
	case registrar.GuardYear:
		return guard.Year == expiry.Year()
	default:
		return true
	}
}

// Restore implements registrar.Registrar.
func (f *Fake) Restore(ctx context.Context, transaction string, in registrar.Restore) registrar.Answer {
	return f.change(ctx, Sent{Transaction: transaction, Command: "restore", Name: in.Name, Price: in.Price}, func(Fault) registrar.Answer {
		d := f.domains[in.Name]
		price, own, _ := f.price(in.Name, "restore", 1)
		switch {
		case d == nil:
			return answer(2303)
		case d.Sponsor != Us:
			return answer(2201)
		case !slices.Contains(d.RGP, "redemptionPeriod"):
			return answer(2304)
		case own && (in.Price == nil || *in.Price != price):
			return answer(2004)
		case !f.pay(in.Name, "restore", 1):
			return answer(2104)
		}
		d.RGP = []string{"pendingRestore"}
		if f.NoReport {
			f.restored(d)
		}
		return answer(1000)
	})
}

// Delete implements registrar.Registrar.
func (f *Fake) Delete(ctx context.Context, transaction, name string) registrar.Answer {
	return f.change(ctx, Sent{Transaction: transaction, Command: "delete", Name: name}, func(Fault) registrar.Answer {
		d, code := f.find(name, "DeleteProhibited")
		switch {
		case d == nil:
			return answer(code)
		case f.NoRedemption:
			delete(f.domains, name)
			return answer(1000)
		case slices.Contains(d.RGP, "autoRenewPeriod"): // the year that nobody asked for goes back
			f.extend(d, -1)
		}
		d.RGP, d.Statuses = []string{"redemptionPeriod"}, append(d.Statuses, "pendingDelete")
		return answer(1001)
	})
}

// Report implements registrar.Registrar.
func (f *Fake) Report(ctx context.Context, transaction string, in registrar.RestoreReport) registrar.Answer {
	return f.change(ctx, Sent{Transaction: transaction, Command: "report", Name: in.Name}, func(Fault) registrar.Answer {
		d := f.domains[in.Name]
		switch {
		case d == nil:
			return answer(2303)
		case !slices.Contains(d.RGP, "pendingRestore"):
			return answer(2304)
		}
		f.restored(d)
		return answer(1000)
	})
}

func (f *Fake) restored(d *Domain) {
	d.RGP = nil
	d.Statuses = slices.DeleteFunc(d.Statuses, func(s string) bool { return s == "pendingDelete" })
	if f.RestoreFromNow {
		d.Expiry = f.addYears(f.clock.Now(), 1).Format(time.RFC3339Nano)
		return
	}
	f.extend(d, 1)
}

// SetMode implements registrar.Registrar.
func (f *Fake) SetMode(ctx context.Context, transaction, name string, mode registrar.Mode) registrar.Answer {
	return f.change(ctx, Sent{Transaction: transaction, Command: "set_mode", Name: name, Mode: mode}, func(Fault) registrar.Answer {
		d, code := f.find(name, "UpdateProhibited")
		if d == nil {
			return answer(code)
		}
		d.Mode = mode
		return answer(1000)
	})
}

// Update implements registrar.Registrar.
func (f *Fake) Update(ctx context.Context, transaction string, in registrar.Update) registrar.Answer {
	return f.change(ctx, Sent{Transaction: transaction, Command: "update", Name: in.Name}, func(Fault) registrar.Answer {
		d := f.domains[in.Name]
		switch {
		case d == nil:
			return answer(2303)
		case d.Sponsor != Us:
			return answer(2201)
		case slices.Contains(d.Statuses, "serverUpdateProhibited"):
			return answer(2304)
		}
		d.Statuses = slices.DeleteFunc(d.Statuses, func(s string) bool { return slices.Contains(in.RemoveStatuses, s) })
		for _, s := range in.AddStatuses {
			if !slices.Contains(d.Statuses, s) {
				d.Statuses = append(d.Statuses, s)
			}
		}
		if in.Nameservers != nil {
			d.Nameservers = slices.Clone(*in.Nameservers)
		}
		if in.Registrant != nil {
			d.Registrant = *in.Registrant
		}
		if in.AuthCode != "" {
			d.AuthCode = in.AuthCode
		}
		return answer(1000)
	})
}

// Balance implements registrar.Registrar.
func (f *Fake) Balance(ctx context.Context) (balance money.Money, known bool, err error) {
	err = f.read(ctx, Sent{Command: "balance"}, func(Fault) error {
		if f.balance != nil {
			balance, known = *f.balance, true
		}
		return nil
	})
	return balance, known, err
}

// Poll implements registrar.Registrar.
func (f *Fake) Poll(ctx context.Context, transaction string) (m *registrar.Message, err error) {
	err = f.read(ctx, Sent{Transaction: transaction, Command: "poll"}, func(Fault) error {
		if len(f.messages) > 0 {
			first := f.messages[0]
			m = &first
		}
		return nil
	})
	return m, err
}

// Ack implements registrar.Registrar.
func (f *Fake) Ack(ctx context.Context, transaction, id string) error {
	return f.read(ctx, Sent{Transaction: transaction, Command: "ack", Name: id}, func(Fault) error {
		f.messages = slices.DeleteFunc(f.messages, func(m registrar.Message) bool { return m.ID == id })
		return nil
	})
}
