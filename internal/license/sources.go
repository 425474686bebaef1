package license

import (
	"context"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
)

// The columns by which most lists are ordered.
var (
	colID      = column{expr: "l.id"}
	colExpiry  = column{expr: "l.expires_at", number: true}
	colSupport = column{expr: "l.updates_until", number: true}
	colSeen    = column{expr: "k.last_check_at", number: true}
)

// stagesOf chooses the indexes that serve a filter.
func stagesOf(ctx context.Context, tx *db.Tx, f Filter) ([]stage, error) {
	switch {
	case f.Query != "":
		return searchStages(ctx, tx, f)
	case f.CustomerID != "":
		return []stage{ownedBy(tx, f, "l.customer_id", f.CustomerID)}, nil
	case f.OrderID != "":
		return []stage{ownedBy(tx, f, "l.order_id", f.OrderID)}, nil
	case f.Sort == BySupport:
		return supportStages(tx, f), nil
	case f.Sort == ByExpiry:
		return expiryStages(tx, f), nil
	case f.Sort == ByLastSeen:
		return []stage{lastSeen(tx, f)}, nil
	default:
		return []stage{newest(tx, f)}, nil
	}
}

// left are the filters that nothing has served yet; each field of f that an index serves is cleared before.
func left(tx *db.Tx, f Filter) []cond {
	var rest []cond
	equal := func(expr, value string) {
		if value != "" {
			rest = append(rest, where(expr+" = ?", value))
		}
	}
	equal("l.status", string(f.Status))
	equal("l.customer_id", f.CustomerID)
	equal("l.order_id", f.OrderID)
	equal("l.product_id", f.ProductID)
	equal("l.plan_id", f.PlanID)
	equal("l.type", string(f.Type))
	if f.SupportEndsDays > 0 {
		from, to := f.supportEnds(tx.Now)
		rest = append(rest, where("CASE l.type WHEN 'purchased' THEN l.updates_until ELSE l.expires_at END >= ? AND CASE l.type WHEN 'purchased' THEN l.updates_until ELSE l.expires_at END < ?", from, to))
	}
	if f.NearLimit {
		rest = append(rest, where("l.near_limit"))
	}
	if f.NotSeenDays > 0 {
		since := clock.FromTime(f.notSeenSince(tx.Now))
		rest = append(rest, where("l.created_at < ? AND EXISTS (SELECT 1 FROM license_checks k WHERE k.license_id = l.id AND k.last_check_at < ?)", since, since))
	}
	return rest
}

// perStatus makes a branch for each status that the filter asks for, and clears that field.
func perStatus(f *Filter, conditions ...cond) []branch {
	statuses := Statuses()
	if f.Status != "" {
		statuses = []Status{f.Status}
	}
	f.Status = ""
	branches := make([]branch, len(statuses))
	for i, st := range statuses {
		branches[i] = branch{from: "licenses l", where: append(append([]cond{}, conditions...), where("l.status = ?", string(st)))}
	}
	return branches
}

// newest lists licenses by age.
func newest(tx *db.Tx, f Filter) stage {
	st := stage{name: "new", keys: []column{colID}, desc: true}
	switch {
	case f.NearLimit:
		f.NearLimit = false
		st.branches = perStatus(&f, where("l.near_limit"))
	case f.PlanID != "":
		plan := where("l.plan_id = ?", f.PlanID)
		f.PlanID = ""
		st.branches = perStatus(&f, plan)
	case f.ProductID != "":
		product := where("l.product_id = ?", f.ProductID)
		f.ProductID = ""
		st.branches = perStatus(&f, product)
	case f.Status != "":
		st.branches = perStatus(&f)
	default:
		st.branches = []branch{{from: "licenses l"}}
	}
	st.rest = left(tx, f)
	return st
}

// ownedBy lists the licenses of a customer or an order by age.
func ownedBy(tx *db.Tx, f Filter, owner, id string) stage {
	st := stage{name: "own", keys: []column{colID}, desc: true}
	st.branches = []branch{{from: "licenses l", where: []cond{where(owner+" = ?", id)}}}
	if owner == "l.customer_id" {
		f.CustomerID = ""
	} else {
		f.OrderID = ""
	}
	st.rest = left(tx, f)
	return st
}

// expiryStages lists licenses by expiry, and then those that never expire.
func expiryStages(tx *db.Tx, f Filter) []stage {
	timed, lifetime := f, f
	ends := stage{name: "ends", keys: []column{colExpiry, colID}, branches: perStatus(&timed, where("l.expires_at IS NOT NULL"))}
	ends.rest = left(tx, timed)
	never := stage{name: "never", keys: []column{colID}, branches: perStatus(&lifetime, where("l.expires_at IS NULL"))}
	never.rest = left(tx, lifetime)
	return []stage{ends, never}
}

// lastSeen lists licenses by their last check.
func lastSeen(tx *db.Tx, f Filter) stage {
	st := stage{name: "seen", keys: []column{colSeen, {expr: "k.license_id"}}}
	b := branch{from: "license_checks k"}
	if f.NotSeenDays > 0 {
		since := clock.FromTime(f.notSeenSince(tx.Now))
		b.where = []cond{where("k.last_check_at < ?", since)}
		f.NotSeenDays = 0
		st.rest = []cond{where("l.created_at < ?", since)}
	}
	st.branches = []branch{b}
	st.rest = append(st.rest, left(tx, f)...)
	return st
}

// supportStages lists licenses whose support ends soon: first those with periods of it, then those that have it as long as
// they run.
func supportStages(tx *db.Tx, f Filter) []stage {
	from, to := f.supportEnds(tx.Now)
	f.SupportEndsDays = 0
	periods := stage{name: "periods", keys: []column{colSupport, colID}, rest: left(tx, f)}
	periods.branches = []branch{{from: "licenses l", where: []cond{where("l.updates_until >= ? AND l.updates_until < ?", from, to)}}}
	running := stage{name: "running", keys: []column{colExpiry, colID}}
	running.branches = perStatus(&f, where("l.expires_at >= ? AND l.expires_at < ?", from, to))
	running.rest = append(left(tx, f), where("l.type <> 'purchased'"))
	return []stage{periods, running}
}
