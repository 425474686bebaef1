package registry

import (
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/money"
)

// Dialect is how a registry understands the standard where registries differ.
type Dialect string

// The dialects.
const (
	// Modern: a stale date and a term that is too long are 2004, ten years are counted to the instant, 29 February
	// becomes the 28th.
	Modern Dialect = "modern"
	// Classic: both are 2306, ten years are counted by calendar year, 29 February becomes 1 March, and the
	// connection is closed on a transaction id used before and on a fee check without a currency.
	Classic Dialect = "classic"
)

// HostModel is what the nameservers of domains are at a registry: RFC 5731 has two kinds, and a registry keeps one of them.
type HostModel string

// The models.
const (
	// AnyHosts takes both kinds, and hosts that nobody has made.
	AnyHosts HostModel = ""
	// HostObjects are made before a domain refers to them (RFC 5732).
	HostObjects HostModel = "objects"
	// HostAttributes stand with the domain, and hosts are no objects here: the greeting of a registry whose first extension
	// is so does not offer them.
	HostAttributes HostModel = "attributes"
)

// Extension is a top-level domain and its habits. The zero value of each habit is the common one.
type Extension struct {
	Name    string  `json:"name"` // without a dot in front: "example", "co.example"
	Dialect Dialect `json:"dialect"`

	MinYears int `json:"min_years"` // default 1
	MaxYears int `json:"max_years"` // default 10
	Step     int `json:"step_years"`
	Earliest int `json:"earliest"` // days before the expiry; 0: any time
	// EarlyCode is the answer to a renewal that comes too early: 2105 (default) or 2304.
	EarlyCode int `json:"early_code"`
	// YearsAhead is how many years at most a domain may be paid in advance; 0: ten, as the dialect counts them.
	YearsAhead int `json:"years_ahead_limit"`

	AutoRenews     bool `json:"registry_auto_renews"`
	ARGPDays       int  `json:"argp_days"`  // how long such a year can be given back
	GraceDays      int  `json:"grace_days"` // where the registry does not renew: until then a renewal is taken
	RedemptionDays int  `json:"redemption_days"`
	DeleteDays     int  `json:"pending_delete_days"`
	RenewRestores  bool `json:"renew_restores"` // a renewal brings a domain back from redemption

	ModeOnly       bool `json:"mode_only"`        // no renew command: a mode decides at the expiry
	MovesAtExpiry  bool `json:"moves_at_expiry"`  // the date moves on the expiry day only
	NoDate         bool `json:"no_date"`          // answers to renewals don't tell the new one
	LateEvening    bool `json:"late_evening"`     // domains expire at 22:59:59.999Z
	MonthEnd       bool `json:"month_end"`        // on the last day of the month
	RestoreFromNow bool `json:"restore_from_now"` // a restored domain has a year from the restore, not from its expiry
	NoReport       bool `json:"no_report"`        // no report needed for it
	ReportDays     int  `json:"report_days"`      // default 7
	TransferDays   int  `json:"transfer_days"`    // until a transfer is approved by silence; -1: at once. Default 5
	AsyncMinutes   int  `json:"async_minutes"`    // renewals are answered with 1001 and done so much later
	Quiet          bool `json:"quiet"`            // no message about its own renewals

	Hosts HostModel `json:"hosts"` // what nameservers are here

	Currency      string           `json:"currency"` // default EUR
	CreatePrice   int64            `json:"create_price"`
	RenewPrice    int64            `json:"renew_price"`
	TransferPrice int64            `json:"transfer_price"`
	RestorePrice  int64            `json:"restore_price"`
	Premium       map[string]int64 `json:"premium,omitempty"` // renewal of one year, by name
}

func (x Extension) withDefaults() Extension {
	for _, field := range []struct {
		at *int
		to int
	}{{&x.MinYears, 1}, {&x.MaxYears, 10}, {&x.Step, 1}, {&x.EarlyCode, 2105}, {&x.ReportDays, 7}, {&x.TransferDays, 5}, {&x.DeleteDays, 5}} {
		if *field.at == 0 {
			*field.at = field.to
		}
	}
	if x.Dialect == "" {
		x.Dialect = Modern
	}
	if x.Currency == "" {
		x.Currency = "EUR"
	}
	return x
}

func (x Extension) validate() error {
	if !validName("a." + x.Name) {
		return fmt.Errorf("extension %q is no name", x.Name)
	}
	if x.Hosts != AnyHosts && x.Hosts != HostObjects && x.Hosts != HostAttributes {
		return fmt.Errorf("hosts %q: there are %s and %s", x.Hosts, HostObjects, HostAttributes)
	}
	if x.Dialect != Modern && x.Dialect != Classic {
		return fmt.Errorf("dialect %q: there are %s and %s", x.Dialect, Modern, Classic)
	}
	if x.MinYears < 1 || x.MaxYears < x.MinYears || x.MaxYears > 99 || x.Step < 1 {
		return fmt.Errorf("terms of %d to %d years in steps of %d", x.MinYears, x.MaxYears, x.Step)
	}
	if !money.Currency(x.Currency).IsValid() {
		return fmt.Errorf("currency %q", x.Currency)
	}
	for what, days := range map[string]int{
		"earliest": x.Earliest, "argp_days": x.ARGPDays, "grace_days": x.GraceDays, "redemption_days": x.RedemptionDays,
		"pending_delete_days": x.DeleteDays, "report_days": x.ReportDays, "async_minutes": x.AsyncMinutes, "years_ahead_limit": x.YearsAhead,
	} {
		if days < 0 {
			return fmt.Errorf("%s of %d", what, days)
		}
	}
	if x.EarlyCode != codeNotEligible && x.EarlyCode != codeStatusProhibits {
		return fmt.Errorf("early_code %d: there are %d and %d", x.EarlyCode, codeNotEligible, codeStatusProhibits)
	}
	return nil
}

// Personalities are the habits that have a name: what `keystead registry` serves, each under a top-level domain of that name.
func Personalities() []Extension {
	base := Extension{RedemptionDays: 30, CreatePrice: 800, RenewPrice: 900, TransferPrice: 900, RestorePrice: 6000}
	with := func(name string, change func(*Extension)) Extension {
		x := base
		x.Name = name
		change(&x)
		return x.withDefaults()
	}
	return []Extension{
		with("modern", func(x *Extension) { x.GraceDays = 30 }),
		with("classic", func(x *Extension) {
			x.Dialect, x.AutoRenews, x.ARGPDays, x.Quiet, x.Hosts = Classic, true, 45, true, HostObjects
		}),
		with("auto", func(x *Extension) { x.AutoRenews, x.ARGPDays = true, 45 }),
		with("window", func(x *Extension) { x.Earliest, x.GraceDays, x.RedemptionDays = 180, 90, 0 }),
		with("window-status", func(x *Extension) { x.Earliest, x.EarlyCode, x.GraceDays = 60, codeStatusProhibits, 29 }),
		with("mode", func(x *Extension) { x.ModeOnly, x.MaxYears = true, 1 }),
		with("at-expiry", func(x *Extension) { x.MovesAtExpiry, x.MaxYears, x.RedemptionDays = true, 1, 28 }),
		with("no-date", func(x *Extension) { x.NoDate, x.MaxYears = true, 5 }),
		with("late", func(x *Extension) {
			x.LateEvening, x.YearsAhead, x.RedemptionDays, x.RenewRestores = true, 10, 40, true
		}),
		with("month-end", func(x *Extension) { x.MonthEnd, x.MaxYears = true, 1 }),
		with("from-now", func(x *Extension) { x.RestoreFromNow, x.GraceDays = true, 30 }),
		with("async", func(x *Extension) { x.AsyncMinutes, x.GraceDays = 10, 30 }),
		with("premium", func(x *Extension) { x.GraceDays, x.Premium = 30, map[string]int64{"gold.premium": 25000} }),
	}
}

// addYears moves an expiry by years as the dialect does it.
func (x *Extension) addYears(t time.Time, years int) time.Time {
	moved := t.AddDate(years, 0, 0) // 29 February becomes 1 March
	if x.Dialect == Modern && moved.Day() != t.Day() {
		moved = moved.AddDate(0, 0, -moved.Day())
	}
	return x.round(moved)
}

// round puts an expiry on the day and the time of day at which names expire here.
func (x *Extension) round(t time.Time) time.Time {
	if x.MonthEnd {
		t = time.Date(t.Year(), t.Month()+1, 0, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
	}
	if x.LateEvening {
		t = time.Date(t.Year(), t.Month(), t.Day(), 22, 59, 59, 999_000_000, time.UTC)
	}
	return t
}

// tooLong reports whether an expiry is further away than is allowed, and the code that says so.
func (x *Extension) tooLong(now, expiry time.Time) (int, bool) {
	years := 10
	if x.YearsAhead > 0 {
		years = x.YearsAhead
	}
	if x.Dialect == Classic {
		return codePolicy, expiry.Year() > now.Year()+years
	}
	return codeRange, expiry.After(now.AddDate(years, 0, 0))
}

// staleCode is the answer to a renewal whose date is not the present expiry.
func (x *Extension) staleCode() int {
	if x.Dialect == Classic {
		return codePolicy
	}
	return codeRange
}

// offers reports whether a term is one that can be had.
func (x *Extension) offers(years int) bool {
	return years >= x.MinYears && years <= x.MaxYears && (years-x.MinYears)%x.Step == 0
}

// transferPrice is what a transfer costs, and whether the name has a price of its own: that of the year which it brings.
func (x *Extension) transferPrice(name string) (amount int64, premium bool) {
	if yearly, ok := x.Premium[name]; ok {
		return yearly, true
	}
	return x.TransferPrice, false
}

// restorePrice is what a restore costs, and whether the name is one with prices of its own: whoever restores it agrees to it.
func (x *Extension) restorePrice(name string) (amount int64, premium bool) {
	_, premium = x.Premium[name]
	return x.RestorePrice, premium
}

// price is what a renewal of a name costs, and whether that is not the usual price.
func (x *Extension) price(name string, years int) (amount int64, premium bool) {
	if yearly, ok := x.Premium[name]; ok {
		return yearly * int64(years), true
	}
	return x.RenewPrice * int64(years), false
}

func (x *Extension) decimal(amount int64) string {
	return money.New(amount, money.Currency(x.Currency)).Decimal()
}
