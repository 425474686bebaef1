package license

import (
	"context"
	"time"

	"github.com/keystead/keystead/internal/db"
)

// Service is the room's verbs. It is safe for concurrent use.
type Service struct {
	db        *db.DB
	pending   PendingChecks
	listeners []ChangeListener
	bans      *db.Kept[everyBan, []Ban]
	flush     func(context.Context) error // see FlushBefore
	examine   int                         // see pickPage
}

// examineAtMost is how many licenses a page looks at where a filter is left that no index serves: a few milliseconds.
const examineAtMost = 5000

// New returns the service of a store.
func New(d *db.DB) *Service {
	return &Service{db: d, pending: noPendingChecks, bans: db.NewKept[everyBan, []Ban](d, othersMayBan), examine: examineAtMost}
}

// OnChange adds a listener to every change of what a check answers. Call it before the service is used.
func (s *Service) OnChange(l ChangeListener) { s.listeners = append(s.listeners, l) }

// PendingChecks tells what has been counted for licenses but is not in what tx sees: how many checks, and when and
// from where the last one came. A count of 0 means none.
type PendingChecks func(ctx context.Context, tx *db.Tx) (func(licenseID string) (count int64, lastAt time.Time, lastIP string), error)

func noPendingChecks(context.Context, *db.Tx) (func(string) (int64, time.Time, string), error) {
	return func(string) (int64, time.Time, string) { return 0, time.Time{}, "" }, nil
}

// ShowPending adds p to the check figures of every license that is read. Call it before the service is used.
func (s *Service) ShowPending(p PendingChecks) { s.pending = p }

// FlushBefore names what moves counted checks into the verification log, so that whoever reads it sees the last ones too.
// Call it before the service is used.
func (s *Service) FlushBefore(flush func(context.Context) error) { s.flush = flush }
