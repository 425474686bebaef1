package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/license"
)

// LoggedCheck is a check that was answered with anything but "valid", or that bound its license to a place.
type LoggedCheck struct {
	ID         string    `json:"id" example:"ver_01hx2b6yh4m3nq0r8s5t"`
	LicenseID  string    `json:"license_id"`
	ProductID  string    `json:"product_id"`
	CustomerID string    `json:"customer_id"`
	At         time.Time `json:"at"`
	Result     string    `json:"result" doc:"bound, banned, wrong_domain, wrong_ip, wrong_directory, not_activated, version_not_allowed, or the license's status" example:"wrong_domain"`
	Identifier *string   `json:"identifier"`
	Domain     *string   `json:"domain" doc:"As the software said, like place_ip and directory"`
	PlaceIP    *string   `json:"place_ip"`
	Directory  *string   `json:"directory"`
	Version    *string   `json:"version"`
	IP         *string   `json:"ip" doc:"Of the connection"`
	UserAgent  *string   `json:"user_agent"`
}

func showLoggedCheck(v license.Verification) LoggedCheck {
	return LoggedCheck{
		ID: v.ID, LicenseID: v.LicenseID, ProductID: v.ProductID, CustomerID: v.CustomerID, At: v.At.UTC(), Result: v.Result,
		Identifier: orNull(v.Identifier), Domain: orNull(v.Place.Domain), PlaceIP: orNull(v.Place.IP), Directory: orNull(v.Place.Directory),
		Version: orNull(v.Version), IP: orNull(v.IP), UserAgent: orNull(v.UserAgent),
	}
}

type listVerificationsInput struct {
	Paging
	LicenseID string    `query:"license_id" maxLength:"64"`
	ProductID string    `query:"product_id" maxLength:"64"`
	Result    string    `query:"result" maxLength:"64"`
	IP        string    `query:"ip" maxLength:"64" doc:"Of the connection, or that the software said"`
	Since     time.Time `query:"since"`
}

func (a *API) verifications() {
	add(a, route{Method: http.MethodGet, Path: "/verification-log", Scope: "licenses:read", Tag: "Licenses", Summary: "List checks that were answered with anything but valid, and changes of place", Notes: "Newest first. A page may be short and still have a next one. They are kept for logs.verification_days."},
		func(ctx context.Context, in *listVerificationsInput) (List[LoggedCheck], error) {
			found, next, err := a.Licenses.Verifications(ctx, license.VerificationFilter{
				LicenseID: in.LicenseID, ProductID: in.ProductID, Result: in.Result, IP: in.IP, Since: in.Since, Cursor: in.Cursor, Limit: in.Limit,
			})
			return listOf(found, next, showLoggedCheck), err
		})
}
