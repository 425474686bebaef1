package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
)

// DomainPriceFilter says which domains a price update is about.
type DomainPriceFilter struct {
	Extension   string `json:"extension,omitempty" maxLength:"255" example:"com"`
	TermYears   *Years `json:"term_years,omitempty"`
	Currency    string `json:"currency,omitempty" maxLength:"3" doc:"Needed where amounts are named"`
	RegistrarID string `json:"registrar_id,omitempty" maxLength:"64"`
	Status      string `json:"status,omitempty" enum:"pending,pending_registration,pending_transfer,active,grace,redemption,expired,transferred_away,cancelled,fraud" doc:"Default: every one that is not over"`
	Group       string `json:"group,omitempty" maxLength:"64" doc:"The client group of their customers"`
	From        *int64 `json:"from,omitempty" minimum:"0" maximum:"9007199254740991" doc:"Least amount, in minor units"`
	To          *int64 `json:"to,omitempty" minimum:"0" maximum:"9007199254740991" doc:"Most, in minor units"`
	Premium     bool   `json:"premium,omitempty" doc:"Premium names, too"`
	Free        bool   `json:"free,omitempty" doc:"Free ones, too"`
}

// DomainPriceChange is how they change.
type DomainPriceChange struct {
	Mode         string `json:"mode" enum:"list,amount,percent,delta" doc:"list: to what the price table says on the day of the start"`
	Value        string `json:"value,omitempty" maxLength:"20" example:"5" doc:"A percentage such as 5 or -2.5, or an amount in major units such as 1.50"`
	Step         string `json:"step,omitempty" maxLength:"20" doc:"Rounded to its multiples; in major units"`
	Floor        string `json:"floor,omitempty" maxLength:"20" doc:"In major units"`
	Ceiling      string `json:"ceiling,omitempty" maxLength:"20" doc:"In major units"`
	NotBelowCost bool   `json:"not_below_cost,omitempty"`
}

// NewDomainPriceUpdate is the body of POST /domain-price-updates.
type NewDomainPriceUpdate struct {
	Filter     *DomainPriceFilter `json:"filter,omitempty" doc:"Left out: all domains"`
	Change     DomainPriceChange  `json:"change"`
	StartsOn   string             `json:"starts_on,omitempty" maxLength:"10" example:"2027-07-01" doc:"A date. Default: today, at once; where customers are told, the first day that leaves them the time"`
	Notify     bool               `json:"notify,omitempty" doc:"Tell the customers before; a domain whose customer was not told stays as it is"`
	NoticeDays *int               `json:"notice_days,omitempty" minimum:"1" maximum:"365" doc:"How long before the start. Default: 30; named, it is told"`
	Reason     string             `json:"reason,omitempty" maxLength:"10000" example:"New prices from July on" doc:"Needed unless it is a preview"`
	Preview    bool               `json:"preview,omitempty" doc:"Tell what would change, and change nothing"`
}

// DomainPriceUpdate is a change of what many domains cost, or what one would do.
type DomainPriceUpdate struct {
	ID         *string             `json:"id" example:"dpu_01hx2b6yh4m3nq0r8s5t" doc:"Null of a preview"`
	Status     string              `json:"status" enum:"planning,scheduled,applied,undone,preview" doc:"planning: of more than a thousand domains the rest is written down within minutes, and what is due applied"`
	Filter     DomainPriceFilter   `json:"filter"`
	Change     DomainPriceChange   `json:"change"`
	StartsOn   string              `json:"starts_on" example:"2027-07-01" doc:"A date"`
	NoticeDays *int                `json:"notice_days" doc:"Null: customers are not told"`
	Reason     *string             `json:"reason"`
	Counts     DomainPriceCounts   `json:"counts"`
	Data       []DomainPriceRow    `json:"data" doc:"Of a preview: the first 500 rows"`
	Refused    []DomainPriceRow    `json:"refused" doc:"Of a preview: the first 500 that have no such amount"`
	Totals     []DomainPriceTotals `json:"totals" doc:"Of a preview: by currency"`
	CreatedAt  *time.Time          `json:"created_at"`
	AppliedAt  *time.Time          `json:"applied_at"`
	UndoneAt   *time.Time          `json:"undone_at"`
}

// DomainPriceCounts says how many rows are how far.
type DomainPriceCounts struct {
	Planned int `json:"planned"`
	Applied int `json:"applied"`
	Same    int `json:"same" doc:"They cost that already"`
	Skipped int `json:"skipped" doc:"They were changed meanwhile, their customer was not told in time, or there is no such amount"`
	Undone  int `json:"undone"`
	Kept    int `json:"kept" doc:"They were changed after the update, and not taken back with it"`
}

// DomainPriceRow is what an update does to one domain.
type DomainPriceRow struct {
	DomainID   string  `json:"domain_id" example:"dom_01hx2b6yh4m3nq0r8s5t"`
	Name       string  `json:"name" example:"example.com"`
	CustomerID string  `json:"customer_id" example:"cus_01hx2b6yh4m3nq0r8s5t"`
	TermYears  int     `json:"term_years" example:"1"`
	Before     Money   `json:"before"`
	After      Money   `json:"after"`
	Difference Money   `json:"difference"`
	State      string  `json:"state" enum:"planned,applied,same,skipped,undone,kept"`
	Detail     *string `json:"detail" doc:"Why it was skipped or refused"`
}

// DomainPriceTotals are what domains cost together in one currency.
type DomainPriceTotals struct {
	Currency    string `json:"currency" example:"EUR"`
	Domains     int    `json:"domains"`
	Before      Money  `json:"before" doc:"Of their terms"`
	After       Money  `json:"after"`
	YearBefore  Money  `json:"year_before" doc:"In a year"`
	YearAfter   Money  `json:"year_after"`
	MonthBefore Money  `json:"month_before" doc:"In a month"`
	MonthAfter  Money  `json:"month_after"`
}

func showPriceRow(r domainname.PriceUpdateRow) DomainPriceRow {
	return DomainPriceRow{
		DomainID: r.DomainID, Name: r.Name, CustomerID: r.CustomerID, TermYears: r.Term, Before: moneyOf(r.Before), After: moneyOf(r.After),
		Difference: Money{Amount: r.After.Amount - r.Before.Amount, Currency: string(r.After.Currency)}, State: r.State, Detail: orNull(r.Detail),
	}
}

func showDomainPriceUpdate(u domainname.PriceUpdate) DomainPriceUpdate {
	shown := DomainPriceUpdate{
		ID: orNull(u.ID), Status: u.Status, StartsOn: u.StartsOn.String(), NoticeDays: u.NoticeDays, Reason: orNull(u.Reason),
		Filter: DomainPriceFilter{
			Extension: u.Filter.Extension, Currency: string(u.Filter.Currency), RegistrarID: u.Filter.RegistrarID, Status: string(u.Filter.Status),
			Group: u.Filter.Group, From: u.Filter.From, To: u.Filter.To, Premium: u.Filter.Premium, Free: u.Filter.Free,
		},
		Change: DomainPriceChange{
			Mode: string(u.Change.Mode), Value: u.Change.Value, Step: u.Change.Step, Floor: u.Change.Floor, Ceiling: u.Change.Ceiling, NotBelowCost: u.Change.NotBelowCost,
		},
		Counts: DomainPriceCounts{
			Planned: u.Counts["planned"], Applied: u.Counts["applied"], Same: u.Counts["same"], Skipped: u.Counts["skipped"], Undone: u.Counts["undone"], Kept: u.Counts["kept"],
		},
		Data: []DomainPriceRow{}, Refused: []DomainPriceRow{}, Totals: []DomainPriceTotals{}, CreatedAt: orNever(u.CreatedAt), AppliedAt: utc(u.AppliedAt), UndoneAt: utc(u.UndoneAt),
	}
	if u.Filter.Term > 0 {
		shown.Filter.TermYears = new(Years(u.Filter.Term))
	}
	return shown
}

const codeNoDomainPriceUpdate = "PRICE_UPDATE_NOT_FOUND"

func (a *API) domainPriceUpdates() {
	const tag = "Domain extensions"
	add(a, route{
		Method: http.MethodPost, Path: "/domain-price-updates", Scope: "domains:write", Tag: tag, Summary: "Change what many domains cost, or tell what would change",
		Notes:  "Domains for which another update is planned are in the way (409): undo that one first, wait for its day, or leave them out. Each counts once, those that somebody changes before the day stay as they are, and open invoices do in any case. Premium and free domains are left out unless they are asked for. One that begins today is applied at once.",
		Repeat: after, Long: true, Codes: []string{codeNothingToDo, "PRICE_UPDATE_PLANNED"},
	}, a.updateDomainPrices)
	add(a, route{
		Method: http.MethodGet, Path: "/domain-price-updates", Scope: "domains:read", Tag: tag, Summary: "List price updates of domains", Notes: "Newest first, the last 200 on one page.",
	}, func(ctx context.Context, _ *struct{}) (List[DomainPriceUpdate], error) {
		all, err := a.Domains.PriceUpdates(ctx, 200)
		return listOf(all, "", showDomainPriceUpdate), err
	})
	add(a, route{
		Method: http.MethodGet, Path: "/domain-price-updates/{id}", Scope: "domains:read", Tag: tag, Summary: "Show a price update of domains", Codes: []string{codeNoDomainPriceUpdate},
	}, func(ctx context.Context, in *ByID) (DomainPriceUpdate, error) {
		u, err := a.Domains.PriceUpdate(ctx, in.ID)
		return showDomainPriceUpdate(u), err
	})
	add(a, route{
		Method: http.MethodGet, Path: "/domain-price-updates/{id}/rows", Scope: "domains:read", Tag: tag, Summary: "List what a price update does to which domain", Codes: []string{codeNoDomainPriceUpdate},
	}, func(ctx context.Context, in *struct {
		ByID
		Paging
		State string `query:"state" enum:"planned,applied,same,skipped,undone,kept"`
	},
	) (List[DomainPriceRow], error) {
		if _, err := a.Domains.PriceUpdate(ctx, in.ID); err != nil {
			return List[DomainPriceRow]{}, err
		}
		rows, next, err := a.Domains.PriceUpdateRows(ctx, in.ID, in.State, in.Cursor, in.Limit)
		return listOf(rows, next, showPriceRow), err
	})
	add(a, route{
		Method: http.MethodPost, Path: "/domain-price-updates/{id}/undo", Scope: "domains:write", Tag: tag, Summary: "Take a price update of domains back", Repeat: after, Long: true,
		Notes: "Within 90 days. Domains that somebody changed since stay as they are, and are listed as kept.",
		Codes: []string{codeNoDomainPriceUpdate, "PRICE_UPDATE_UNDONE", "PRICE_UPDATE_TOO_OLD"},
	}, func(ctx context.Context, in *struct {
		ByID
		Body Why
	},
	) (DomainPriceUpdate, error) {
		u, err := a.Domains.UndoPriceUpdate(ctx, in.ID, in.Body.Reason)
		return showDomainPriceUpdate(u), err
	})
	add(a, route{
		Method: http.MethodGet, Path: "/reports/domains-below-cost", Scope: "domains:read", Tag: tag, Summary: "List domains that renew for less than they cost", Notes: "By what registrars ask on a day.",
	}, a.domainsBelowCost)
}

const usualNotice = 30

func (n NewDomainPriceUpdate) update() (u domainname.PriceUpdate, err error) {
	var bad fail.Fields
	u = domainname.PriceUpdate{
		StartsOn: dateOf(&bad, "starts_on", n.StartsOn), NoticeDays: n.NoticeDays, Reason: n.Reason,
		Change: domainname.PriceChange{
			Mode: domainname.ChangeMode(n.Change.Mode), Value: n.Change.Value, Step: n.Change.Step, Floor: n.Change.Floor, Ceiling: n.Change.Ceiling,
			NotBelowCost: n.Change.NotBelowCost,
		},
	}
	if f := n.Filter; f != nil {
		u.Filter = domainname.PriceFilter{
			Extension: f.Extension, Currency: money.Currency(f.Currency), RegistrarID: f.RegistrarID, Status: domainname.Status(f.Status), Group: f.Group,
			From: f.From, To: f.To, Premium: f.Premium, Free: f.Free,
		}
		if f.TermYears != nil {
			u.Filter.Term = int(*f.TermYears)
		}
	}
	if n.Notify && n.NoticeDays == nil {
		u.NoticeDays = new(usualNotice)
	}
	if n.Preview && n.Reason == "" {
		u.Reason = "preview"
	}
	return u, bad.Err()
}

func (a *API) updateDomainPrices(ctx context.Context, in *struct{ Body NewDomainPriceUpdate }) (DomainPriceUpdate, error) {
	u, err := in.Body.update()
	if err != nil {
		return DomainPriceUpdate{}, err
	}
	today, err := a.today(ctx)
	if err != nil {
		return DomainPriceUpdate{}, err
	}
	if u.StartsOn.IsZero() {
		u.StartsOn = today
		if u.NoticeDays != nil {
			u.StartsOn = today.AddDays(*u.NoticeDays)
		}
	}
	if in.Body.Preview {
		return a.previewDomainPrices(ctx, u, in.Body.Reason)
	}
	id, err := a.begun(ctx, func(ctx context.Context) (string, error) {
		made, err := a.Domains.SchedulePriceUpdate(ctx, u)
		return made.ID, err
	})
	if err != nil {
		return DomainPriceUpdate{}, err
	}
	if u, err = a.Domains.PriceUpdate(ctx, id); err != nil {
		return DomainPriceUpdate{}, err
	}
	if !u.StartsOn.After(today) {
		if err := a.Domains.ApplyPriceUpdates(ctx, today); err != nil {
			return DomainPriceUpdate{}, err
		}
		u, err = a.Domains.PriceUpdate(ctx, u.ID)
	}
	return showDomainPriceUpdate(u), err
}

func (a *API) previewDomainPrices(ctx context.Context, u domainname.PriceUpdate, reason string) (DomainPriceUpdate, error) {
	preview, err := a.Domains.PreviewPriceUpdate(ctx, u)
	u.Reason = reason
	shown := showDomainPriceUpdate(u)
	shown.Status = "preview"
	shown.Counts = DomainPriceCounts{Planned: preview.Changed, Same: preview.Same, Skipped: len(preview.Refused)}
	for _, r := range preview.Rows {
		shown.Data = append(shown.Data, showPriceRow(r))
	}
	for _, r := range preview.Refused {
		shown.Refused = append(shown.Refused, showPriceRow(r))
	}
	for _, t := range preview.Totals {
		shown.Totals = append(shown.Totals, DomainPriceTotals{
			Currency: string(t.Currency), Domains: t.Domains, Before: moneyOf(t.Before), After: moneyOf(t.After), YearBefore: moneyOf(t.YearBefore),
			YearAfter: moneyOf(t.YearAfter), MonthBefore: moneyOf(t.MonthBefore), MonthAfter: moneyOf(t.MonthAfter),
		})
	}
	return shown, err
}

// BelowCost is a domain that renews by itself for less than it costs.
type BelowCost struct {
	DomainID   string `json:"domain_id" example:"dom_01hx2b6yh4m3nq0r8s5t"`
	Name       string `json:"name" example:"example.com"`
	CustomerID string `json:"customer_id" example:"cus_01hx2b6yh4m3nq0r8s5t"`
	TermYears  int    `json:"term_years" example:"1"`
	Recurring  Money  `json:"recurring"`
	Cost       Money  `json:"cost"`
	Margin     Money  `json:"margin" doc:"Below zero"`
}

func (a *API) domainsBelowCost(ctx context.Context, in *struct {
	Paging
	On string `query:"on" maxLength:"10" doc:"A date. Default: today"`
},
) (List[BelowCost], error) {
	var bad fail.Fields
	on := dateOf(&bad, "on", in.On)
	if err := bad.Err(); err != nil {
		return List[BelowCost]{}, err
	}
	if on.IsZero() {
		var err error
		if on, err = a.today(ctx); err != nil {
			return List[BelowCost]{}, err
		}
	}
	losses, next, err := a.Domains.BelowCost(ctx, on, in.Cursor, in.Limit)
	return listOf(losses, next, func(l domainname.Loss) BelowCost {
		return BelowCost{
			DomainID: l.DomainID, Name: l.Name, CustomerID: l.CustomerID, TermYears: l.Term, Recurring: moneyOf(l.Recurring), Cost: moneyOf(l.Cost),
			Margin: Money{Amount: l.Recurring.Amount - l.Cost.Amount, Currency: string(l.Cost.Currency)},
		}
	}), err
}
