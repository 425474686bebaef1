package license

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
)

// What is unusual for one license within a day.
const (
	anomalyWindow  = 24 * time.Hour
	manyRefusals   = 100 // identifiers that were refused
	manyAddresses  = 100 // addresses whose checks were not answered with "valid"
	anomalyPerTurn = 50  // licenses told of in one transaction
)

// anomaly is a license whose use is out of the ordinary.
type anomaly struct {
	event                 string
	licenseID, customerID string
	count                 int64
}

// ReportAnomalies tells staff, by an event, of keys with which something is wrong: leaked, or shared. Nobody is ever
// locked out for it. A license is told of once a day for each reason.
func (s *Service) ReportAnomalies(ctx context.Context) error {
	_, err := s.reportAnomalies(ctx)
	return err
}

// reportAnomalies returns how many it has told of.
func (s *Service) reportAnomalies(ctx context.Context) (told int, err error) {
	var found []anomaly
	err = s.db.Read(ctx, func(tx *db.Tx) (err error) {
		found, err = findAnomalies(ctx, tx)
		return err
	})
	for len(found) > 0 && err == nil {
		n := min(anomalyPerTurn, len(found))
		fresh := 0
		err = s.db.Write(ctx, func(tx *db.Tx) error {
			fresh = 0
			for _, a := range found[:n] {
				told, err := a.report(ctx, tx)
				if err != nil {
					return err
				}
				if told {
					fresh++
				}
			}
			return nil
		})
		told += fresh
		found = found[n:]
	}
	return told, err
}

func anomalySince(tx *db.Tx) clock.Instant { return clock.FromTime(tx.Now.Add(-anomalyWindow)) }

func findAnomalies(ctx context.Context, tx *db.Tx) ([]anomaly, error) {
	var found []anomaly
	refused, err := tx.ManyRefusals(ctx, query.ManyRefusalsParams{Since: anomalySince(tx), Least: manyRefusals})
	if err != nil {
		return nil, fmt.Errorf("refused identifiers: %w", err)
	}
	for _, r := range refused {
		found = append(found, anomaly{EventManyRefusals, r.ID, r.CustomerID, r.Identifiers})
	}
	spread, err := tx.ManyAddresses(ctx, query.ManyAddressesParams{Since: anomalySince(tx), Least: manyAddresses})
	if err != nil {
		return nil, fmt.Errorf("addresses of checks: %w", err)
	}
	for _, r := range spread {
		found = append(found, anomaly{EventManyAddresses, r.ID, r.CustomerID, r.Addresses})
	}
	return found, nil
}

// report emits the event, unless it was told within the window, and says whether it did.
func (a anomaly) report(ctx context.Context, tx *db.Tx) (bool, error) {
	told, err := tx.AnomalyReported(ctx, query.AnomalyReportedParams{SubjectID: a.licenseID, Type: a.event, Since: anomalySince(tx)})
	if err != nil || told {
		return false, err
	}
	return true, event.Emit(ctx, tx, event.New{
		Type: a.event, SubjectID: a.licenseID, CustomerID: a.customerID,
		Data: struct {
			Count int64 `json:"count"`
			Hours int   `json:"hours"`
		}{a.count, int(anomalyWindow.Hours())},
	})
}
