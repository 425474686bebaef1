package dispatch

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/registrar"
)

// alertBefore is how many days before the last safe day staff are told once more about missing funds.
const alertBefore = 3

// release lets a held renewal go on: it begins with reading the registry, and is held again if nothing has changed.
func (w *worker) release(ctx context.Context, f facts) (step, error) {
	if f.open.Hold == domainname.HeldFunds {
		funds, err := w.funded(ctx, f)
		if err != nil {
			w.log.Warn("the balance of a registrar could not be asked for", "registrar", f.domain.RegistrarID, "err", err)
			funds = fundsShort
		}
		if funds != fundsEnough {
			next, err := w.alert(ctx, f)
			if err != nil || funds == fundsShort {
				return at(next), err
			}
		}
	}
	return again, w.write(ctx, func(tx *db.Tx, _ *domainname.Domain) error {
		r, err := domainname.LoadRenewal(ctx, tx, f.open.ID)
		if err != nil || r.State != domainname.RenewalHeld || r.Hold != f.open.Hold {
			return err
		}
		return domainname.MoveRenewal(ctx, tx, &r, domainname.OnRelease)
	})
}

// funds is whether an account holds enough for a renewal.
type funds string

const (
	fundsEnough  funds = "enough"
	fundsShort   funds = "short"
	fundsUnknown funds = "unknown" // trying is the way to know
)

// funded reports whether the account holds enough for a renewal.
func (w *worker) funded(ctx context.Context, f facts) (is funds, err error) {
	reg, err := w.open(ctx, f.domain)
	if err != nil {
		return fundsShort, err
	}
	is = fundsUnknown
	if !reg.Capabilities().Balance {
		return is, nil
	}
	err = w.inTime(ctx, func(ctx context.Context) error {
		balance, known, err := reg.Balance(ctx)
		if err != nil || !known {
			return err
		}
		if balance.Amount <= 0 {
			is = fundsShort
		}
		if is == fundsShort || !reg.Capabilities().Quote {
			return nil
		}
		asked := registrar.Quoting{Name: f.domain.Name.String(), Command: string(verbRenew), Years: f.open.Years, Currency: balance.Currency}
		if f.last != nil && f.last.verb == verbRestore {
			asked.Command, asked.Years = string(verbRestore), 0
		}
		q, err := reg.Quote(ctx, transactionID(), asked)
		if err == nil && q.Known && q.Price.Currency == balance.Currency {
			is = fundsShort
			if balance.Amount >= q.Price.Amount {
				is = fundsEnough
			}
		}
		return err
	})
	return is, err
}

// alert tells staff once more that funds are missing when the last safe day is near, and says when to look again.
func (w *worker) alert(ctx context.Context, f facts) (next time.Time, err error) {
	next = f.now.Add(fundsAgain)
	if f.last != nil && f.now.Sub(f.last.made) > 24*time.Hour {
		next = f.now.Add(lockAgain)
	}
	if f.policy == nil {
		return next, nil
	}
	safe := f.domain.WindowOf(*f.open, *f.policy).LastSafeDay(domainname.RegistryDate(f.now))
	alertOn := safe.AddDays(-alertBefore).StartIn(time.UTC)
	if f.now.Before(alertOn) {
		if alertOn.Before(next) {
			next = alertOn
		}
		return next, nil
	}
	return next, w.write(ctx, func(tx *db.Tx, d *domainname.Domain) error {
		occasion := f.open.ID + " " + domainname.WaitsForFunds + " last"
		asked, err := tx.CountStaffTasks(ctx, query.CountStaffTasksParams{Kind: TaskHeld, SubjectID: w.id, Occasion: occasion})
		if err != nil || asked > 0 {
			return err
		}
		err = w.ask(ctx, tx, TaskHeld, occasion, fmt.Sprintf("%s: the account at the registrar still has not enough funds. The last safe day is %s.", d.Name.Unicode(), safe.Format("en")))
		if err != nil {
			return err
		}
		return w.tell(ctx, tx, "domain.renewal_held", *d, f.open, Change{LastSafe: safe.String()})
	})
}

// recheck sees whether a renewal that waits for a person is done after all.
func (w *worker) recheck(ctx context.Context, f facts) (next step, err error) {
	reg, err := w.open(ctx, f.domain)
	if err != nil {
		return rest, err
	}
	caps := reg.Capabilities()
	read := stored(f.domain)
	if !caps.Manual {
		if read, err = w.read(ctx, reg, f.domain); err != nil {
			return w.unread(ctx, f.domain, err)
		}
	}
	err = w.write(ctx, func(tx *db.Tx, d *domainname.Domain) error {
		next = rest
		r, err := domainname.LoadRenewal(ctx, tx, f.open.ID)
		if err != nil || r.State != domainname.RenewalHeld && r.State != domainname.RenewalAttention {
			return err
		}
		take(d, read, caps, tx.Now)
		verdict, _ := domainname.Decide(r.Base, r.Years, read.date())
		if !read.ours || verdict != domainname.Satisfied {
			now := facts{domain: *d, open: &r, policy: f.policy, now: tx.Now}
			if at := now.recheck(); at != nil && at.After(tx.Now) {
				next.at = *at
			}
			return domainname.Save(ctx, tx, d)
		}
		next = again
		if !caps.Manual {
			adopt(d, read, tx.Now)
		}
		if r.State == domainname.RenewalAttention {
			return w.finish(ctx, tx, d, &r, domainname.OnReadDone)
		}
		return w.satisfied(ctx, tx, d, &r, CauseThere)
	})
	return next, err
}

// arranged sees whether the date of an arranged renewal has moved, on its day and for two days more.
func (w *worker) arranged(ctx context.Context, f facts) (next step, err error) {
	reg, err := w.open(ctx, f.domain)
	if err != nil {
		return rest, err
	}
	caps := reg.Capabilities()
	if caps.Manual {
		return rest, w.write(ctx, func(tx *db.Tx, d *domainname.Domain) error {
			return w.ask(ctx, tx, TaskStuck, f.open.ID, d.Name.Unicode()+" should have been renewed at its expiry. Enter the date that the registrar shows.")
		})
	}
	read, err := w.read(ctx, reg, f.domain)
	if err != nil {
		return w.unread(ctx, f.domain, err)
	}
	err = w.write(ctx, func(tx *db.Tx, d *domainname.Domain) error {
		next = again
		r, err := domainname.LoadRenewal(ctx, tx, f.open.ID)
		if err != nil || r.State != domainname.RenewalArranged {
			return err
		}
		q := question{open: r, read: read, was: *d, now: tx.Now}
		if m, over := q.away(); over {
			take(d, read, caps, tx.Now)
			if m.move == moveLost {
				return w.lost(ctx, tx, d, &r, m.cause)
			}
			next = at(tx.Now.Add(m.wait))
			return domainname.Save(ctx, tx, d)
		}
		p, err := policyOf(ctx, tx, *d)
		if err != nil {
			return err
		}
		if p == nil {
			p = &domainname.Policy{}
		}
		expiry := d.Expiry.At // as it was
		switch p.Judge(read.date(), r.Expected, read.date()) {
		case domainname.Done:
			adopt(d, read, tx.Now)
			w.tries = 0
			return w.finish(ctx, tx, d, &r, domainname.OnReadDone)
		default:
			take(d, read, caps, tx.Now)
		}
		if err := domainname.Save(ctx, tx, d); err != nil {
			return err
		}
		if verdict, _ := domainname.Decide(r.Base, r.Years, read.date()); verdict == domainname.SendYears && tx.Now.Before(expiry.Add(patience)) {
			next = at(tx.Now.Add(time.Hour))
			if tx.Now.Before(expiry) && expiry.Before(next.at) {
				next = at(expiry.Add(time.Minute))
			}
			return nil
		}
		return w.attention(ctx, tx, d, &r, domainname.OddDate, fmt.Sprintf("The registry says %s, and should say %s by now.", read.date().Format("en"), r.Expected.Format("en")))
	})
	return next, err
}

// patience is how long after its expiry the date of an arranged renewal may move.
const patience = 48 * time.Hour
