package reminder

import (
	"fmt"

	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/metric"
)

// Notices counts notices, by what became of them: sent, missed, failed (there is no address), returned (refused by the one
// that it went to).
var Notices = metric.Counter{
	Name: "domain_notices_total", Help: "Notices about domains, by rule and by what became of them.", Labels: []string{"rule", "result"},
}

// Breaches counts notices outside the days that ICANN asks for.
var Breaches = metric.Counter{Name: "domain_notice_breaches_total", Help: "Notices outside the days that ICANN asks for."}

const refused = "returned"

// ruleLabel names a rule by its day: "term_end-30".
func ruleLabel(anchor domainname.Anchor, days int) string { return fmt.Sprintf("%s%+d", anchor, days) }
