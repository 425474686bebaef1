package adminapi

import (
	"time"

	"github.com/keystead/keystead/internal/domainname"
)

// Domain is a domain as the API shows it, alone and in lists. Dates of the registry are UTC; next_due is of the store's zone.
type Domain struct {
	ID             string       `json:"id" example:"dom_01hx2b6yh4m3nq0r8s5t"`
	Name           string       `json:"name" example:"xn--bcher-kva.example" doc:"As it is stored and sent: A-labels"`
	UnicodeName    string       `json:"unicode_name" example:"bücher.example" doc:"As people read it"`
	Extension      string       `json:"extension" example:"example"`
	Type           string       `json:"type" enum:"register,transfer"`
	Status         string       `json:"status" enum:"pending,pending_registration,pending_transfer,active,grace,redemption,expired,transferred_away,cancelled,fraud" doc:"As it is now"`
	Confirming     bool         `json:"confirming" doc:"A renewal is paid, and the registry has not confirmed it yet"`
	CustomerID     string       `json:"customer_id" example:"cus_01hx2b6yh4m3nq0r8s5t"`
	OrderID        *string      `json:"order_id" example:"ord_01hx2b6yh4m3nq0r8s5t" doc:"That registered it, or took it over"`
	Registrar      *string      `json:"registrar" example:"simulator" doc:"Its name"`
	RegistryExpiry *time.Time   `json:"registry_expiry" doc:"As the registry says"`
	ExpiryRaw      *string      `json:"registry_expiry_raw" example:"2027-03-10T12:00:00Z" doc:"As it was written"`
	ExpirySource   *string      `json:"registry_expiry_source" enum:"epp,registrar,staff,import,predicted"`
	ExpiryReadAt   *time.Time   `json:"registry_expiry_read_at"`
	TermEnd        *string      `json:"term_end" example:"2027-03-10" doc:"A date: where the term ends from which notices, windows and fees count"`
	YearsAhead     int          `json:"years_ahead" example:"0" doc:"By how many years the registry is ahead of it"`
	PaidThrough    *string      `json:"paid_through" example:"2027-03-10" doc:"A date: until when the customer has paid"`
	NextDue        *string      `json:"next_due" example:"2027-03-10" doc:"A date: when the next renewal falls due"`
	TermYears      *int         `json:"term_years" example:"1" doc:"For how many years it renews by itself; null: it does not"`
	Recurring      Money        `json:"recurring" doc:"What its automatic renewals cost"`
	DoNotRenew     bool         `json:"do_not_renew" doc:"No invoice is made by itself"`
	Free           bool         `json:"free"`
	BundledWith    *string      `json:"bundled_with" example:"sub_01hx2b6yh4m3nq0r8s5t" doc:"The subscription that it is free with"`
	Premium        bool         `json:"premium" doc:"The registry has a price of its own for the name"`
	PremiumClass   *string      `json:"premium_class"`
	RestoreFee     *Money       `json:"restore_fee" doc:"As staff have quoted it for this domain; null: that of its extension counts"`
	FirstDay       *string      `json:"first_day" doc:"A date: of a renewal; null: any day"`
	LastPlainDay   *string      `json:"last_plain_day" doc:"A date: of a renewal without a restore"`
	LastRestoreDay *string      `json:"last_restore_day" doc:"A date; null: it can't be restored"`
	OpenRenewal    *OpenRenewal `json:"open_renewal" doc:"That is not over"`
	Statuses       []string     `json:"registry_statuses" doc:"Of RFC 5731 and RFC 3915, as they were read last"`
	Sponsor        *string      `json:"registry_sponsor" enum:"unknown,ours,other"`
	StateReadAt    *time.Time   `json:"registry_read_at"`
	Nameservers    []string     `json:"nameservers" doc:"That the store has asked for"`
	Registrant     *Holder      `json:"registrant" doc:"Who holds it, as the registry was told; null: the store does not know. It is changed at the registrar, by POST …/registrar"`
	RenewalMode    *string      `json:"renewal_mode" enum:"renew,expire" doc:"As it was set where there is no renew command"`
	DeletedAt      *time.Time   `json:"deleted_at" doc:"When staff had the registry delete it; null: they did not, or the registry has it again"`
	Unanswered     bool         `json:"unanswered" doc:"Staff must say what becomes of a term that the registry has and nobody paid for"`
	Version        int64        `json:"version" example:"1"`
	CreatedAt      time.Time    `json:"created_at"`
	UpdatedAt      time.Time    `json:"updated_at"`
}

// Holder is who holds a domain.
type Holder struct {
	Name    string  `json:"name" example:"Ada"`
	Company *string `json:"company"`
	Address *string `json:"address" example:"1 Lane\n12345 Town" doc:"Several lines"`
	Country *string `json:"country" example:"DE" doc:"ISO 3166-1, two letters"`
	Email   string  `json:"email" example:"ada@example.com"`
	Phone   *string `json:"phone"`
}

// OpenRenewal is the renewal of a domain that is not over.
type OpenRenewal struct {
	ID        string  `json:"id" example:"drn_01hx2b6yh4m3nq0r8s5t"`
	State     string  `json:"state" enum:"open,paid,held,arranged,submitted,unknown,attention"`
	Hold      *string `json:"hold" enum:"top_up,price,funds,lock,staff,registry" doc:"For what it waits"`
	Kind      string  `json:"kind" enum:"automatic,ordered,free,manual"`
	Years     int     `json:"years" example:"1"`
	Base      string  `json:"base" example:"2027-03-10" doc:"A date: from where it counts"`
	Expected  string  `json:"expected" example:"2028-03-10" doc:"A date: where it leads"`
	Price     Money   `json:"price"`
	Fee       Money   `json:"fee"`
	InvoiceID *string `json:"invoice_id" example:"inv_01hx2b6yh4m3nq0r8s5t"`
	// LastSafeDay is of a paid one.
	LastSafeDay *string `json:"last_safe_day" example:"2027-03-09" doc:"A date: until when it should be confirmed, if it is paid"`
}

// showDomain shows a domain.
func showDomain(r domainname.Row) Domain {
	d, w := r.Domain, r.Standing.Window
	end, ahead := d.TermEnd()
	shown := Domain{
		ID: d.ID, Name: d.Name.String(), UnicodeName: d.Name.Unicode(), Extension: d.Extension, Type: string(d.Kind), Status: string(r.Standing.Status),
		Confirming: r.Confirming, CustomerID: d.CustomerID, OrderID: orNull(d.OrderID), Registrar: orNull(r.Registrar), ExpiryRaw: orNull(d.Expiry.Raw),
		ExpirySource: orNull(string(d.Expiry.Source)), RegistryExpiry: orNever(d.Expiry.At), ExpiryReadAt: orNever(d.Expiry.ReadAt), TermEnd: showDate(end),
		YearsAhead: ahead, PaidThrough: showDate(d.PaidThrough), NextDue: showDate(d.NextDue), Recurring: moneyOf(d.Recurring), DoNotRenew: d.DoNotRenew,
		Free: d.Free(), BundledWith: orNull(d.BundledWith), Premium: d.Premium != nil, FirstDay: showDate(w.First), LastPlainDay: showDate(w.LastPlain),
		LastRestoreDay: showDate(w.LastRestore), Statuses: append(append([]string{}, d.State.EPP...), d.State.RGP...), Sponsor: orNull(string(d.State.Sponsor)),
		StateReadAt: orNever(d.State.ReadAt), Nameservers: append([]string{}, d.Nameservers...), RenewalMode: orNull(string(d.Mode)), Unanswered: d.Unanswered,
		DeletedAt: utc(d.DeletedAt), Version: d.Version, CreatedAt: d.CreatedAt.UTC(), UpdatedAt: d.UpdatedAt.UTC(),
	}
	if d.Term > 0 {
		shown.TermYears = &d.Term
	}
	if d.Premium != nil {
		shown.PremiumClass = orNull(d.Premium.Class)
	}
	if q := d.RestoreQuote; q != nil && q.Term == w.End {
		fee := moneyOf(q.Fee)
		shown.RestoreFee = &fee
	}
	if x := d.Registrant; x != (domainname.Registrant{}) {
		shown.Registrant = &Holder{
			Name: x.Name, Company: orNull(x.Company), Address: orNull(x.Address), Country: orNull(x.Country), Email: x.Email, Phone: orNull(x.Phone),
		}
	}
	if o := r.Open; o != nil {
		shown.OpenRenewal = &OpenRenewal{
			ID: o.ID, State: string(o.State), Hold: orNull(string(o.Hold)), Kind: string(o.Kind), Years: o.Years, Base: o.Base.String(),
			Expected: o.Expected.String(), Price: moneyOf(o.Price), Fee: moneyOf(o.Fee), InvoiceID: orNull(o.InvoiceID), LastSafeDay: showDate(r.LastSafe),
		}
	}
	return shown
}

// orNever is an instant that may not have come.
func orNever(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return utc(&t)
}

// Renewal is a row of the ledger of renewals.
type Renewal struct {
	ID           string     `json:"id" example:"drn_01hx2b6yh4m3nq0r8s5t"`
	DomainID     string     `json:"domain_id" example:"dom_01hx2b6yh4m3nq0r8s5t"`
	CustomerID   string     `json:"customer_id" example:"cus_01hx2b6yh4m3nq0r8s5t"`
	State        string     `json:"state" enum:"open,paid,held,arranged,submitted,unknown,attention,confirmed,satisfied,withdrawn,revoked,refunded,lost"`
	Hold         *string    `json:"hold" enum:"top_up,price,funds,lock,staff,registry" doc:"For what it waits while it is held"`
	Cause        *string    `json:"cause" example:"fee_unpaid" doc:"A code while it waits or needs a person; of one that is over, maybe words; null while it goes on, unless staff have released it"`
	CauseText    *string    `json:"cause_text" example:"its fee is not paid yet" doc:"The same for people: staff, not customers"`
	Kind         string     `json:"kind" enum:"automatic,ordered,free,manual"`
	Years        int        `json:"years" example:"1"`
	Base         string     `json:"base" example:"2027-03-10" doc:"A date: from where it counts"`
	Expected     string     `json:"expected" example:"2028-03-10" doc:"A date: where it leads"`
	DueOn        *string    `json:"due_on" example:"2027-03-10" doc:"A date: that an automatic one is for"`
	Price        Money      `json:"price"`
	Fee          Money      `json:"fee" doc:"Of the stage"`
	Stage        string     `json:"stage" enum:"active,grace,too_late,redemption"`
	PolicyID     string     `json:"policy_id" example:"tld_01hx2b6yh4m3nq0r8s5t" doc:"The row that decided"`
	InvoiceID    *string    `json:"invoice_id" example:"inv_01hx2b6yh4m3nq0r8s5t"`
	LineID       *string    `json:"line_id" example:"lin_01hx2b6yh4m3nq0r8s5t"`
	OrderID      *string    `json:"order_id" example:"ord_01hx2b6yh4m3nq0r8s5t"`
	FeeInvoiceID *string    `json:"fee_invoice_id" example:"inv_01hx2b6yh4m3nq0r8s5t" doc:"That it waits for besides"`
	Reference    *string    `json:"reference" doc:"The registry's own, of the command that did it"`
	Resends      int        `json:"resends"`
	Owed         bool       `json:"owed" doc:"Staff renewed before it was paid"`
	MovesDue     bool       `json:"move_next_due" doc:"Next due follows"`
	PaidAt       *time.Time `json:"paid_at"`
	SettledAt    *time.Time `json:"settled_at"`
	CreatedAt    time.Time  `json:"created_at"`
}

func showRenewal(r domainname.Renewal) Renewal {
	return Renewal{
		ID: r.ID, DomainID: r.DomainID, CustomerID: r.CustomerID, State: string(r.State), Hold: orNull(string(r.Hold)), Cause: orNull(r.Because()), CauseText: orNull(r.Why()), Kind: string(r.Kind),
		Years: r.Years, Base: r.Base.String(), Expected: r.Expected.String(), DueOn: showDate(r.DueOn), Price: moneyOf(r.Price), Fee: moneyOf(r.Fee),
		Stage: string(r.Stage), PolicyID: r.PolicyID, InvoiceID: orNull(r.InvoiceID), LineID: orNull(r.LineID), OrderID: orNull(r.OrderID),
		FeeInvoiceID: orNull(r.FeeInvoiceID), Reference: orNull(r.Reference), Resends: r.Resends, Owed: r.Owed, MovesDue: !r.LeaveDue, PaidAt: utc(r.PaidAt),
		SettledAt: utc(r.SettledAt), CreatedAt: r.CreatedAt.UTC(),
	}
}

// RenewalTerm is a term of a renewal: on offer with its price, or the reason why not.
type RenewalTerm struct {
	Years     int     `json:"years" example:"1"`
	Price     *Money  `json:"price" doc:"With the fee of the stage; null: it is not on offer"`
	Fee       *Money  `json:"fee" doc:"Of the stage, a part of the price"`
	NewExpiry *string `json:"new_expiry" example:"2028-03-10" doc:"A date: where it leads, as far as can be foretold"`
	Reason    *string `json:"reason" enum:"not_priced,cap,too_early,too_late,registry_limit,redemption,renewal_open,free_with_product,free_not_bundled,registry_lock,not_active,quote_needed,orders_off" doc:"Why it is not on offer"`
	FirstDay  *string `json:"first_day" doc:"A date: the first possible one, where there is one"`
	LastDay   *string `json:"last_day" doc:"A date: the last possible one, where there is one"`
	Restore   *Money  `json:"restore_price" doc:"In redemption: what it costs together with a restore, which an order of it asks for"`
}

// showTerms are the terms of one to ten years.
func showTerms(o domainname.Offer) (terms []RenewalTerm, err error) {
	for years := 1; years <= 10; years++ {
		shown := RenewalTerm{Years: years}
		for _, t := range append(o.Terms, o.Restores...) {
			if t.Years == years {
				shown.NewExpiry = showDate(t.Expiry)
			}
		}
		term, refusal := o.Term(years)
		if refusal == nil {
			total, err := term.Total()
			if err != nil {
				return nil, err
			}
			price, fee := moneyOf(total), moneyOf(term.Fee)
			shown.Price, shown.Fee = &price, &fee
		} else {
			shown.Reason = orNull(string(refusal.Reason))
			shown.FirstDay, shown.LastDay = showDate(refusal.FirstDay), showDate(refusal.LastDay)
		}
		for _, t := range o.Restores {
			if t.Years != years {
				continue
			}
			total, err := t.Total()
			if err != nil {
				return nil, err
			}
			price := moneyOf(total)
			shown.Restore = &price
		}
		terms = append(terms, shown)
	}
	return terms, nil
}
