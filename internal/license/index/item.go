package index

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
)

// item is a row to write: what a segment says about it.
type item struct {
	kind    itemKind
	license string
	text    string // the day, or the identifier
	at      int64  // the last check, or the beginning of the hour; microseconds
	count   int64
	ip      netip.Addr
	check   *Check // noted in the verification log
}

type itemKind int

// The kinds, in the order of folding.
const (
	ofLicense itemKind = iota
	ofDay
	ofHour
	lastSeen
	verification
)

func (it *item) store(ctx context.Context, tx *db.Tx) error {
	switch it.kind {
	case ofLicense:
		return tx.FoldChecks(ctx, query.FoldChecksParams{LicenseID: it.license, CheckCount: it.count, LastCheckAt: it.at, LastCheckIp: ipText(it.ip)})
	case ofDay:
		return tx.FoldChecksOfDay(ctx, query.FoldChecksOfDayParams{LicenseID: it.license, Day: it.text, CheckCount: it.count})
	case ofHour:
		return tx.FoldChecksOfHour(ctx, query.FoldChecksOfHourParams{Hour: it.at, CheckCount: it.count})
	case lastSeen:
		return tx.FoldLastSeen(ctx, query.FoldLastSeenParams{LicenseID: it.license, Identifier: it.text, LastSeenAt: clock.Instant(it.at)})
	case verification:
		c := it.check
		return tx.InsertVerification(ctx, query.InsertVerificationParams{
			ID: tx.NewID("ver"), LicenseID: c.LicenseID, At: c.At.UnixMicro(), Result: c.Result, Identifier: c.Identifier,
			Domain: c.Domain, PlaceIp: c.PlaceIP, Directory: c.Directory, Version: c.Version, Ip: ipText(c.IP), UserAgent: c.UserAgent,
		})
	}
	panic(fmt.Sprintf("license/index: item of kind %d", it.kind))
}

func ipText(ip netip.Addr) string {
	if !ip.IsValid() {
		return ""
	}
	return ip.Unmap().WithZone("").String()
}

// items sums up a finished segment.
func (l *checkLog) items(s segment) ([]item, error) {
	b, err := l.files.read(l.path(s.number))
	if errors.Is(err, os.ErrNotExist) {
		l.log.Error("a segment of the check log is gone: its checks are lost", "segment", s.number)
		return []item{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("segment %d: %w", s.number, err)
	}
	b = b[:min(int64(len(b)), s.size)]
	checks, torn := checksOf(b)
	if torn > 0 {
		l.log.Warn("the end of a segment of the check log is not readable: a write that nobody was answered for", "segment", s.number, "bytes", torn)
	}
	return summed(checks), nil
}

// checksOf reads a segment up to its end, or to where it is torn: then so many bytes are left.
func checksOf(b []byte) (checks []Check, torn int) {
	if len(b) < len(segmentHead) || string(b[:len(segmentHead)]) != segmentHead {
		return nil, len(b)
	}
	rest := b[len(segmentHead):]
	for {
		c, after, ok := cutRecord(rest)
		if !ok {
			return checks, len(rest)
		}
		checks, rest = append(checks, c), after
	}
}

// summed turns the checks of a segment into items, in their order. It never returns nil.
func summed(checks []Check) []item {
	type key struct {
		kind          itemKind
		license, text string
		at            int64
	}
	numbers := map[key]int{}
	items := []item{}
	sum := func(k key) *item {
		n, ok := numbers[k]
		if !ok {
			n = len(items)
			numbers[k] = n
			items = append(items, item{kind: k.kind, license: k.license, text: k.text, at: k.at})
		}
		items[n].count++
		return &items[n]
	}
	last := func(it *item, c *Check) {
		if at := c.At.UnixMicro(); at >= it.at {
			it.at, it.ip = at, c.IP
		}
	}
	for i := range checks {
		c := &checks[i]
		last(sum(key{kind: ofLicense, license: c.LicenseID}), c)
		sum(key{kind: ofDay, license: c.LicenseID, text: c.At.Format(time.DateOnly)})
		sum(key{kind: ofHour, at: c.At.Truncate(time.Hour).UnixMicro()})
		if c.Identifier != "" {
			last(sum(key{kind: lastSeen, license: c.LicenseID, text: c.Identifier}), c)
		}
		if c.noted() {
			items = append(items, item{kind: verification, check: c})
		}
	}
	slices.SortStableFunc(items, func(a, b item) int {
		if a.kind != b.kind || a.kind == verification {
			return cmp.Compare(a.kind, b.kind)
		}
		return cmp.Or(strings.Compare(a.license, b.license), strings.Compare(a.text, b.text), cmp.Compare(a.at, b.at))
	})
	return items
}
