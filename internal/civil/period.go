package civil

// Period is a stretch of days, half-open: [Start, End). The end date belongs to
// the next period, so a change on a date ends the old part and starts the new
// one there (rule P2). In JSON it is {"start":"2026-01-01","end":"2026-02-01"}.
type Period struct {
	Start Date `json:"start"`
	End   Date `json:"end"`
}

// Days returns the number of days in p: 0 if it is empty, negative if it ends
// before it starts.
func (p Period) Days() int { return p.Start.DaysUntil(p.End) }

// IsEmpty reports whether no day lies in p.
func (p Period) IsEmpty() bool { return !p.Start.Before(p.End) }

// Contains reports whether the day d lies in p.
func (p Period) Contains(d Date) bool { return !d.Before(p.Start) && d.Before(p.End) }

// Clip returns what p and other have in common. Where that is nothing, the
// result is empty.
func (p Period) Clip(other Period) Period {
	if p.Start.Before(other.Start) {
		p.Start = other.Start
	}
	if p.End.After(other.End) {
		p.End = other.End
	}
	if p.End.Before(p.Start) {
		p.End = p.Start
	}
	return p
}

// String returns the period as "[2026-01-01, 2026-02-01)".
func (p Period) String() string { return "[" + p.Start.String() + ", " + p.End.String() + ")" }
