package admin

import "github.com/keystead/keystead/internal/civil"

// cycleWords say how often a price is paid.
var cycleWords = map[civil.Cycle]string{
	civil.OneTime: "once", civil.Monthly: "a month", civil.Quarterly: "a quarter", civil.SemiAnnual: "every 6 months", civil.Annual: "a year",
	civil.Biennial: "every 2 years", civil.Triennial: "every 3 years",
}

func cycleText(c civil.Cycle) string { return cycleWords[c] }
