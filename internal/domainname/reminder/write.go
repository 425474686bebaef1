package reminder

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/mail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/task"
	"github.com/keystead/keystead/internal/text"
)

// The events of this room.
const (
	EventSent   = "domain.notice_sent"
	EventBreach = "domain.notice_breach"
)

// NoticeEvent is the data of both. Addresses are left to the evidence.
type NoticeEvent struct {
	Name     string            `json:"name"`
	NoticeID string            `json:"notice_id"`
	Rule     string            `json:"rule_id"`
	Anchor   domainname.Anchor `json:"anchor"`
	Days     int               `json:"days"`
	Term     civil.Date        `json:"term"`
	DueOn    civil.Date        `json:"due_on"`
	MailID   string            `json:"mail_id,omitempty"`
	State    string            `json:"state"`
}

// The states of a notice.
const (
	sent   = "sent"
	missed = "missed"
	failed = "failed"
)

// askUndelivered is the kind of the question about a notice that reached nobody.
const askUndelivered = "domain.notice_undelivered"

// writer collects the notices of a batch and writes them by few statements.
type writer struct {
	*pass
	tx       *db.Tx
	utc      civil.Date
	policies map[string]*domainname.Policy
	prices   map[string]domainname.Prices
	editions map[string]string
	notices  *db.Rows
	letters  []mail.Message
	events   []event.New
}

func newWriter(p *pass, tx *db.Tx) *writer {
	return &writer{
		pass: p, tx: tx, utc: domainname.RegistryDate(tx.Now), policies: map[string]*domainname.Policy{}, prices: map[string]domainname.Prices{},
		editions: map[string]string{}, notices: db.NewRows("domain_notices",
			"id", "domain_id", "rule_id", "term", "recipient", "due_on", "state", "breach", "mail_id", "language", "template_version", "created_at"),
	}
}

func (w *writer) flush(ctx context.Context) error {
	if err := w.notices.Insert(ctx, w.tx); err != nil {
		return fmt.Errorf("notices: %w", err)
	}
	if err := w.s.mail.QueueAll(ctx, w.tx, w.letters); err != nil {
		return err
	}
	return event.EmitAll(ctx, w.tx, w.events)
}

func (w *writer) policy(ctx context.Context, extension string) (*domainname.Policy, error) {
	if p, ok := w.policies[extension]; ok {
		return p, nil
	}
	p, ok, err := domainname.PolicyAt(ctx, w.tx, extension, w.utc)
	if err != nil {
		return nil, err
	}
	w.policies[extension] = nil
	if ok {
		w.policies[extension] = &p
	}
	return w.policies[extension], nil
}

// subject is a domain that may have to be written about, and what that takes.
type subject struct {
	domainname.Domain
	end    civil.Date // of the term
	term   civil.Date // by which its notices are known: the end as it was when the first of them was made
	policy *domainname.Policy
	stage  domainname.Stage
	who    query.NoticedDomainRow
	holder domainname.Registrant
	made   map[string]bool // by rule
}

// about makes the notices of a domain that are due.
func (w *writer) about(ctx context.Context, id string) error {
	d, ok, err := w.look(ctx, id)
	if err != nil || !ok {
		return err
	}
	plain := make([]domainname.NoticeRule, len(w.rules))
	for i, r := range w.rules {
		plain[i] = r.NoticeRule
	}
	due := domainname.DueNotices(plain, d.Extension, d.end, d.NextDue, w.today, func(r domainname.NoticeRule) bool { return d.made[r.ID] })
	came := civil.Of(d.CreatedAt, w.zone)
	for _, n := range due {
		if n.On.Before(w.today.AddDays(-late)) {
			continue
		}
		// What was due before the domain came to the store is no fault of the store.
		before := n.On.Before(came)
		if n.Missed && before {
			continue
		}
		n.Breach = n.Breach && !before && generic(d.Extension)
		if n.Missed {
			w.miss(d, n)
			continue
		}
		if err := w.send(ctx, d, n); err != nil {
			return err
		}
	}
	return nil
}

// generic reports whether an extension is one for which ICANN's policies count: those of countries have two letters.
func generic(extension string) bool {
	return len(extension[strings.LastIndexByte(extension, '.')+1:]) != 2
}

// look reads a domain as it is now. ok is false if there is nothing to be written: it is over, or its renewal is paid.
func (w *writer) look(ctx context.Context, id string) (s subject, ok bool, err error) {
	if s.Domain, err = domainname.Load(ctx, w.tx, id); err != nil {
		return s, false, err
	}
	if !s.Status.Live() || s.Status.Final() {
		return s, false, nil
	}
	if s.policy, err = w.policy(ctx, s.Extension); err != nil {
		return s, false, err
	}
	open, err := domainname.OpenRenewal(ctx, w.tx, id)
	if err != nil || open != nil && (open.State != domainname.RenewalOpen || open.Owed) {
		return s, false, err
	}
	if s.policy != nil {
		standing := domainname.Assess(s.Domain, *s.policy, open, w.tx.Now)
		if s.stage = standing.Stage; standing.Status.Final() {
			return s, false, nil
		}
	}
	if s.who, err = w.tx.NoticedDomain(ctx, id); err != nil {
		return s, false, err
	}
	if s.who.HolderAtEnd != "" {
		if err := json.Unmarshal([]byte(s.who.HolderAtEnd), &s.holder); err != nil {
			return s, false, err
		}
	}
	rows, err := w.tx.DomainNoticesOf(ctx, id)
	if err != nil {
		return s, false, err
	}
	s.end, _ = s.TermEnd()
	s.term, s.made = s.end, map[string]bool{}
	for _, r := range rows {
		term, err := civil.Parse(r.Term)
		if err != nil {
			return s, false, err
		}
		if max(term.DaysUntil(s.end), s.end.DaysUntil(term)) <= domainname.Drift {
			s.term, s.made[r.RuleID] = term, true
		}
	}
	return s, !s.end.IsZero(), nil
}

// made is a notice as it is written.
type made struct{ recipient, state, mailID, language, edition string }

// add adds a notice to those that are written, counts it, and tells if it is a breach.
func (w *writer) add(d subject, n domainname.DueNotice, m made) (id string) {
	id = w.tx.NewID("dno")
	var letter any
	if m.mailID != "" {
		letter = m.mailID
	}
	w.notices.Add(id, d.ID, n.Rule.ID, d.term.String(), m.recipient, n.On.String(), m.state, n.Breach, letter, m.language, m.edition, int64(w.tx.Stamp))
	Notices.Add(w.tx, 1, ruleLabel(n.Rule.Anchor, n.Rule.Days), m.state)
	if n.Breach {
		Breaches.Add(w.tx, 1)
		w.tell(EventBreach, d, n, NoticeEvent{NoticeID: id, MailID: m.mailID, State: m.state})
	}
	return id
}

// miss records a notice in whose place a later one is sent.
func (w *writer) miss(d subject, n domainname.DueNotice) {
	w.add(d, n, made{state: missed})
}

func (w *writer) tell(kind string, d subject, n domainname.DueNotice, e NoticeEvent) {
	e.Name, e.Rule, e.Anchor, e.Days, e.Term, e.DueOn = d.Name.String(), n.Rule.ID, n.Rule.Anchor, n.Rule.Days, d.term, n.On
	w.events = append(w.events, event.New{Type: kind, SubjectID: d.ID, CustomerID: d.CustomerID, Data: e})
}

// send queues a notice to those whom its rule names: one mail for each address.
func (w *writer) send(ctx context.Context, d subject, n domainname.DueNotice) error {
	language := d.who.Language
	if language == "" {
		language = w.language
	}
	kind := mail.DomainExpiring
	if w.utc.After(d.end) {
		kind = mail.DomainExpired
	}
	edition, err := w.edition(ctx, kind, language)
	if err != nil {
		return err
	}
	all := w.addresses(d, n.Rule)
	if len(all) == 0 {
		w.add(d, n, made{state: failed, language: language, edition: edition})
		return task.Ask(ctx, w.tx, task.Question{
			Kind: askUndelivered, SubjectID: d.ID, CustomerID: d.CustomerID, Occasion: n.Rule.ID + " " + d.term.String(),
			Detail: fmt.Sprintf("%s ends on %s, and neither its customer nor its holder has an address that mails can be sent to. Tell them in another way.", d.Name.Unicode(), d.end.Format("en")),
		})
	}
	data, err := w.words(ctx, d)
	if err != nil {
		return err
	}
	for _, to := range all {
		letter := w.tx.NewID("mai")
		id := w.add(d, n, made{recipient: to.fold, state: sent, mailID: letter, language: language, edition: edition})
		data.Name = to.name
		w.letters = append(w.letters, mail.Message{
			ID: letter, Kind: kind, To: to.address, CustomerID: d.CustomerID, SubjectID: d.ID, Occasion: n.Rule.ID + " " + d.term.String() + " " + to.fold,
			Language: d.who.Language, Data: data,
		})
		w.tell(EventSent, d, n, NoticeEvent{NoticeID: id, MailID: letter, State: sent})
	}
	return nil
}

// edition is by which template a mail is written.
func (w *writer) edition(ctx context.Context, k mail.Kind, language string) (string, error) {
	key := string(k) + " " + language
	if e, ok := w.editions[key]; ok {
		return e, nil
	}
	e, err := mail.Edition(ctx, w.tx, k, language)
	w.editions[key] = e
	return e, err
}

// address is where a notice goes.
type address struct{ name, address, fold string }

// addresses are those whom a rule names, each once. After the end of the term the holder on that day is always one of them.
func (w *writer) addresses(d subject, r domainname.NoticeRule) (all []address) {
	add := func(name, to string) {
		to, err := text.Email(to)
		if err != nil {
			return
		}
		fold := text.Fold(to)
		for _, a := range all {
			if a.fold == fold {
				return
			}
		}
		all = append(all, address{name, to, fold})
	}
	var recipients []Recipient
	for _, rule := range w.rules {
		if rule.ID == r.ID {
			recipients = rule.Recipients
		}
	}
	registrant := d.Registrant
	ended := w.utc.After(d.end)
	if ended {
		recipients = append(recipients[:len(recipients):len(recipients)], ToRegistrant)
		if d.holder.Email != "" {
			registrant = d.holder
		}
	}
	for _, to := range recipients {
		switch to {
		case ToAccount, ToBilling:
			add(d.who.Name, d.who.Email)
		case ToRegistrant:
			add(registrant.Name, registrant.Email)
		}
	}
	if len(all) == 0 {
		// Better to the account than to nobody.
		add(d.who.Name, d.who.Email)
	}
	return all
}

// cheapest is the shortest renewal that its registry has, and what that costs; nothing where that is not known.
func (w *writer) cheapest(d subject, list domainname.List) (years int, price money.Money) {
	for _, years := range list.Years() {
		if d.policy != nil && !d.policy.Allows(years) {
			continue
		}
		if d.Premium == nil {
			return years, list[years]
		}
		if asked, known := d.Asked(years, d.Recurring.Currency, w.rates, w.tx.Now); known {
			return years, asked
		}
	}
	return 0, money.Money{}
}

// words are what a notice tells, as it is today.
func (w *writer) words(ctx context.Context, d subject) (mail.DomainNoticeData, error) {
	data := mail.DomainNoticeData{
		Domain: d.Name.Unicode(), EndsOn: d.end, AutoRenew: !d.DoNotRenew && d.Term > 0, Link: "/account/domains/" + d.ID,
	}
	switch {
	case d.Free(): // its service pays for it
	case d.Term > 0 && !d.DoNotRenew:
		data.Years, data.Price = d.Term, d.Recurring
	default:
		prices, ok := w.prices[d.Extension]
		if !ok {
			var err error
			if prices, err = domainname.PricesOf(ctx, w.tx, d.Extension); err != nil {
				return data, err
			}
			w.prices[d.Extension] = prices
		}
		list := prices.List(d.Extension, domainname.ForRenewal, d.Recurring.Currency, d.who.CustomerGroup, w.today)
		data.Years, data.Price = w.cheapest(d, list)
	}
	if d.policy == nil {
		return data, nil
	}
	window := d.Window(*d.policy)
	if d.stage != domainname.StageRedemption && !window.LastPlain.Before(w.utc) {
		data.LastDay = window.LastPlain
		if fee, known := d.FeeAt(*d.policy, d.stage, window.End, d.Recurring.Currency, w.rates); known && d.stage == domainname.StageGrace && !d.Free() {
			data.Fee = fee
		}
	}
	if w.utc.After(d.end) && d.policy.RedemptionDays > 0 {
		data.RestoreUntil = window.LastRestore
		if fee, known := d.FeeAt(*d.policy, domainname.StageRedemption, window.End, d.Recurring.Currency, w.rates); known {
			data.RestoreFee = fee
		}
	}
	return data, nil
}
