package whmcs

import (
	"crypto/md5" //nolint:gosec // the protocol's choice; docs/come-from-whmcs.md says what it is worth
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/license/check"
	"github.com/keystead/keystead/internal/license/lease"
)

// never stands for a date that will not come.
const never = "0000-00-00"

// cycles are the protocol's names of what is paid again and again.
var cycles = map[civil.Cycle]string{
	civil.Monthly: "Monthly", civil.Quarterly: "Quarterly", civil.SemiAnnual: "Semi-Annually", civil.Annual: "Annually",
	civil.Biennial: "Biennially", civil.Triennial: "Triennially",
}

// terms are how a license is paid for, and when next.
func terms(a check.Answer, account check.Account, zone *time.Location) (cycle, due string) {
	switch elsewhere := a.Type == license.Leased && !account.Sold; {
	case account.Cycle != "":
		return cycles[account.Cycle], dueOn(a.ExpiresAt, zone)
	case account.Free:
		return "Free Account", never
	case elsewhere:
		return "", dueOn(a.ExpiresAt, zone) // how often it is paid for there is not known
	}
	return "One Time", never // it may end, but nothing is due then
}

func dueOn(expires time.Time, zone *time.Location) string {
	if due := day(expires, zone); due != "" {
		return due
	}
	return never
}

// day is the day of an instant in the store's zone; empty: there is none.
func day(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	return civil.Of(t, zone).String()
}

// The client keeps what is valid, and while it does not ask it looks there for its own values, letter by letter. So a value
// that is right, or that is not looked at, comes back as the client wrote it.

// validDomain is the domain with and without www.
func validDomain(q question, a check.Answer) string {
	own := said(q.domain)
	if own == "" || !fits(a.Enforced.Domain, a.Places.Domains, a.Places.HasDomain(own)) {
		var all []string
		for _, domain := range a.Places.Domains {
			all = append(all, pair(domain)...)
		}
		return strings.Join(all, ",")
	}
	if a.Place.Domain == "" {
		return own
	}
	both := pair(a.Place.Domain)
	if !slices.Contains(both, own) && !strings.Contains(own, ",") {
		both = append(both, own)
	}
	return strings.Join(both, ",")
}

func pair(domain string) []string {
	if strings.HasPrefix(domain, "*.") {
		return []string{domain}
	}
	return []string{domain, "www." + domain}
}

func validIP(q question, a check.Answer) string {
	own := said(q.ip)
	if own != "" && fits(a.Enforced.IP, a.Places.IPs, a.Places.HasIP(own)) {
		return own
	}
	return strings.Join(a.Places.IPs, ",")
}

// validDirectory is one value: a directory may hold a comma.
func validDirectory(q question, a check.Answer) string {
	own := said(q.dir)
	if own != "" && fits(a.Enforced.Directory, a.Places.Directories, a.Places.HasDirectory(own)) {
		return own
	}
	if len(a.Places.Directories) == 0 {
		return ""
	}
	return a.Places.Directories[0]
}

// fits reports whether a part of a place that is said is allowed.
func fits(enforced bool, bound []string, has bool) bool { return !enforced || len(bound) == 0 || has }

// plain takes out of a name or a value what separates them in a list.
func plain(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '|' || r == ';' || r == '=' || r == ' ' }), " ")
}

// options are entitlements as configurable options: Name=Value|Name=Value.
func options(e catalog.Entitlements) string {
	list := make([]string, 0, len(e))
	for _, name := range slices.Sorted(maps.Keys(e)) {
		value := fmt.Sprint(e[name])
		switch e[name] {
		case true:
			value = "1"
		case false:
			value = "0"
		}
		list = append(list, name+"="+plain(value))
	}
	return strings.Join(list, "|")
}

// addons are periods of support and whatever else runs beside a license, each up to its day.
func addons(list []lease.Addon, today civil.Date) string {
	records := make([]string, len(list))
	for i, addon := range list {
		status, due := active, addon.Due
		if due == "" {
			due = never
		} else if last, err := civil.Parse(due); err == nil && last.Before(today) {
			status = expired
		}
		records[i] = "name=" + plain(addon.Name) + ";nextduedate=" + due + ";status=" + status
	}
	return strings.Join(records, "|")
}

func md5Hex(s string) string {
	sum := md5.Sum([]byte(s)) //nolint:gosec // see above
	return hex.EncodeToString(sum[:])
}
