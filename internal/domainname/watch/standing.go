package watch

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/event"
)

// The events of the calendar.
const (
	EventGrace      = "domain.grace"
	EventRedemption = "domain.redemption"
	EventExpired    = "domain.expired"
	EventRestored   = "domain.restored"
)

// StandingEvent is the data of the events of the calendar.
type StandingEvent struct {
	Name    string            `json:"name"`
	From    domainname.Status `json:"from"`
	To      domainname.Status `json:"to"`
	TermEnd civil.Date        `json:"term_end"`
}

// moved is a status that was written down; the zero value: none was.
type moved struct{ from, to domainname.Status }

// stand brings the status of a domain to what holds now. The caller has its lock, and saves it.
func stand(ctx context.Context, tx *db.Tx, d *domainname.Domain, policy *domainname.Policy, open *domainname.Renewal) (moved, error) {
	if policy == nil || !d.Status.Live() {
		return moved{}, nil
	}
	m := moved{d.Status, domainname.Assess(*d, *policy, open, tx.Now).Status}
	if m.from == m.to || !domainname.Leads(m.from, m.to) {
		return moved{}, nil
	}
	d.Status = m.to
	if m.from == domainname.Active {
		return m, keepHolder(ctx, tx, d.ID)
	}
	return m, nil
}

// Holder is who holds a domain, as far as notices ask.
type Holder struct {
	Name  string `json:"name"`
	Email string `json:"email"`
}

// keepHolder keeps who holds a domain on the day on which its term ends.
func keepHolder(ctx context.Context, tx *db.Tx, id string) error {
	r, err := tx.HolderOfDomain(ctx, id)
	if err != nil {
		return fmt.Errorf("holder of domain %s: %w", id, err)
	}
	var registrant domainname.Registrant
	if err := json.Unmarshal([]byte(r.Registrant), &registrant); err != nil {
		return fmt.Errorf("holder of domain %s: %w", id, err)
	}
	h := Holder{registrant.Name, registrant.Email}
	if h.Email == "" {
		h = Holder{r.Name, r.Email}
	}
	kept, err := json.Marshal(h)
	if err != nil {
		return err
	}
	return tx.KeepHolderAtEnd(ctx, query.KeepHolderAtEndParams{ID: id, Holder: string(kept)})
}

// emit tells of it. That a renewal has ended the grace is told by the renewal.
func (m moved) emit(ctx context.Context, tx *db.Tx, d domainname.Domain) error {
	var kind string
	switch {
	case m.to == domainname.Grace:
		kind = EventGrace
	case m.to == domainname.Redemption:
		kind = EventRedemption
	case m.to == domainname.Expired:
		kind = EventExpired
	case m.to == domainname.Active && m.from != domainname.Grace:
		kind = EventRestored
	default:
		return nil
	}
	end, _ := d.TermEnd()
	return event.Emit(ctx, tx, event.New{
		Type: kind, SubjectID: d.ID, CustomerID: d.CustomerID,
		Data: StandingEvent{Name: d.Name.String(), From: m.from, To: m.to, TermEnd: end},
	})
}

// standingTask writes down which status domains have reached by the calendar. It looks only at those whose term, or the
// last day of their status, has passed, and at those in grace and redemption whose term goes on.
func (s *Service) standingTask() automation.Task {
	return automation.Task{
		Kind: TaskStanding, Order: automation.OrderHolds,
		Next: func(ctx context.Context, tx *db.Tx, after time.Time) (time.Time, bool, error) {
			some, err := tx.HasStandingDomain(ctx)
			return domainname.RegistryDate(after).AddDays(1).StartIn(time.UTC), some, err
		},
		Due: func(ctx context.Context, tx *db.Tx, customerID string) (bool, error) {
			searches, err := searchesOf(ctx, tx)
			if err != nil {
				return false, err
			}
			for cursor := ""; ; {
				ids, next, err := lookUp(ctx, tx, searches, cursor, lookSize, customerID)
				if err != nil || len(ids) > 0 || next == "" {
					return len(ids) > 0, err
				}
				cursor = next
			}
		},
		Run: func(ctx context.Context, p *automation.Pass) error {
			var searches []search
			err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
				searches, err = searchesOf(ctx, tx)
				return err
			})
			if err != nil || len(searches) == 0 {
				return err
			}
			return p.EachPage(ctx, func(ctx context.Context, tx *db.Tx, cursor string, n int) ([]string, string, error) {
				return lookUp(ctx, tx, searches, cursor, n, p.CustomerID())
			}, standOne)
		},
	}
}

// search is where domains are looked for whose status may be another one.
type search struct {
	status     domainname.Status
	policy     domainname.Policy
	plainUntil string // those whose accounting date, or term's end, is before; empty: whose term goes on
}

const (
	ever     = "9999-12-31"
	lookSize = 200 // domains that are looked at in one go
)

// searchesOf are those of a day: for each extension that has a policy, of the statuses that domains of it have.
func searchesOf(ctx context.Context, tx *db.Tx) ([]search, error) {
	if some, err := tx.HasStandingDomain(ctx); !some || err != nil {
		return nil, err
	}
	standing, err := tx.StandingExtensions(ctx)
	if err != nil {
		return nil, fmt.Errorf("extensions of domains: %w", err)
	}
	today := domainname.RegistryDate(tx.Now)
	var all []search
	for _, of := range standing {
		p, ok, err := domainname.PolicyAt(ctx, tx, of.Extension, today)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		plain := p.GraceDays
		if p.GraceDays == 0 && p.Latest != nil {
			plain = *p.Latest
		}
		switch status := domainname.Status(of.Status); status {
		case domainname.Grace:
			all = append(all, search{status, p, today.AddDays(-plain).String()}, search{status, p, ""})
		case domainname.Redemption:
			all = append(all, search{status, p, today.AddDays(-plain - p.RedemptionDays).String()}, search{status, p, ""})
		default:
			all = append(all, search{status, p, ever})
		}
	}
	return all, nil
}

// place is where a search has come to.
type place struct {
	search  int
	end, id string
}

func (p place) String() string { return fmt.Sprint(p.search, " ", p.end, " ", p.id) }

func placeOf(cursor string) (p place, err error) {
	parts := strings.Split(cursor, " ")
	if len(parts) != 3 {
		return p, nil
	}
	p.end, p.id = parts[1], parts[2]
	p.search, err = strconv.Atoi(parts[0])
	return p, err
}

// lookUp returns some ids of domains whose status is another one than what was written down.
func lookUp(ctx context.Context, tx *db.Tx, searches []search, cursor string, n int, customerID string) (ids []string, next string, err error) {
	at, err := placeOf(cursor)
	if err != nil {
		return nil, "", err
	}
	for ; at.search < len(searches); at = (place{search: at.search + 1}) {
		q := searches[at.search]
		found, err := q.find(ctx, tx, at, n)
		if err != nil {
			return nil, "", err
		}
		for _, f := range found {
			d, err := domainname.Load(ctx, tx, f.id)
			if err != nil {
				return nil, "", err
			}
			if domainname.Assess(d, q.policy, nil, tx.Now).Status != d.Status && (customerID == "" || d.CustomerID == customerID) {
				ids = append(ids, f.id)
			}
		}
		if len(found) == n {
			last := found[n-1]
			last.search = at.search
			return ids, last.String(), nil
		}
		if len(ids) >= n && at.search+1 < len(searches) {
			return ids, place{search: at.search + 1}.String(), nil
		}
	}
	return ids, "", nil
}

// find returns the next domains of a search.
func (q search) find(ctx context.Context, tx *db.Tx, from place, n int) (found []place, err error) {
	today := domainname.RegistryDate(tx.Now).String()
	if q.plainUntil == "" {
		rows, err := tx.DomainsEndingFrom(ctx, query.DomainsEndingFromParams{
			Status: string(q.status), Extension: q.policy.Extension, Day: &today, AfterEnd: &from.end, After: from.id, N: int64(n),
		})
		for _, r := range rows {
			found = append(found, place{end: *r.TermEnd, id: r.ID})
		}
		return found, err
	}
	rows, err := tx.DomainsEndedBefore(ctx, query.DomainsEndedBeforeParams{
		Status: string(q.status), Extension: q.policy.Extension, Before: &q.plainUntil, Ended: &today, AfterEnd: &from.end, After: from.id, N: int64(n),
	})
	for _, r := range rows {
		found = append(found, place{end: *r.TermEnd, id: r.ID})
	}
	return found, err
}

// standOne reads a domain again under its lock, and writes its status down if it is still another one.
func standOne(ctx context.Context, tx *db.Tx, id string) (automation.Outcome, error) {
	d, err := domainname.Lock(ctx, tx, id)
	if err != nil {
		return automation.ItemSkipped, err
	}
	policy, ok, err := domainname.PolicyAt(ctx, tx, d.Extension, domainname.RegistryDate(tx.Now))
	if err != nil || !ok {
		return automation.ItemSkipped, err
	}
	open, err := domainname.OpenRenewal(ctx, tx, id)
	if err != nil {
		return automation.ItemSkipped, err
	}
	m, err := stand(ctx, tx, &d, &policy, open)
	if err != nil || m == (moved{}) {
		return automation.ItemSkipped, err
	}
	if err := domainname.Save(ctx, tx, &d); err != nil {
		return automation.ItemSkipped, err
	}
	if d.Status == domainname.Expired {
		// Nobody reads it any more.
		if err := tx.PutSyncAt(ctx, query.PutSyncAtParams{ID: id}); err != nil {
			return automation.ItemSkipped, err
		}
	}
	return automation.ItemDone, m.emit(ctx, tx, d)
}
