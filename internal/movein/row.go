package movein

import (
	"errors"
	"fmt"
	"html"
	"strconv"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/license"
)

// row is one row of a table.
type row struct {
	columns columns
	values  []string
}

// get is the value of a column without spaces around it; empty where there is none.
func (r row) get(column string) string {
	i, ok := r.columns.at[column]
	if !ok || i >= len(r.values) {
		return ""
	}
	return strings.TrimSpace(r.values[i])
}

// statuses are what exports call a license's state.
var statuses = map[string]license.Status{
	"": license.Active, "active": license.Active, "valid": license.Active, "reissued": license.Active, "enabled": license.Active, "published": license.Active,
	"suspended": license.Suspended, "disabled": license.Suspended, "inactive": license.Suspended, "onhold": license.Suspended,
	"expired":   license.Expired,
	"cancelled": license.Cancelled, "canceled": license.Cancelled, "terminated": license.Cancelled,
	"revoked": license.Revoked, "fraud": license.Revoked, "refunded": license.Revoked, "blocked": license.Revoked,
}

// overdueGrace is how long a license runs on that was active where it comes from although its due date has passed.
const overdueGrace = 14 * 24 * time.Hour

// buyer is whom a row's license belongs to.
func (r row) buyer() customer.Input {
	in := customer.Input{Email: r.get(colEmail), Name: r.get(colName), Company: r.get(colCompany)}
	if in.Name == "" {
		in.Name = strings.TrimSpace(r.get(colFirstName) + " " + r.get(colLastName))
	}
	if r.columns.has(colServiceNo) { // WHMCS keeps O&#039;Brien
		in.Name, in.Company = html.UnescapeString(in.Name), html.UnescapeString(in.Company)
	}
	if in.Name == "" {
		in.Name = in.Company
	}
	if in.Name == "" {
		in.Name, _, _ = strings.Cut(in.Email, "@")
	}
	return in
}

// reading is a row as a license, with what is worth a word.
type reading struct {
	license.Imported
	overdue bool // runs on for a while
	leftOut int  // addresses that are none
}

// license reads a row as one of a plan's licenses. Dates without a time begin in zone.
func (r row) license(plan catalog.Plan, zone *time.Location, now time.Time) (reading, error) {
	var bad fail.Fields
	instant := func(column string) *time.Time {
		t, err := readInstant(r.get(column), zone)
		bad.Check(column, err)
		return t
	}
	number := func(column string) int64 {
		n, err := readNumber(r.get(column))
		bad.Check(column, err)
		return n
	}
	in := reading{Imported: license.Imported{Key: r.get(colKey), PlanID: plan.ID, ExpiresAt: instant(colExpires), Number: number(colServiceNo), Reissues: number(colReissues)}}
	said := fold(r.get(colStatus))
	status, known := statuses[said]
	if !known {
		bad.Add(colStatus, fmt.Sprintf("is %q, which is not imported", clip(r.get(colStatus))))
	}
	in.Status = status
	if at := instant(colCreated); at != nil {
		in.CreatedAt = *at
	}
	if r.get(colLimit) != "" {
		limit := number(colLimit)
		in.ActivationLimit = &limit
	}
	in.SupportUntil = instant(colSupport)
	r.due(&in, plan, instant(colDue), now)
	if in.SupportUntil != nil {
		in.SupportOn = civil.Of(*in.SupportUntil, zone)
	}
	if said != "reissued" { // that one binds anew
		in.Places = license.Places{Domains: list(r.get(colDomains), true), Directories: list(r.get(colDirectories), false)}
		for _, ip := range list(r.get(colIPs), true) {
			if strings.ContainsAny(ip, ".:") {
				in.Places.IPs = append(in.Places.IPs, ip)
			} else {
				in.leftOut++ // localhost, or the id of a machine
			}
		}
	}
	activations := r.get(colActivations)
	if _, err := strconv.Atoi(activations); err != nil { // or it counts them
		in.Identifiers = list(activations, true)
	}
	return in, bad.Err()
}

// due says what the date on which a license is to be paid again means here: a purchased one has support until then, any
// other runs until then. One that runs although the date has passed is given time.
func (r row) due(in *reading, plan catalog.Plan, due *time.Time, now time.Time) {
	switch {
	case due == nil || in.ExpiresAt != nil:
	case plan.LicenseType == catalog.Purchased:
		if in.SupportUntil == nil {
			in.SupportUntil = due
		}
	default:
		in.ExpiresAt = due
		if !due.After(now) && (in.Status == license.Active || in.Status == license.Suspended) {
			until := now.Add(overdueGrace)
			in.GraceUntil, in.overdue = &until, true
		}
	}
}

// layouts are how exports write dates and times without a zone.
var layouts = []string{time.DateTime, "2006-01-02T15:04:05", "2006-01-02 15:04"}

// readInstant reads a date, which begins in zone, or an instant. Nothing and WHMCS's 0000-00-00 are none.
func readInstant(s string, zone *time.Location) (*time.Time, error) {
	if s == "" || strings.HasPrefix(s, "0000-00-00") || strings.EqualFold(s, "null") || strings.EqualFold(s, "never") {
		return nil, nil
	}
	if on, err := civil.Parse(s); err == nil {
		at := on.StartIn(zone)
		return &at, nil
	}
	if at, err := time.Parse(time.RFC3339, s); err == nil {
		return &at, nil
	}
	for _, layout := range layouts {
		if at, err := time.ParseInLocation(layout, s, zone); err == nil {
			return &at, nil
		}
	}
	return nil, fmt.Errorf("is %q, not a date written as 2026-03-31 or an instant written as 2026-03-31T12:00:00Z", clip(s))
}

func readNumber(s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0, errors.New("is not a whole number")
	}
	return n, nil
}

// list splits a value that holds several: by commas, semicolons, bars and line ends, and by spaces where no value has any.
func list(s string, spaces bool) []string {
	parts := strings.FieldsFunc(s, func(r rune) bool {
		return r == ',' || r == ';' || r == '|' || r == '\n' || r == '\r' || spaces && r == ' '
	})
	values := parts[:0]
	for _, p := range parts {
		if p = strings.TrimSpace(p); p != "" {
			values = append(values, p)
		}
	}
	return values
}

// clip keeps what errors quote short.
func clip(s string) string {
	const most = 60
	runes := []rune(s)
	if len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}
