package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/license"
)

// License is a license as the API shows it.
type License struct {
	ID                   string         `json:"id" example:"lic_01hx2b6yh4m3nq0r8s5t"`
	Key                  string         `json:"key"`
	Type                 string         `json:"type" enum:"purchased,leased,development,trial"`
	Status               string         `json:"status" enum:"active,suspended,expired,cancelled,revoked" doc:"As it is at this instant"`
	Holds                []Hold         `json:"holds" doc:"Why it is suspended"`
	CustomerID           string         `json:"customer_id"`
	ProductID            string         `json:"product_id"`
	PlanID               string         `json:"plan_id"`
	OrderID              *string        `json:"order_id"`
	SubscriptionID       *string        `json:"subscription_id" example:"sub_01hx2b6yh4m3nq0r8s5t" doc:"That pays for it; null: bought for good, or given"`
	ActivationType       string         `json:"activation_type" enum:"domain,device,seat,instance"`
	ActivationLimit      int64          `json:"activation_limit" doc:"0: unlimited"`
	ActivationsUsed      int64          `json:"activations_used"`
	Entitlements         map[string]any `json:"entitlements" doc:"The plan's, with those of this license over them"`
	EntitlementOverrides map[string]any `json:"entitlement_overrides" doc:"Those of this license alone"`
	ExpiresAt            *time.Time     `json:"expires_at" doc:"Null: never"`
	GraceUntil           *time.Time     `json:"grace_until" doc:"When unpaid use stops"`
	EndsAt               *time.Time     `json:"ends_at" doc:"When the license is over"`
	UpdatesUntil         *time.Time     `json:"updates_until" doc:"The latest end of its periods of support: what was released until then may run for ever. Null: no end, or as long as the license runs"`
	SupportUntil         *time.Time     `json:"support_until" doc:"Of a purchased license updates_until, of the others expires_at"`
	SupportPeriods       []Support      `json:"support_periods,omitempty" doc:"The oldest first; shown where one license is"`
	ParentID             *string        `json:"parent_id" doc:"Of a development license: the purchased one beside which it is used"`
	Free                 bool           `json:"free" doc:"It is the development license that came with its parent"`
	Bindings             Places         `json:"bindings"`
	Reissues             int64          `json:"reissues" doc:"Since staff set the counter back"`
	AllowedHosts         []string       `json:"allowed_hosts" nullable:"false" doc:"Public hosts on which a development license may run"`
	LastCheckAt          *time.Time     `json:"last_check_at"`
	LastCheckIP          *string        `json:"last_check_ip"`
	CheckCount           int64          `json:"check_count"`
	CreatedAt            time.Time      `json:"created_at"`
	UpdatedAt            time.Time      `json:"updated_at"`
}

// Places are what a license is bound to.
type Places struct {
	Domains     []string `json:"domains" nullable:"false" doc:"*.example.com stands for all below example.com"`
	IPs         []string `json:"ips" nullable:"false" doc:"Addresses, and networks such as 2001:db8::/32"`
	Directories []string `json:"directories" nullable:"false"`
}

// PlacesPatch replaces the lists that it names. An empty one is open: the next check that names such a part binds it.
type PlacesPatch struct {
	Domains     *[]string `json:"domains,omitempty" maxItems:"100"`
	IPs         *[]string `json:"ips,omitempty" maxItems:"100"`
	Directories *[]string `json:"directories,omitempty" maxItems:"100"`
}

func showPlaces(p license.Places) Places {
	return Places{Domains: append([]string{}, p.Domains...), IPs: append([]string{}, p.IPs...), Directories: append([]string{}, p.Directories...)}
}

// Hold is a reason for which a license is suspended.
type Hold struct {
	Reason string    `json:"reason" enum:"payment,dispute,staff,parent"`
	Since  time.Time `json:"since"`
	Source *string   `json:"source" doc:"Who or what placed it"`
	Why    *string   `json:"why"`
}

func showLicense(l license.License) License {
	shown := License{
		ID: l.ID, Key: l.Key, Type: string(l.Type), Status: string(l.Status), Holds: []Hold{}, CustomerID: l.CustomerID,
		ProductID: l.ProductID, PlanID: l.PlanID, OrderID: orNull(l.OrderID), SubscriptionID: orNull(l.SubscriptionID), ActivationType: string(l.ActivationType),
		ActivationLimit: l.ActivationLimit, ActivationsUsed: l.ActivationsUsed, Entitlements: showEntitlements(l.Entitlements),
		EntitlementOverrides: showEntitlements(l.EntitlementOverrides), ExpiresAt: utc(l.ExpiresAt), GraceUntil: utc(l.GraceUntil),
		EndsAt: utc(l.EndsAt), UpdatesUntil: utc(l.UpdatesUntil), SupportUntil: utc(l.SupportUntil()), ParentID: orNull(l.ParentID), Free: l.Free,
		LastCheckAt: utc(l.LastCheckAt), LastCheckIP: orNull(l.LastCheckIP), CheckCount: l.CheckCount,
		Bindings: showPlaces(l.Bound), Reissues: l.Reissues, AllowedHosts: append([]string{}, l.AllowedHosts...),
		CreatedAt: l.CreatedAt.UTC(), UpdatedAt: l.UpdatedAt.UTC(),
	}
	for _, h := range l.Holds {
		shown.Holds = append(shown.Holds, Hold{Reason: string(h.Reason), Since: h.Since.UTC(), Source: orNull(h.Source), Why: orNull(h.Why)})
	}
	return shown
}

// LicensePatch is the body of PATCH /licenses/{id}.
type LicensePatch struct {
	ActivationLimit      *int64              `json:"activation_limit,omitempty" minimum:"0" maximum:"100000000000" doc:"0: unlimited. What is in use beyond a lower limit stays"`
	ExpiresAt            Optional[time.Time] `json:"expires_at,omitzero" doc:"Null: never"`
	Status               *string             `json:"status,omitempty" enum:"active,suspended,expired,cancelled,revoked" doc:"An override where the license would not get there by itself"`
	EntitlementOverrides *map[string]any     `json:"entitlement_overrides,omitempty" doc:"Replaces all those of this license alone"`
	Bindings             *PlacesPatch        `json:"bindings,omitempty"`
	AllowedHosts         *[]string           `json:"allowed_hosts,omitempty" maxItems:"100" doc:"Of a development license; replaces all of them"`
	Reissues             *int64              `json:"reissues,omitempty" minimum:"0" maximum:"10000" doc:"Sets the counter: 0 lets the customer reissue as often as the product allows"`
	KeepSubscription     bool                `json:"keep_subscription,omitempty" doc:"The subscription that pays for it goes on, although the license is revoked or cancelled; else it ends with it"`
	Reason               string              `json:"reason,omitempty" maxLength:"10000" doc:"For the history"`
}

type patchLicenseInput struct {
	ByID
	Body LicensePatch
}

type listLicensesInput struct {
	Paging
	Query       string `query:"q" maxLength:"255" doc:"The beginning of a key, an active identifier, or the customer's or product's name; or a whole id"`
	Status      string `query:"status" enum:"active,suspended,expired,cancelled,revoked"`
	CustomerID  string `query:"customer_id" maxLength:"64"`
	OrderID     string `query:"order_id" maxLength:"64"`
	ProductID   string `query:"product_id" maxLength:"64"`
	PlanID      string `query:"plan_id" maxLength:"64"`
	Type        string `query:"type" enum:"purchased,leased,development,trial"`
	NotSeenDays int    `query:"not_seen_days" minimum:"1" maximum:"36500" doc:"Not checked for so many days, and in existence as long"`
	SupportEnds int    `query:"support_ends_days" minimum:"1" maximum:"36500" doc:"Has support now, but no longer than so many days"`
	NearLimit   bool   `query:"near_limit" doc:"In use in at least four fifths of its places"`
	Sort        string `query:"sort" enum:"-created_at,expires_at,last_check_at,support_until" doc:"Default: newest first. support_until goes with support_ends_days. What q, customer_id and order_id find has its own order"`
}

func (a *API) licenses() {
	add(a, route{Method: http.MethodGet, Path: "/licenses", Scope: "licenses:read", Tag: "Licenses", Summary: "List licenses", Notes: "A page may be short and still have a next one."},
		a.listLicenses)
	add(a, route{Method: http.MethodGet, Path: "/licenses/{id}", Scope: "licenses:read", Tag: "Licenses", Summary: "Show a license", Codes: []string{"LICENSE_NOT_FOUND"}},
		func(ctx context.Context, in *ByID) (License, error) {
			l, err := a.Licenses.ByID(ctx, in.ID)
			return a.license(ctx, l, err)
		})
	add(a, route{Method: http.MethodPatch, Path: "/licenses/{id}", Scope: "licenses:write", Tag: "Licenses", Summary: "Change a license", Notes: "All of it happens or nothing; the expiry is changed before the status.", Codes: []string{"LICENSE_NOT_FOUND", "LICENSE_HELD"}},
		a.patchLicense)
	add(a, route{Method: http.MethodPost, Path: "/licenses/{id}/reissue", Scope: "licenses:write", Tag: "Licenses", Summary: "Clear the place that a license is bound to", Notes: "The next check binds it anew. A license that is bound to nothing stays as it is. Answers with the license.", Codes: []string{"LICENSE_NOT_FOUND"}},
		func(ctx context.Context, in *reissueInput) (License, error) {
			reason := ""
			if in.Body != nil {
				reason = in.Body.Reason
			}
			l, err := a.Licenses.Reissue(ctx, in.ID, reason)
			return a.license(ctx, l, err)
		})
}

// Reissue is the body of POST /licenses/{id}/reissue.
type Reissue struct {
	Reason string `json:"reason,omitempty" maxLength:"10000" doc:"For the history"`
}

type reissueInput struct {
	ByID
	Body *Reissue
}

func (a *API) listLicenses(ctx context.Context, in *listLicensesInput) (List[License], error) {
	found, next, err := a.Licenses.List(ctx, license.Filter{
		Query: in.Query, Status: license.Status(in.Status), CustomerID: in.CustomerID, OrderID: in.OrderID, ProductID: in.ProductID,
		PlanID: in.PlanID, Type: license.Type(in.Type), NotSeenDays: in.NotSeenDays, SupportEndsDays: in.SupportEnds, NearLimit: in.NearLimit,
		Sort: license.Sort(in.Sort), Cursor: in.Cursor, Limit: in.Limit,
	})
	return listOf(found, next, showLicense), err
}

func (a *API) patchLicense(ctx context.Context, in *patchLicenseInput) (License, error) {
	places := license.PlacesPatch{AllowedHosts: in.Body.AllowedHosts, Reissues: in.Body.Reissues}
	if b := in.Body.Bindings; b != nil {
		places.Domains, places.IPs, places.Directories = b.Domains, b.IPs, b.Directories
	}
	l, err := a.Licenses.Patch(ctx, in.ID, license.Patch{
		Places:          places,
		ActivationLimit: in.Body.ActivationLimit, ExpiresAt: license.OptionalTime{Set: in.Body.ExpiresAt.Set, Time: in.Body.ExpiresAt.Value},
		Status: (*license.Status)(in.Body.Status), Entitlements: in.Body.EntitlementOverrides, KeepSubscription: in.Body.KeepSubscription,
		Reason: in.Body.Reason,
	})
	return a.license(ctx, l, err)
}

// license shows what a verb has answered.
func (a *API) license(ctx context.Context, l license.License, err error) (License, error) {
	if err != nil {
		return License{}, err
	}
	shown := showLicense(l)
	periods, err := a.Licenses.Support(ctx, l.ID)
	if err != nil {
		return License{}, err
	}
	for _, p := range periods {
		shown.SupportPeriods = append(shown.SupportPeriods, showSupport(p))
	}
	return shown, nil
}
