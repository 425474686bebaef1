package shop

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/web/ui"
)

// each says how often a price is paid: "€9 a month".
func each(c civil.Cycle) string {
	switch c {
	case civil.Monthly:
		return "a month"
	case civil.Quarterly:
		return "every 3 months"
	case civil.SemiAnnual:
		return "every 6 months"
	case civil.Annual:
		return "a year"
	case civil.Biennial:
		return "every 2 years"
	case civil.Triennial:
		return "every 3 years"
	default:
		return "once"
	}
}

// cycleName is what a cycle is called where one is chosen.
func cycleName(c civil.Cycle) string {
	switch c {
	case civil.Monthly:
		return "Monthly"
	case civil.Quarterly:
		return "Every 3 months"
	case civil.SemiAnnual:
		return "Every 6 months"
	case civil.Annual:
		return "Yearly"
	case civil.Biennial:
		return "Every 2 years"
	case civil.Triennial:
		return "Every 3 years"
	default:
		return "Pay once"
	}
}

// terms says what stands beside a price: how long it lasts, a trial, what is paid once.
func terms(p catalog.Price) []string {
	var out []string
	if p.TrialDays > 0 {
		trial := civil.Span{Count: int(p.TrialDays), Unit: civil.Day}.String()
		if p.TrialMoney.Amount == 0 {
			out = append(out, "First "+trial+" free")
		} else {
			out = append(out, "First "+trial+" for "+brief(p.TrialMoney))
		}
	}
	switch {
	case p.Cycle.Months() > 1:
		out = append(out, brief(monthly(p))+" a month")
	case p.Cycle.Recurs():
	case p.ValidFor.IsZero():
		out = append(out, "Yours for good")
	default:
		out = append(out, "For "+p.ValidFor.String())
	}
	if p.SetupFee.Amount > 0 {
		out = append(out, "plus "+brief(p.SetupFee)+" once for the set-up")
	}
	return out
}

// monthly is what a month of a longer cycle costs, rounded up: nobody is promised less than they pay.
func monthly(p catalog.Price) money.Money {
	months := int64(p.Cycle.Months())
	return money.New((p.Money.Amount+months-1)/months, p.Money.Currency)
}

// contents says what a plan gives, as a list.
func contents(p catalog.Product, plan catalog.Plan) []string {
	var out []string
	switch {
	case plan.Kind == catalog.KindAddon && plan.ExtraActivations > 0:
		out = append(out, counted(plan.ExtraActivations, "more activation"))
	case plan.Kind == catalog.KindLicense && p.RequiresLicense && plan.ActivationLimit == 0:
		out = append(out, "Unlimited "+plan.ActivationType+"s")
	case plan.Kind == catalog.KindLicense && p.RequiresLicense:
		out = append(out, counted(plan.ActivationLimit, plan.ActivationType))
	}
	names := slices.SortedFunc(maps.Keys(plan.Entitlements), func(a, b string) int {
		return cmp.Or(cmp.Compare(rank(plan.Entitlements[a]), rank(plan.Entitlements[b])), cmp.Compare(a, b))
	})
	for _, name := range names {
		if line := entitlement(name, plan.Entitlements[name]); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// rank orders entitlements: how much first, then what, then the rest.
func rank(value any) int {
	switch value.(type) {
	case int64:
		return 0
	case bool:
		return 1
	default:
		return 2
	}
}

// counted writes "1 domain", "5 domains".
func counted(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return ui.Number(int(n)) + " " + noun + "s"
}

// entitlement says what one gives, in words made of its name: "feature.sso" is "SSO", "projects.max" with 25 is
// "25 projects", of which 0 is unlimited as everywhere. What a plan does not have is left out.
func entitlement(name string, value any) string {
	switch v := value.(type) {
	case bool:
		if !v {
			return ""
		}
		return label(strings.TrimPrefix(name, "feature."))
	case int64:
		what, isLimit := strings.CutSuffix(name, ".max")
		switch {
		case !isLimit:
			return label(name) + ": " + strconv.FormatInt(v, 10)
		case v == 0:
			return "Unlimited " + spaced(what)
		default:
			return ui.Number(int(v)) + " " + spaced(what)
		}
	case string:
		if v == "" {
			return ""
		}
		return label(name) + ": " + ui.Clip(v, 80)
	default:
		return ""
	}
}

var spacer = strings.NewReplacer(".", " ", "_", " ", "-", " ")

func spaced(name string) string { return spacer.Replace(name) }

// abbreviations are words that are written in capital letters.
var abbreviations = []string{"api", "csv", "pdf", "saml", "sla", "smtp", "sso", "ssl", "url", "xml"}

// label writes the name of an entitlement as a heading.
func label(name string) string {
	words := strings.Fields(spaced(name))
	for i, w := range words {
		if slices.Contains(abbreviations, w) {
			words[i] = strings.ToUpper(w)
		} else if i == 0 {
			words[i] = capital(w)
		}
	}
	return strings.Join(words, " ")
}

// priced writes a price with how often it is paid.
func priced(p catalog.Price) string { return fmt.Sprintf("%s %s", brief(p.Money), each(p.Cycle)) }

// capital begins a text with a capital letter.
func capital(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
