package domainname

import (
	"slices"

	"github.com/keystead/keystead/internal/civil"
)

// Anchor is the date from which a notice counts.
type Anchor string

// The anchors. The end of the term is a UTC date, which doesn't move when staff move the due date.
const (
	FromTermEnd Anchor = "term_end"
	FromNextDue Anchor = "next_due"
)

// NoticeRule says on which day customers are written to.
type NoticeRule struct {
	ID        string
	Anchor    Anchor
	Days      int    // negative: before the anchor
	Extension string // empty: all
	Enabled   bool
}

// ShippedNotices are the rules of a new store.
func ShippedNotices() []NoticeRule {
	return []NoticeRule{
		{Anchor: FromTermEnd, Days: -60},
		{Anchor: FromTermEnd, Days: -30, Enabled: true},
		{Anchor: FromTermEnd, Days: -7, Enabled: true},
		{Anchor: FromTermEnd, Days: -1},
		{Anchor: FromTermEnd, Days: 3, Enabled: true},
	}
}

// Span is a stretch of days around a term's end, both included.
type Span struct{ From, To int }

// errp are the days in which ICANN's policy asks for notices of generic extensions: about a month and about a week before
// the end, and within five days after it.
var errp = []Span{{-35, -26}, {-10, -4}, {1, 5}}

// Spans returns the days in which ICANN's policy asks for notices of generic extensions (Expired Registration Recovery Policy,
// section 2.1), the earliest first.
func Spans() []Span { return slices.Clone(errp) }

// SpanOf returns the span of ICANN's policy into which a notice so many days from a term's end falls, if it falls into one.
func SpanOf(days int) (Span, bool) {
	for _, s := range errp {
		if days >= s.From && days <= s.To {
			return s, true
		}
	}
	return Span{}, false
}

// Uncovered returns the spans in which a schedule for an extension has no notice, though ICANN's policy asks for one.
func Uncovered(rules []NoticeRule, extension string) (spans []Span) {
	for _, s := range errp {
		covers := func(r NoticeRule) bool {
			return r.Enabled && r.Anchor == FromTermEnd && (r.Extension == "" || r.Extension == extension) && r.Days >= s.From && r.Days <= s.To
		}
		if !slices.ContainsFunc(rules, covers) {
			spans = append(spans, s)
		}
	}
	return spans
}

// DueNotice is a notice whose day has come.
type DueNotice struct {
	Rule NoticeRule
	On   civil.Date
	// Missed: one of a later day is due too, or was made, so this one is only recorded.
	Missed bool
	// Breach: today is outside the days in which ICANN's policy wanted it.
	Breach bool
}

// DueNotices returns the notices of a term that are due today and were not made, oldest first: only those of the last day are
// sent. made reports whether a rule's notice of this term was made; a term whose end was corrected is the same one.
func DueNotices(rules []NoticeRule, extension string, end, due civil.Date, today civil.Date, made func(NoticeRule) bool) []DueNotice {
	var all []DueNotice
	var last civil.Date
	for _, r := range rules {
		anchor := end
		if r.Anchor == FromNextDue {
			anchor = due
		}
		if !r.Enabled || r.Extension != "" && r.Extension != extension || anchor.IsZero() {
			continue
		}
		on := anchor.AddDays(r.Days)
		if on.After(today) {
			continue
		}
		if on.After(last) {
			last = on
		}
		if made(r) {
			continue
		}
		n := DueNotice{Rule: r, On: on}
		for _, s := range errp {
			n.Breach = n.Breach || r.Anchor == FromTermEnd && r.Days >= s.From && r.Days <= s.To && today.After(end.AddDays(s.To))
		}
		all = append(all, n)
	}
	slices.SortStableFunc(all, func(a, b DueNotice) int { return a.On.Compare(b.On) })
	for i := range all {
		all[i].Missed = all[i].On.Before(last)
	}
	return all
}
