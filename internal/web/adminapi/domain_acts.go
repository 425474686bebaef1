package adminapi

import (
	"context"
	"net/http"

	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/dispatch"
	"github.com/keystead/keystead/internal/domainname/renewal"
	"github.com/keystead/keystead/internal/domainname/watch"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
)

// ManualRenewal is the body of POST /domains/{id}/renew.
type ManualRenewal struct {
	Years       Years  `json:"years"`
	MoveNextDue bool   `json:"move_next_due" doc:"Next due follows; false: the domain will be invoiced for this term"`
	OpenLine    string `json:"open_line,omitempty" enum:"still_owed,not_owed" doc:"What becomes of an unpaid line that is open: needed where one is"`
	Reason      string `json:"reason,omitempty" maxLength:"10000" doc:"For the history"`
}

// RenewedDomain is a domain with the renewal that was just made of it.
type RenewedDomain struct {
	Domain

	Renewal Renewal `json:"renewal"`
}

// SyncedDomain is a domain with what reading its registry has found.
type SyncedDomain struct {
	Domain

	Reading *DomainFinding `json:"reading" doc:"What differed; null: nothing"`
}

// DomainFinding is what a reading of a registry found that differs.
type DomainFinding struct {
	RunID    string `json:"run_id" example:"dsr_01hx2b6yh4m3nq0r8s5t"`
	DomainID string `json:"domain_id" example:"dom_01hx2b6yh4m3nq0r8s5t"`
	Name     string `json:"name" example:"example.com"`
	Finding  string `json:"finding" enum:"corrected,ahead,held,unreadable,not_found,other_sponsor,failed"`
	Stored   string `json:"stored" doc:"What the store had"`
	Read     string `json:"read" doc:"What was read"`
	Applied  bool   `json:"applied" doc:"The store took it"`
}

func showFinding(f watch.Finding) DomainFinding {
	return DomainFinding{RunID: f.RunID, DomainID: f.DomainID, Name: f.Name, Finding: f.Finding, Stored: f.Stored, Read: f.Read, Applied: f.Applied}
}

// AutoRenew is the body of POST /domains/{id}/auto-renew.
type AutoRenew struct {
	On     bool   `json:"on" doc:"The opposite of do_not_renew"`
	Reason string `json:"reason,omitempty" maxLength:"10000" doc:"For the history"`
}

// RegistrarAct is the body of POST /domains/{id}/registrar: what is left out stays.
type RegistrarAct struct {
	Nameservers *[]string   `json:"nameservers,omitempty" nullable:"false" maxItems:"13" doc:"These and no others"`
	Lock        *bool       `json:"lock,omitempty" doc:"Against transfers"`
	AuthCode    bool        `json:"auth_code,omitempty" doc:"Make a new one, and tell it"`
	Registrant  *Registrant `json:"registrant,omitempty" doc:"All of it"`
	Reason      string      `json:"reason,omitempty" maxLength:"10000" doc:"For the history"`
}

// Registrant is who holds a domain.
type Registrant struct {
	Name    string `json:"name" maxLength:"255" example:"Ada"`
	Company string `json:"company,omitempty" maxLength:"255"`
	Address string `json:"address" maxLength:"1000" example:"1 Lane\n12345 Town" doc:"Several lines"`
	Country string `json:"country" maxLength:"2" example:"DE"`
	Email   string `json:"email" maxLength:"255" example:"ada@example.com"`
	Phone   string `json:"phone,omitempty" maxLength:"64"`
}

// RegistrarAnswer is what came of a command.
type RegistrarAnswer struct {
	Class     string  `json:"class" example:"done" doc:"done, or pending: the registry will tell later. unknown: nobody can tell yet"`
	Reference *string `json:"reference" doc:"The registry's own"`
	Message   *string `json:"message" doc:"For staff"`
	AuthCode  *string `json:"auth_code" doc:"That was asked for. It is shown once"`
}

func (r RegistrarAnswer) withoutSecrets() any {
	r.AuthCode = nil
	return r
}

// DoneByHand is the body of POST /domains/{id}/by-hand.
type DoneByHand struct {
	RegistryExpiry string `json:"registry_expiry,omitempty" maxLength:"64" example:"2028-03-10" doc:"As it was read afterwards: an instant or a date"`
	ConfirmExpiry  bool   `json:"confirm_expiry,omitempty" doc:"The expiry of a new domain is the registry's, though it is over or not about what was bought"`
	Deleted        bool   `json:"deleted,omitempty" doc:"It was deleted, as it was asked for, in the place of a date"`
	Reference      string `json:"reference,omitempty" maxLength:"255" doc:"Of whoever did it"`
	Refused        string `json:"refused,omitempty" maxLength:"10000" doc:"Why it can't be done, in the place of a date"`
}

// DomainDeletion is the body of POST /domains/{id}/delete.
type DomainDeletion struct {
	Name    string `json:"name" maxLength:"255" example:"example.com" doc:"Of the domain, to be sure"`
	Version int64  `json:"version,omitempty" minimum:"1" maximum:"9007199254740991" doc:"That of the domain as you have read it: it is refused if there is another by now, or if the registry turns out to have years that it did not show"`
	Reason  string `json:"reason" maxLength:"10000" doc:"For the history" example:"nobody pays for it"`
}

// DomainAnswer is the body of POST /domains/{id}/answer.
type DomainAnswer struct {
	Answer string `json:"answer" enum:"extend_paid_through,invoice_again,let_go"`
	Reason string `json:"reason" maxLength:"10000" doc:"For the history" example:"agreed with the customer"`
}

// RestoreQuote is the body of POST /domains/{id}/restore-quote.
type RestoreQuote struct {
	Fee    Money  `json:"fee" doc:"On top of the renewal, in the domain's currency"`
	Reason string `json:"reason" maxLength:"10000" doc:"For the history" example:"asked at the registry"`
}

// RenewalQuote is the body of POST /domains/{id}/renewal-quote.
type RenewalQuote struct {
	Years  Years  `json:"years"`
	Price  Money  `json:"price" doc:"Of the renewal, in the domain's currency"`
	Reason string `json:"reason" maxLength:"10000" doc:"For the history" example:"asked at the registry"`
}

// DomainAdoption is the body of POST /domains/{id}/adopt.
type DomainAdoption struct {
	PaidThrough bool   `json:"paid_through" doc:"Paid-through follows"`
	Reason      string `json:"reason" maxLength:"10000" doc:"For the history" example:"confirmed by the registrar"`
}

// domainActs are the verbs of one domain.
func (a *API) domainActs() {
	const tag = "Domains"
	post := func(path, summary, notes string, codes ...string) route {
		return route{Method: http.MethodPost, Path: "/domains/{id}/" + path, Scope: "domains:write", Tag: tag, Summary: summary, Notes: notes, Codes: append([]string{codeNoDomain}, codes...), Status: http.StatusOK}
	}
	add(a, post("renew", "Renew a domain by hand", "Whether or not it is paid. By the same protocol and in the same ledger as every renewal: the answer tells how far it is, and what the registry says follows.",
		codeBadRequest, domainname.CodeTerm, codeRenewalOpen), a.renewByHand)
	sync := post("sync", "Read a domain at its registry now", "", "NO_REGISTRAR", "REGISTRAR_MANUAL", "DOMAIN_BUSY")
	sync.Repeat, sync.Long = after, true
	add(a, sync, a.syncDomain)
	add(a, post("adopt", "Take the registry's date that was held for review", "", "NOTHING_HELD"), func(ctx context.Context, in *struct {
		ByID
		Body DomainAdoption
	},
	) (Domain, error) {
		_, err := a.Watch.Adopt(ctx, in.ID, in.Body.PaidThrough, in.Body.Reason)
		return a.domain(ctx, in.ID, err)
	})
	add(a, post("restore-quote", "Enter what the restore of a domain costs", "Until the redemption of the present term is over it counts in the place of the extension's fee. A renewal that waits for it is asked for it at once.", "NO_RESTORE"), func(ctx context.Context, in *struct {
		ByID
		Body RestoreQuote
	},
	) (Domain, error) {
		_, err := a.Renewals.QuoteRestore(ctx, in.ID, in.Body.Fee.value(), in.Body.Reason)
		return a.domain(ctx, in.ID, err)
	})
	add(a, post("renewal-quote", "Enter what a renewal of a premium name costs", "Where no registrar tells it: for orders, for the automatic invoice, and before it is sent, until the present term is renewed. The name counts as a premium one from then on. A renewal that waits for a price goes on.", codeBadRequest, "DOMAIN_NOT_ACTIVE", "PRICE_KNOWN"), func(ctx context.Context, in *struct {
		ByID
		Body RenewalQuote
	},
	) (Domain, error) {
		_, err := a.Renewals.QuoteRenewal(ctx, in.ID, int(in.Body.Years), in.Body.Price.value(), in.Body.Reason)
		return a.domain(ctx, in.ID, err)
	})
	add(a, post("auto-renew", "Turn the automatic invoices of a domain on or off", "Off takes an unpaid line back, where the settings say so."), func(ctx context.Context, in *struct {
		ByID
		Body AutoRenew
	},
	) (Domain, error) {
		_, err := a.Renewals.SetAutoRenew(ctx, in.ID, in.Body.On, in.Body.Reason)
		return a.domain(ctx, in.ID, err)
	})
	act := post("registrar", "Change nameservers, lock, transfer code or holder at the registrar", "At once. class says what came of it: done, pending, a refusal, or unknown while nobody can tell, which is read and stands in the audit log then. The holder of a domain that is ordered and not confirmed is noted, and the registrar is asked for the domain again with it; nothing else of one can be changed.", "NO_REGISTRAR", "DOMAIN_NOT_ACTIVE", "COMMAND_IN_FLIGHT", "DOMAIN_BUSY")
	act.Repeat, act.Long = after, true
	add(a, act, a.actAtRegistrar)
	add(a, post("retry", "Try a registration or a transfer again", "One that is paid and not confirmed, while nothing that was asked of the registrar is awaited. It begins with reading the registry; what is not there is asked for.",
		"NOTHING_TO_TRY", "COMMAND_IN_FLIGHT"), func(ctx context.Context, in *reasonInput) (Domain, error) {
		err := a.Dispatch.Retry(ctx, in.ID, in.reason())
		return a.domain(ctx, in.ID, err)
	})
	del := post("delete", "Have the registry delete a domain", "At once, and never twice: class says done, pending, or unknown while nobody can tell, which is asked about then. What is unpaid of its renewal is withdrawn with it, its automatic invoices are turned off, and the customer is told when it is done.",
		codeChanged, "NO_REGISTRAR", "NOT_OFFERED", "COMMAND_IN_FLIGHT", "DOMAIN_BUSY", "DOMAIN_DELETED", "RENEWAL_UNCONFIRMED", "PAYMENT_IN_PROGRESS", "REGISTRY_LOCK", "REGISTRAR_REFUSED", "NOT_AT_REGISTRAR", "NOT_SENT")
	del.Repeat, del.Long = after, true
	add(a, del, a.deleteDomain)
	add(a, post("by-hand", "Say what was done by hand at a registrar that people work with", ""), func(ctx context.Context, in *struct {
		ByID
		Body DoneByHand
	},
	) (Domain, error) {
		err := a.Dispatch.ByHand(ctx, in.ID, dispatch.ByHand{Expiry: in.Body.RegistryExpiry, Sure: in.Body.ConfirmExpiry, Deleted: in.Body.Deleted, Reference: in.Body.Reference, Refused: in.Body.Refused})
		return a.domain(ctx, in.ID, named(err, func(field string) string { return "registry_" + field }))
	})
	add(a, post("answer", "Say what becomes of a term that the registry has and nobody paid for", "Until then the registry's date counts for status and notices. The first answer counts.", "NOTHING_TO_ANSWER", "NOTHING_TO_EXTEND", codeRenewalOpen), func(ctx context.Context, in *struct {
		ByID
		Body DomainAnswer
	},
	) (Domain, error) {
		err := a.Renewals.Answer(ctx, in.ID, in.Body.Answer, in.Body.Reason)
		return a.domain(ctx, in.ID, err)
	})
}

func (a *API) renewByHand(ctx context.Context, in *struct {
	ByID
	Body ManualRenewal
},
) (RenewedDomain, error) {
	r, err := a.Renewals.Manual(ctx, in.ID, renewal.ManualInput{
		Years: int(in.Body.Years), MoveNextDue: &in.Body.MoveNextDue, OpenLine: in.Body.OpenLine, Reason: in.Body.Reason,
	})
	d, err := a.domain(ctx, in.ID, err)
	return RenewedDomain{Domain: d, Renewal: showRenewal(r)}, err
}

func (a *API) syncDomain(ctx context.Context, in *ByID) (SyncedDomain, error) {
	f, err := a.Watch.Sync(ctx, in.ID)
	d, err := a.domain(ctx, in.ID, err)
	shown := SyncedDomain{Domain: d}
	if f.Finding != "" {
		found := showFinding(f)
		shown.Reading = &found
	}
	return shown, err
}

func (a *API) deleteDomain(ctx context.Context, in *struct {
	ByID
	Body DomainDeletion
},
) (RegistrarAnswer, error) {
	answer, err := a.Dispatch.Delete(ctx, in.ID, dispatch.Deletion{Name: in.Body.Name, Version: in.Body.Version, Reason: in.Body.Reason})
	return RegistrarAnswer{Class: string(answer.Class), Reference: orNull(answer.Reference), Message: orNull(answer.Message)}, err
}

func (a *API) actAtRegistrar(ctx context.Context, in *struct {
	ByID
	Body RegistrarAct
},
) (RegistrarAnswer, error) {
	act := dispatch.Act{Nameservers: in.Body.Nameservers, Lock: in.Body.Lock, AuthCode: in.Body.AuthCode, Reason: in.Body.Reason}
	if r := in.Body.Registrant; r != nil {
		act.Registrant = &domainname.Registrant{Name: r.Name, Company: r.Company, Address: r.Address, Country: r.Country, Email: r.Email, Phone: r.Phone}
	}
	answer, err := a.Dispatch.Do(ctx, in.ID, act)
	return RegistrarAnswer{
		Class: string(answer.Class), Reference: orNull(answer.Reference), Message: orNull(answer.Message), AuthCode: orNull(answer.AuthCode),
	}, err
}

// DomainCommand is what a registrar was told about a domain.
type DomainCommand struct {
	ID          string  `json:"id" example:"rcm_01hx2b6yh4m3nq0r8s5t"`
	Transaction string  `json:"transaction_id" doc:"Never used twice"`
	Command     string  `json:"command" enum:"register,transfer,renew,restore,restore_report,set_mode,update,delete"`
	RenewalID   *string `json:"renewal_id" example:"drn_01hx2b6yh4m3nq0r8s5t"`
	Years       int     `json:"years" example:"1"`
	Attempt     int     `json:"attempt" example:"1"`
	Outcome     *string `json:"outcome" example:"confirmed" doc:"Null: not known yet"`
	Code        *int    `json:"code" example:"1000" doc:"Of EPP"`
	Message     *string `json:"message" doc:"For staff"`
	CreatedAt   string  `json:"created_at" example:"2027-03-01T12:00:00Z"`
	SettledAt   *string `json:"settled_at" example:"2027-03-01T12:00:01Z"`
}

func showCommand(c dispatch.Command) DomainCommand {
	shown := DomainCommand{
		ID: c.ID, Transaction: c.Transaction, Command: c.Command, RenewalID: orNull(c.RenewalID), Years: c.Years, Attempt: c.Attempt, Outcome: orNull(c.Outcome),
		Message: orNull(c.Message), CreatedAt: c.CreatedAt, SettledAt: orNull(c.SettledAt),
	}
	if c.Code > 0 {
		shown.Code = &c.Code
	}
	return shown
}

// Outlook is what will happen to a domain, as things are now.
type Outlook struct {
	LastSafeDay *string       `json:"last_safe_day" doc:"A date: until when the paid renewal should be confirmed; null: none is under way"`
	Steps       []OutlookStep `json:"steps" doc:"In the order of days"`
}

// OutlookStep is something that will happen, or may.
type OutlookStep struct {
	On   string `json:"on" example:"2027-02-24" doc:"A date"`
	What string `json:"what" example:"invoice" doc:"invoice, no_invoice (its term is not on offer), charge, renew, last_day, grace_ends, redemption_ends, registry_date_moves"`
	Sum  *Money `json:"sum"`
	Text string `json:"text" doc:"A sentence for the customer"`
}

// domainHistory is what was, and what will be.
func (a *API) domainHistory() {
	const tag = "Domains"
	add(a, route{
		Method: http.MethodGet, Path: "/domains/{id}/renewals", Scope: "domains:read", Tag: tag, Summary: "List the renewals of a domain",
		Notes: "The ledger, newest first, the last 200 on one page.", Codes: []string{codeNoDomain},
	}, func(ctx context.Context, in *ByID) (List[Renewal], error) {
		all, err := a.Domains.Renewals(ctx, in.ID, 200)
		return listOf(all, "", showRenewal), err
	})
	add(a, route{
		Method: http.MethodGet, Path: "/domains/{id}/commands", Scope: "domains:read", Tag: tag, Summary: "List what registrars were told about a domain",
		Notes: "Newest first, the last 200 on one page.", Codes: []string{codeNoDomain},
	}, func(ctx context.Context, in *ByID) (List[DomainCommand], error) {
		if _, err := a.Domains.ByID(ctx, in.ID); err != nil {
			return List[DomainCommand]{}, err
		}
		all, err := a.Dispatch.Commands(ctx, in.ID, 200)
		return listOf(all, "", showCommand), err
	})
	add(a, route{
		Method: http.MethodGet, Path: "/domains/{id}/outlook", Scope: "domains:read", Tag: tag, Summary: "Tell what will happen to a domain",
		Notes: "As things are now.", Codes: []string{codeNoDomain},
	}, func(ctx context.Context, in *ByID) (Outlook, error) {
		o, err := a.Renewals.Outlook(ctx, in.ID)
		shown := Outlook{LastSafeDay: showDate(o.LastSafe), Steps: []OutlookStep{}}
		for _, s := range o.Steps {
			step := OutlookStep{On: s.On.String(), What: s.What, Text: s.Text}
			if s.Sum.Currency != "" {
				sum := moneyOf(s.Sum)
				step.Sum = &sum
			}
			shown.Steps = append(shown.Steps, step)
		}
		return shown, err
	})
}

// UnconfirmedRenewal is a renewal that is paid and not confirmed.
type UnconfirmedRenewal struct {
	Renewal

	Name        string  `json:"name" example:"example.com"`
	LastSafeDay *string `json:"last_safe_day" example:"2027-03-09" doc:"A date: until when it should be confirmed"`
}

// AskedPrice is what the registry asks for a renewal that waits for that to be accepted.
type AskedPrice struct {
	Price   *Money `json:"price" doc:"In the renewal's currency"`
	Missing *Money `json:"missing" doc:"What an invoice asks the customer for when it is accepted, before tax"`
}

// PriceAcceptance is the body of POST /domain-renewals/{id}/accept-price.
type PriceAcceptance struct {
	Price Money `json:"price" doc:"That was seen, and agreed to. If the registry asks for another one by now, nothing is accepted"`
}

// AcceptedPrice is what came of accepting the registry's price.
type AcceptedPrice struct {
	InvoiceID *string `json:"invoice_id" example:"inv_01hx2b6yh4m3nq0r8s5t" doc:"Of the difference; null: nothing is missing"`
}

// domainRenewals are the verbs of one renewal, and what is under way of all.
func (a *API) domainRenewals() {
	const tag = "Domains"
	add(a, route{
		Method: http.MethodGet, Path: "/domain-calendar", Scope: "domains:read", Tag: tag, Summary: "Tell what falls on which day",
		Notes: "Due dates with their sums, ends of terms, last days of plain renewals and last safe days; days on which nothing falls are left out.",
	}, a.domainCalendar)
	add(a, route{
		Method: http.MethodGet, Path: "/domain-renewals/unconfirmed", Scope: "domains:read", Tag: tag, Summary: "List renewals that are paid and not confirmed",
		Notes: "Those whose last safe day is nearest first, 200 on one page.",
	}, func(ctx context.Context, _ *struct{}) (List[UnconfirmedRenewal], error) {
		all, err := a.Renewals.Unconfirmed(ctx, 200)
		return listOf(all, "", func(u renewal.Unsafe) UnconfirmedRenewal {
			return UnconfirmedRenewal{Renewal: showRenewal(u.Renewal), Name: u.Name, LastSafeDay: showDate(u.LastSafe)}
		}), err
	})
	add(a, route{
		Method: http.MethodGet, Path: "/domain-renewals/{id}", Scope: "domains:read", Tag: tag, Summary: "Show a renewal", Codes: []string{codeNoRenewal},
	}, func(ctx context.Context, in *ByID) (Renewal, error) {
		r, err := a.Domains.RenewalByID(ctx, in.ID)
		return showRenewal(r), err
	})
	add(a, route{
		Method: http.MethodPost, Path: "/domain-renewals/{id}/release", Scope: "domains:write", Tag: tag, Summary: "Let a renewal go on that waits for staff",
		Notes: "One that is held, or needs attention. It begins with reading the registry.", Codes: []string{codeNoRenewal, codeRenewalState},
	}, func(ctx context.Context, in *reasonInput) (Renewal, error) {
		r, err := a.Renewals.Release(ctx, in.ID, in.reason())
		return showRenewal(r), err
	})
	add(a, route{
		Method: http.MethodPost, Path: "/domain-renewals/{id}/accept-price", Scope: "domains:write", Tag: tag, Summary: "Accept the registry's price for the customer",
		Notes: "Of a renewal that is held for its price: the one that GET …/asked-price has told. It goes on when the invoice of the difference is paid.",
		Codes: []string{codeNoRenewal, "NO_PRICE_TO_ACCEPT", "PRICE_CHANGED", domainname.CodeTerm},
	}, func(ctx context.Context, in *struct {
		ByID
		Body PriceAcceptance
	},
	) (AcceptedPrice, error) {
		id, err := a.Renewals.AcceptPrice(ctx, in.ID, in.Body.Price.value())
		return AcceptedPrice{InvoiceID: orNull(id)}, err
	})
	add(a, route{
		Method: http.MethodGet, Path: "/domain-renewals/{id}/asked-price", Scope: "domains:read", Tag: tag, Summary: "Tell what the registry asks for a renewal",
		Notes: "Of one that is held for its price; nulls where it is not, or the price is not known.", Codes: []string{codeNoRenewal},
	}, func(ctx context.Context, in *ByID) (AskedPrice, error) {
		r, err := a.Domains.RenewalByID(ctx, in.ID)
		if err != nil {
			return AskedPrice{}, err
		}
		asked, known, err := a.Renewals.AskedPrice(ctx, r)
		if err != nil || !known {
			return AskedPrice{}, err
		}
		return AskedPrice{Price: new(moneyOf(asked.Price)), Missing: new(moneyOf(money.New(max(0, asked.Missing.Amount), asked.Missing.Currency)))}, nil
	})
}

// CalendarDay is what falls on a day.
type CalendarDay struct {
	On      string   `json:"on" example:"2027-03-10" doc:"A date"`
	What    string   `json:"what" enum:"due,term_end,last_plain,last_safe"`
	Count   int      `json:"count" example:"1" doc:"Of domains"`
	Total   *Money   `json:"total" doc:"Of what falls due, in the store's currency"`
	Domains []Domain `json:"domains" doc:"The first 20 of them"`
}

type calendarInput struct {
	From string `query:"from" maxLength:"10" doc:"A date. Default: today"`
	To   string `query:"to" maxLength:"10" doc:"A date, which is not part of it, at most 400 days later. Default: 31 days later"`
}

func (a *API) domainCalendar(ctx context.Context, in *calendarInput) (List[CalendarDay], error) {
	today, err := a.today(ctx)
	if err != nil {
		return List[CalendarDay]{}, err
	}
	var bad fail.Fields
	from, to := dateOf(&bad, "from", in.From), dateOf(&bad, "to", in.To)
	if err := bad.Err(); err != nil {
		return List[CalendarDay]{}, err
	}
	if from.IsZero() {
		from = today
	}
	if to.IsZero() {
		to = from.AddDays(31)
	}
	days, err := a.Domains.Calendar(ctx, from, to)
	return listOf(days, "", func(d domainname.Day) CalendarDay {
		shown := CalendarDay{On: d.On.String(), What: d.What, Count: d.Count, Domains: []Domain{}}
		if d.What == "due" {
			total := moneyOf(d.Total)
			shown.Total = &total
		}
		for _, r := range d.Rows {
			shown.Domains = append(shown.Domains, showDomain(r))
		}
		return shown
	}), err
}
