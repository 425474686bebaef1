package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/task"
)

// horizon is how many days ahead the account's money is compared with what it has to pay.
const horizon = 60

// Need is what a registrar will ask on a day.
type Need struct {
	On   civil.Date
	Cost int64
}

// Cover says until when a balance pays for what is needed, day by day: the last day whose needs it covers together with all
// before it. all: it covers every one; then until is the last day that was looked at. What was needed before today is needed
// today. A day that is not covered is not covered in part.
func Cover(balance int64, needs []Need, today civil.Date, days int) (until civil.Date, all bool) {
	end := today.AddDays(days)
	perDay := map[civil.Date]int64{}
	for _, need := range needs {
		on := need.On
		if on.Before(today) {
			on = today
		}
		perDay[on] += need.Cost
	}
	ordered := make([]civil.Date, 0, len(perDay))
	for on := range perDay {
		ordered = append(ordered, on)
	}
	slices.SortFunc(ordered, civil.Date.Compare)
	for _, on := range ordered {
		if on.After(end) {
			break
		}
		if balance -= perDay[on]; balance < 0 {
			return on.AddDays(-1), false
		}
	}
	return end, true
}

// Funds is what an account holds against what it will have to pay.
type Funds struct {
	// Refused is how many commands that customers have paid for the registrar refused last for lack of money.
	Refused int
	// Known is false where the registrar tells no balance; nothing of what follows is said then.
	Known   bool
	Balance money.Money
	ReadAt  time.Time
	// Until is the last day whose renewals are covered; zero: not even what is paid today. All: everything that was looked at is, which
	// ends with that day.
	Until civil.Date
	All   bool
	// Days are left until then; -1: what is paid today isn't covered.
	Days int
	// Needed is what all of it costs, as far as costs are known.
	Needed money.Money
	// Unpriced are the commands whose cost is not known: they are not in it.
	Unpriced int
	// LowSince is since when it covers less than the setting says; zero: it doesn't.
	LowSince civil.Date
}

// Funds says until when an account's balance, as it was read last, covers what customers have paid and what falls due.
func (s *Service) Funds(ctx context.Context, id string) (f Funds, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		row, err := tx.Registrar(ctx, id)
		if _, err = found(row, err); err != nil {
			return err
		}
		settings, err := setting.Load(ctx, tx)
		if err != nil {
			return err
		}
		f, err = fundsOf(ctx, tx, row, civil.Of(tx.Now, settings.TimeZone))
		return err
	})
	return f, err
}

func fundsOf(ctx context.Context, tx *db.Tx, r query.Registrar, today civil.Date) (Funds, error) {
	refused, err := tx.RegistrarRefusedForMoney(ctx, r.ID)
	if err != nil {
		return Funds{}, fmt.Errorf("what registrar %s refused: %w", r.ID, err)
	}
	if r.Balance == nil {
		return Funds{Refused: int(refused)}, nil
	}
	currency := money.Currency(r.BalanceCurrency)
	f := Funds{Refused: int(refused), Known: true, Balance: money.New(*r.Balance, currency), ReadAt: r.BalanceReadAt.Time(), Needed: money.New(0, currency)}
	needs, unpriced, err := needsOf(ctx, tx, r.ID, currency, today)
	if err != nil {
		return Funds{}, fmt.Errorf("what registrar %s will have to be paid: %w", r.ID, err)
	}
	f.Unpriced = unpriced
	for _, need := range needs {
		f.Needed.Amount += need.Cost
	}
	f.Until, f.All = Cover(*r.Balance, needs, today, horizon)
	if f.Days = today.DaysUntil(f.Until); f.Days < 0 {
		f.Until = civil.Date{}
	}
	if r.FundsLowSince != nil {
		if f.LowSince, err = civil.Parse(*r.FundsLowSince); err != nil {
			return Funds{}, err
		}
	}
	return f, nil
}

// term names what a cost is of.
type term struct {
	extension, kind string
	years           int64
}

// needsOf reads what a registrar will have to be paid within the horizon, and how many commands have no known cost.
func needsOf(ctx context.Context, tx *db.Tx, id string, currency money.Currency, today civil.Date) (needs []Need, unpriced int, err error) {
	rows, err := tx.RegistrarCosts(ctx, query.RegistrarCostsParams{RegistrarID: id, Currency: string(currency), Day: today.String()})
	if err != nil {
		return nil, 0, err
	}
	costs := map[term]int64{}
	for _, r := range rows {
		costs[term{r.Extension, r.Kind, r.Years}] = r.Amount // the latest counts
	}
	add := func(on civil.Date, n int64, terms ...term) {
		var cost int64
		for _, t := range terms {
			one, known := costs[t]
			if !known {
				unpriced += int(n)
				return
			}
			cost += one
		}
		needs = append(needs, Need{on, cost * n})
	}
	paid, err := tx.RegistrarPaidRenewals(ctx, &id)
	if err != nil {
		return nil, 0, err
	}
	for _, r := range paid {
		terms := []term{{r.Extension, "renew", r.Years}}
		if r.Stage == "redemption" {
			terms = []term{{r.Extension, "restore", 1}, {r.Extension, "renew", r.Years}}
		}
		add(today, r.N, terms...)
	}
	made, err := tx.RegistrarPaidDomains(ctx, id)
	if err != nil {
		return nil, 0, err
	}
	for _, r := range made {
		add(today, r.N, term{r.Extension, r.Kind, *r.BoughtYears})
	}
	until := today.AddDays(horizon).String()
	coming, err := tx.RegistrarComingRenewals(ctx, query.RegistrarComingRenewalsParams{RegistrarID: id, Until: &until})
	if err != nil {
		return nil, 0, err
	}
	for _, r := range coming {
		on, err := civil.Parse(*r.NextDue)
		if err != nil {
			return nil, 0, err
		}
		add(on, r.N, term{r.Extension, "renew", *r.Term})
	}
	return needs, unpriced, nil
}

// The kinds of the questions that are put before staff.
const (
	TaskFunds       = "registrar.funds_low"
	TaskUnreachable = "registrar.unreachable"
)

// quiet is for how long a registrar can't be reached before staff are told.
const quiet = time.Hour

// Upkeep looks after every account: whether it can be reached, and whether its money will do. One that fails keeps no other
// from it.
func (s *Service) Upkeep(ctx context.Context) error {
	if s.config.Offline {
		return nil
	}
	all, err := s.List(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, a := range all {
		if !a.Archived {
			errs = append(errs, s.lookAfter(ctx, a))
		}
	}
	return errors.Join(errs...)
}

// patience is how long a registrar may take for a sign of life.
const patience = time.Minute

func (s *Service) lookAfter(ctx context.Context, a Account) error {
	balance, known, failed := s.ask(ctx, a)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		row, err := tx.Registrar(ctx, a.ID)
		if err != nil {
			return fmt.Errorf("registrar %s: %w", a.ID, err)
		}
		if err := noteReach(ctx, tx, row, failed); err != nil || failed != nil || !known {
			return err
		}
		return s.noteBalance(ctx, tx, a.ID, balance)
	})
	if err != nil || failed != nil {
		return err
	}
	f, err := s.Funds(ctx, a.ID) // it reads what falls due of very many domains: nobody who writes waits for that
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *db.Tx) error { return noteFunds(ctx, tx, a.ID, f) })
}

// ask asks a registrar for a sign of life and for the balance.
func (s *Service) ask(ctx context.Context, a Account) (balance money.Money, known bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var adapter registrar.Registrar
	if adapter, err = s.Open(ctx, a.ID); err != nil {
		return money.Money{}, false, err
	}
	if t, ok := adapter.(tester); ok {
		if err := t.Test(ctx); err != nil {
			return money.Money{}, false, err
		}
	}
	return adapter.Balance(ctx)
}

func (s *Service) noteBalance(ctx context.Context, tx *db.Tx, id string, balance money.Money) error {
	err := tx.SaveRegistrarBalance(ctx, query.SaveRegistrarBalanceParams{
		ID: id, Balance: &balance.Amount, Currency: string(balance.Currency), ReadAt: &tx.Stamp,
	})
	if err != nil {
		return fmt.Errorf("balance of registrar %s: %w", id, err)
	}
	return nil
}

// noteReach notes whether a registrar could be reached, and tells once that it can't be for an hour.
func noteReach(ctx context.Context, tx *db.Tx, r query.Registrar, failed error) error {
	since, told := r.UnreachableSince, r.ToldUnreachable
	switch {
	case failed == nil && since == nil:
		return nil
	case failed == nil:
		since, told = nil, false
		if err := task.Settled(ctx, tx, TaskUnreachable, r.ID); err != nil {
			return err
		}
	case since == nil:
		since = &tx.Stamp
	case told || tx.Now.Sub(since.Time()) < quiet:
		return nil
	default:
		told = true
		err := event.Emit(ctx, tx, event.New{
			Type: "registrar.unreachable", SubjectID: r.ID, Data: map[string]any{"name": r.Name, "since": since.Time(), "error": failed.Error()},
		})
		if err != nil {
			return err
		}
		err = task.Ask(ctx, tx, task.Question{
			Kind: TaskUnreachable, SubjectID: r.ID, Occasion: since.Time().Format(time.RFC3339),
			Detail: fmt.Sprintf("The registrar %s can't be reached for an hour: %v. Commands that are paid wait until it can be. Look at its settings and test the connection.", r.Name, failed),
		})
		if err != nil {
			return err
		}
	}
	if err := tx.SaveRegistrarReach(ctx, query.SaveRegistrarReachParams{ID: r.ID, Since: since, Told: told}); err != nil {
		return fmt.Errorf("registrar %s: %w", r.ID, err)
	}
	return nil
}

// noteFunds tells once a day that an account's money won't do for as many days as the setting says, or did not for what was sent.
func noteFunds(ctx context.Context, tx *db.Tx, id string, f Funds) error {
	r, err := tx.Registrar(ctx, id)
	if err != nil {
		return fmt.Errorf("registrar %s: %w", id, err)
	}
	settings, err := setting.Load(ctx, tx)
	if err != nil {
		return err
	}
	day := civil.Of(tx.Now, settings.TimeZone).String()
	low := f.Refused > 0 || f.Known && !f.All && f.Days < settings.DomainFundsDays
	since := r.FundsLowSince
	switch {
	case !low && since == nil:
		return nil
	case !low:
		since = nil
		if err := task.Settled(ctx, tx, TaskFunds, r.ID); err != nil {
			return err
		}
	case r.FundsToldOn != nil && *r.FundsToldOn == day:
		return nil
	default:
		if since == nil {
			since = &day
		}
		if err := tellFunds(ctx, tx, r, f, *since); err != nil {
			return err
		}
	}
	told := r.FundsToldOn
	if low {
		told = &day
	}
	if err := tx.SaveRegistrarFunds(ctx, query.SaveRegistrarFundsParams{ID: r.ID, LowSince: since, ToldOn: told}); err != nil {
		return fmt.Errorf("funds of registrar %s: %w", r.ID, err)
	}
	return nil
}

func tellFunds(ctx context.Context, tx *db.Tx, r query.Registrar, f Funds, since string) error {
	data := map[string]any{"name": r.Name, "refused": f.Refused}
	if f.Known {
		data["balance"], data["currency"], data["days"], data["needed"], data["unpriced"] = f.Balance.Amount, string(f.Balance.Currency), f.Days, f.Needed.Amount, f.Unpriced
		if !f.Until.IsZero() {
			data["covers_until"] = f.Until
		}
	}
	if err := event.Emit(ctx, tx, event.New{Type: "registrar.funds_low", SubjectID: r.ID, Data: data}); err != nil {
		return err
	}
	return task.Ask(ctx, tx, task.Question{Kind: TaskFunds, SubjectID: r.ID, Occasion: since, Detail: f.alert(r.Name)})
}

// alert is what staff are told of an account that runs low.
func (f Funds) alert(name string) string {
	said := "The account at " + name + " runs low."
	switch {
	case !f.Known:
	case f.Days < 0:
		said = fmt.Sprintf("The account at %s holds %s, which does not cover what is to be paid today.", name, f.Balance.Format("en"))
	case f.All: // as far as costs are known
		said = fmt.Sprintf("The account at %s holds %s.", name, f.Balance.Format("en"))
	case f.Days == 0:
		said = fmt.Sprintf("The account at %s holds %s, which covers renewals until today.", name, f.Balance.Format("en"))
	default:
		said = fmt.Sprintf("The account at %s holds %s, which covers renewals until %s.", name, f.Balance.Format("en"), f.Until.Format("en"))
	}
	if f.Refused > 0 {
		said += " It refused " + commands(f.Refused) + " for lack of money, which customers have paid for."
	}
	if f.Known {
		said += fmt.Sprintf(" Within %d days %s", horizon, f.Needed.Format("en"))
		if f.Unpriced > 0 {
			said += " and " + commands(f.Unpriced) + " of unknown cost"
		}
		said += " are needed."
	}
	return said + " Pay money in."
}

func commands(n int) string {
	if n == 1 {
		return "1 command"
	}
	return fmt.Sprintf("%d commands", n)
}

// ReadBalance reads the balance of a registrar now.
func (s *Service) ReadBalance(ctx context.Context, id string) (Funds, error) {
	a, err := s.ByID(ctx, id)
	if err != nil {
		return Funds{}, err
	}
	adapter, err := s.Open(ctx, id)
	if err != nil {
		return Funds{}, err
	}
	balance, known, err := adapter.Balance(ctx)
	if err != nil {
		return Funds{}, errUnreachable(err)
	}
	if known {
		if err := s.db.Write(ctx, func(tx *db.Tx) error { return s.noteBalance(ctx, tx, a.ID, balance) }); err != nil {
			return Funds{}, err
		}
	}
	return s.Funds(ctx, id)
}
