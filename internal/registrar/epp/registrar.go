package epp

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/registrar"
)

// Options say what the store has to know of a registry besides how it is reached.
type Options struct {
	// Currency is that of fee checks. Empty: prices are not asked.
	Currency money.Currency
	// Roles are those in which a registrant's contact is named besides, at a registration: admin, tech, billing.
	Roles []string
	// Missing stands for what a registrant's address lacks. Empty: without a city and a country nothing is registered.
	Missing string
	// Beside is the account's interface beside EPP, for what EPP can't say; nil: there is none.
	Beside Beside
}

// Beside has what registries without a renew command, and some others, offer beside EPP.
type Beside interface {
	SetMode(ctx context.Context, transaction, name string, mode registrar.Mode) registrar.Answer
	Balance(ctx context.Context) (balance money.Money, known bool, err error)
}

// Registrar is a [Client] as the store asks it. A renewal is guarded by the date on which the domain expires.
type Registrar struct {
	client  *Client
	options Options
	stop    context.CancelFunc
	alive   sync.WaitGroup

	mu   sync.Mutex
	held *money.Money // what the account held when an answer last said so, until it is asked
}

var (
	_ registrar.Registrar = (*Registrar)(nil)
	_ registrar.Holders   = (*Registrar)(nil)
)

// NewRegistrar checks the configuration and keeps its sessions alive until Close.
func NewRegistrar(config Config, options Options) (*Registrar, error) {
	client, err := New(config)
	if err != nil {
		return nil, err
	}
	if options.Currency != "" && !options.Currency.IsValid() {
		return nil, errors.New("epp: no such currency")
	}
	ctx, stop := context.WithCancel(context.Background())
	r := &Registrar{client: client, options: options, stop: stop}
	r.alive.Go(func() { client.Run(ctx) })
	return r, nil
}

// Client is what speaks for it.
func (r *Registrar) Client() *Client { return r.client }

// Close implements registrar.Registrar.
func (r *Registrar) Close(ctx context.Context) {
	r.stop()
	r.alive.Wait()
	r.client.Close(ctx)
}

// Capabilities implements registrar.Registrar.
func (r *Registrar) Capabilities() registrar.Capabilities {
	return registrar.Capabilities{
		Guard: registrar.GuardDate, PerSecond: r.client.config.Pace.PerSecond(), Parallel: r.client.config.Sessions,
		Register: true, Transfer: true, Renew: true, Restore: true, Delete: true, SetMode: r.options.Beside != nil, Nameservers: true, Lock: true, AuthCode: true,
		Contacts: true, Check: true, Quote: r.options.Currency != "", Balance: true, Poll: true,
	}
}

// Test reaches the registry and logs in, as if nobody had before.
func (r *Registrar) Test(ctx context.Context) error {
	_, err := r.client.Hello(ctx)
	return err
}

// Info implements registrar.Registrar.
func (r *Registrar) Info(ctx context.Context, transaction, name string) (registrar.Info, error) {
	d, err := r.client.Info(ctx, transaction, name, "")
	if e, ok := errors.AsType[*Error](err); ok && e.Class == ClassGone {
		if e.Code == codeNotThere {
			return registrar.Info{}, nil
		}
		return registrar.Info{Found: true, Sponsor: "another registrar"}, nil
	}
	if err != nil {
		return registrar.Info{}, err
	}
	if d.Sponsor == "" {
		return registrar.Info{}, errors.New("epp info: the registry names no sponsor")
	}
	info := registrar.Info{
		Found: true, Ours: strings.EqualFold(d.Sponsor, r.client.config.ClientID), Sponsor: d.Sponsor, Expiry: d.Expires.told(), Created: d.Created.told(),
		Statuses: d.Statuses, RGP: d.RGP, Registrant: d.Registrant, AuthCode: d.AuthInfo,
	}
	for _, host := range d.Nameservers {
		info.Nameservers = append(info.Nameservers, host.Name)
	}
	return info, nil
}

// codeNotThere is the one code that says that there is no such domain.
const codeNotThere = 2303

func (m Moment) told() registrar.Moment { return registrar.Moment{Raw: m.Text, At: m.At} }

// Check implements registrar.Registrar.
func (r *Registrar) Check(ctx context.Context, transaction string, names ...string) ([]registrar.Available, error) {
	answers, err := r.client.Check(ctx, transaction, names...)
	if err != nil {
		return nil, err
	}
	all := make([]registrar.Available, len(answers))
	for i, a := range answers {
		all[i] = registrar.Available{Name: a.Name, Free: a.Free, Reason: a.Reason}
	}
	return r.classed(ctx, transaction, all, names), nil
}

// classed says which names the registry prices by itself. Where it does not tell, none is: a command that has to name a price
// is refused without one.
func (r *Registrar) classed(ctx context.Context, transaction string, all []registrar.Available, names []string) []registrar.Available {
	if r.options.Currency == "" || !r.offersFees(ctx) {
		return all
	}
	quotes, err := r.client.CheckFees(ctx, within(transaction, "f"), string(r.options.Currency), []FeeCommand{{Command: "create"}}, names...)
	if err != nil {
		return all
	}
	for i := range all {
		for _, q := range quotes {
			if strings.EqualFold(q.Name, all[i].Name) && q.Command == "create" && !q.usual() {
				all[i].Premium, all[i].Class = true, q.Class
			}
		}
	}
	return all
}

// Quote implements registrar.Registrar.
func (r *Registrar) Quote(ctx context.Context, transaction string, q registrar.Quoting) (registrar.Quote, error) {
	currency := q.Currency
	if currency == "" {
		currency = r.options.Currency
	}
	if currency == "" || !r.offersFees(ctx) {
		return registrar.Quote{}, nil
	}
	command := q.Command
	if command == "register" {
		command = "create"
	}
	quotes, err := r.client.CheckFees(ctx, transaction, string(currency), []FeeCommand{{Command: command, Years: q.Years}}, q.Name)
	if e, ok := errors.AsType[*Error](err); ok && e.Code != 0 && (e.Class == ClassStale || e.Class == ClassFault) {
		return registrar.Quote{}, nil // it understands the question, or this command in it, as little as the next time
	}
	if err != nil {
		return registrar.Quote{}, err
	}
	i := slices.IndexFunc(quotes, func(quote Quote) bool {
		return strings.EqualFold(quote.Name, q.Name) && quote.Command == command && (quote.Years == q.Years || quote.Years == 0 || q.Years == 0)
	})
	if i < 0 || len(quotes[i].Fees) == 0 {
		return registrar.Quote{}, nil
	}
	price, err := sum(quotes[i].Currency, quotes[i].Fees)
	if err != nil {
		return registrar.Quote{}, err
	}
	return registrar.Quote{Known: true, Price: price, Premium: !quotes[i].usual(), Class: quotes[i].Class}, nil
}

// offersFees reports whether the registry knows of fees, as far as it said so.
func (r *Registrar) offersFees(ctx context.Context) bool {
	g, err := r.greeting(ctx)
	return err != nil || slices.Contains(g.Extensions, nsFee) // after an error the fee check says what is wrong
}

// greeting is what the registry offers. It is asked once.
func (r *Registrar) greeting(ctx context.Context) (Greeting, error) {
	if g := r.client.Greeting(); len(g.Objects) > 0 {
		return g, nil
	}
	return r.client.Hello(ctx)
}

// sum adds fees up, which are decimals with or without the currency's own number of decimals.
func sum(currency string, fees []string) (money.Money, error) {
	c := money.Currency(currency)
	if !c.IsValid() {
		return money.Money{}, errors.New("epp: a fee in the currency " + currency)
	}
	total := money.New(0, c)
	for _, fee := range fees {
		amount, err := decimal(fee, c)
		if err == nil {
			total, err = total.Add(amount)
		}
		if err != nil {
			return money.Money{}, errors.Join(errors.New("epp: a fee of "+fee), err)
		}
	}
	return total, nil
}

// decimal reads an amount that may have more zeros at its end than the currency has decimals.
func decimal(text string, c money.Currency) (money.Money, error) {
	if whole, fraction, found := strings.Cut(text, "."); found {
		for len(fraction) > c.Decimals() && strings.HasSuffix(fraction, "0") {
			fraction = fraction[:len(fraction)-1]
		}
		text = strings.TrimSuffix(whole+"."+fraction, ".")
	}
	return money.ParseDecimal(text, c)
}

// feeFor is the agreement to a price; nil: there is none to agree to.
func feeFor(price *money.Money) *Fee {
	if price == nil {
		return nil
	}
	return &Fee{Currency: string(price.Currency), Amount: price.Decimal()}
}

// Renew implements registrar.Registrar.
func (r *Registrar) Renew(ctx context.Context, transaction string, in registrar.Renewal) registrar.Answer {
	done, err := r.client.Renew(ctx, transaction, Renew{Name: in.Name, Guard: in.Guard, Years: in.Years, Fee: feeFor(in.Price)})
	if err != nil {
		return refusal(err)
	}
	r.hold(done.Fee)
	a := accepted(done.Result)
	a.Expiry = done.Expires.told()
	return a
}

// Restore implements registrar.Registrar.
func (r *Registrar) Restore(ctx context.Context, transaction string, in registrar.Restore) registrar.Answer {
	done, err := r.client.Restore(ctx, transaction, Restore{Name: in.Name, Fee: feeFor(in.Price)})
	if err != nil {
		return refusal(err)
	}
	r.hold(done.Fee)
	return accepted(done.Result)
}

// Delete implements registrar.Registrar.
func (r *Registrar) Delete(ctx context.Context, transaction, name string) registrar.Answer {
	return outcome(r.client.Delete(ctx, transaction, name))
}

// What RFC 3915 has a registrar declare in the report of a restore, word for word.
const (
	notForItself = "This registrar has not restored the Registered Name in order to assume the rights to use or sell the Registered Name for " +
		"itself or for any third party."
	trueToKnowledge = "The information in this report is true to best of this registrar's knowledge, and this registrar acknowledges that " +
		"intentionally supplying false information in this report shall constitute an incorporated breach of the Registry-Registrar Agreement."
)

// Report implements registrar.Registrar.
func (r *Registrar) Report(ctx context.Context, transaction string, in registrar.RestoreReport) registrar.Answer {
	return outcome(r.client.RestoreReport(ctx, transaction, Report{
		Name: in.Name, Before: in.Before, After: in.After, Deleted: in.Deleted, Restored: in.Restored, Reason: in.Reason,
		Statements: [2]string{notForItself, trueToKnowledge},
	}))
}

// SetMode implements registrar.Registrar.
func (r *Registrar) SetMode(ctx context.Context, transaction, name string, mode registrar.Mode) registrar.Answer {
	if r.options.Beside == nil {
		return registrar.NotOffered()
	}
	return r.options.Beside.SetMode(ctx, transaction, name, mode)
}

// Transfer implements registrar.Registrar.
func (r *Registrar) Transfer(ctx context.Context, transaction string, in registrar.TransferIn) registrar.Answer {
	state, err := r.client.Transfer(ctx, transaction, Transfer{Name: in.Name, Op: TransferRequest, AuthInfo: in.AuthCode, Years: in.Years, Fee: feeFor(in.Price)})
	if err != nil {
		return refusal(err)
	}
	r.hold(state.Fee)
	a := accepted(state.Result)
	a.Expiry = state.Expires.told()
	return a
}

// codeNoTransfer answers who asks for a transfer that is not under way.
const codeNoTransfer = 2301

// The states of a transfer.
const (
	transferNone    = "none"
	transferPending = "pending"
	transferDone    = "done"
	transferRefused = "refused"
)

// TransferState implements registrar.Registrar.
func (r *Registrar) TransferState(ctx context.Context, transaction, name string) (registrar.TransferState, error) {
	t, err := r.client.Transfer(ctx, transaction, Transfer{Name: name, Op: TransferQuery})
	if e, ok := errors.AsType[*Error](err); ok && (e.Code == codeNoTransfer || e.Class == ClassGone) {
		return registrar.TransferState{State: transferNone, Text: e.Message}, nil
	}
	if err != nil {
		return registrar.TransferState{}, err
	}
	if !strings.EqualFold(t.Requester, r.client.config.ClientID) {
		return registrar.TransferState{State: transferNone, Text: t.Status + " by " + t.Requester}, nil
	}
	return registrar.TransferState{State: stateOf(t.Status), Text: t.Status, Requested: t.Requested.told()}, nil
}

// stateOf is what a status of RFC 5731 says about a transfer.
func stateOf(status string) string {
	switch status {
	case "pending":
		return transferPending
	case "clientApproved", "serverApproved":
		return transferDone
	case "clientRejected", "clientCancelled", "serverCancelled":
		return transferRefused
	default:
		return transferNone
	}
}

// Balance implements registrar.Registrar. Where there is no interface beside EPP it is what an answer told since it was
// asked last: registries tell it with what a command cost.
func (r *Registrar) Balance(ctx context.Context) (money.Money, bool, error) {
	if r.options.Beside != nil {
		return r.options.Beside.Balance(ctx)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.held == nil {
		return money.Money{}, false, nil
	}
	balance := *r.held
	r.held = nil
	return balance, true, nil
}

// hold keeps what an answer told of the account.
func (r *Registrar) hold(charged Charged) {
	c := money.Currency(charged.Currency)
	if charged.Balance == "" || !c.IsValid() {
		return
	}
	balance, err := decimal(charged.Balance, c)
	if err != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held = &balance
}

// Poll implements registrar.Registrar.
func (r *Registrar) Poll(ctx context.Context, transaction string) (*registrar.Message, error) {
	m, err := r.client.Poll(ctx, transaction)
	if err != nil || m == nil {
		return nil, err
	}
	body, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	message := &registrar.Message{ID: m.ID, At: m.At.At, Text: m.Text, Body: string(body)}
	switch {
	case m.Action != nil:
		message.Name, message.Transaction, message.Done = m.Action.Name, m.Action.ClTRID, &m.Action.Done
	case m.Transfer != nil:
		message.Name, message.Transfer = m.Transfer.Name, stateOf(m.Transfer.Status)
	case m.Domain != nil:
		message.Name = m.Domain.Name
	}
	return message, nil
}

// Ack implements registrar.Registrar.
func (r *Registrar) Ack(ctx context.Context, transaction, id string) error {
	_, err := r.client.Ack(ctx, transaction, id)
	if e, ok := errors.AsType[*Error](err); ok && e.Code == codeNotThere {
		return nil // it is off the queue
	}
	return err
}

// outcome is what the store makes of a command whose answer has nothing but a result.
func outcome(result Result, err error) registrar.Answer {
	if err != nil {
		return refusal(err)
	}
	return accepted(result)
}

func accepted(result Result) registrar.Answer {
	return registrar.Answer{Class: classes[result.Class], Code: result.Code, Message: result.Message, Reference: result.SvTRID}
}

func refusal(err error) registrar.Answer {
	a := registrar.Answer{Class: classes[ClassOf(err)], Message: err.Error()}
	if e, ok := errors.AsType[*Error](err); ok {
		a.Code, a.Reference = e.Code, e.SvTRID
		if e.Code != 0 && e.Cause == nil {
			a.Message = e.said()
		}
	}
	return a
}

// within is a transaction id for a step of a command that needs several: it is found with the command's own. Where that is
// too long for it, it is one of the client's.
func within(transaction, step string) string {
	if id := transaction + "-" + step; len(id) <= 64 {
		return id
	}
	return ownTRID()
}

// newSecret is what authorises the transfer of an object away: with letters, digits and a sign, as many registries want it.
func newSecret() string { return rand.Text()[:12] + "-k7z" }
