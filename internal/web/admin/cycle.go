package admin

import (
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/web/ui"
)

// cycleNames are the billing cycles as choices.
var cycleNames = map[civil.Cycle]string{
	civil.OneTime: "Once", civil.Monthly: "Every month", civil.Quarterly: "Every quarter", civil.SemiAnnual: "Every half-year",
	civil.Annual: "Every year", civil.Biennial: "Every two years", civil.Triennial: "Every three years",
}

func cycleOptions() (options []ui.Option) {
	for _, c := range civil.Cycles() {
		options = append(options, ui.Option{Value: string(c), Label: cycleNames[c]})
	}
	return options
}
