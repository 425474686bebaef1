package license

import (
	"fmt"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/fail"
)

func (s *store) logged(n int, licenseID, result, ip string, at time.Time) {
	s.t.Helper()
	s.exec(`INSERT INTO verification_log (id, license_id, at, result, ip, domain) VALUES ($1, $2, $3, $4, $5, 'a.example.com')`,
		fmt.Sprintf("ver_%04d", n), licenseID, int64(clock.FromTime(at)), result, ip)
}

func TestVerifications(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		s.product("prd_other", "other", "Other", "'', 0, FALSE")
		s.plan("pln_other", "prd_other", "Other", "domain", 0)
		s.examine = 3
		one, other := s.issue(IssueInput{}), s.issue(IssueInput{PlanID: "pln_other"})
		now := s.Clock.Now()
		for i := range 6 {
			s.logged(i, one.ID, WrongDomain, "192.0.2.1", now.Add(time.Duration(i-6)*24*time.Hour))
		}
		s.logged(6, other.ID, "expired", "192.0.2.2", now)
		s.logged(7, one.ID, "bound", "192.0.2.2", now)
		for name, c := range map[string]struct {
			f    VerificationFilter
			want int
		}{
			"all": {VerificationFilter{}, 8}, "license": {VerificationFilter{LicenseID: one.ID}, 7}, "product": {VerificationFilter{ProductID: "prd_other"}, 1},
			"result": {VerificationFilter{Result: WrongDomain}, 6}, "ip": {VerificationFilter{IP: "::ffff:192.0.2.2"}, 2},
			"since": {VerificationFilter{Since: now.Add(-2 * 24 * time.Hour)}, 4}, "several": {VerificationFilter{LicenseID: one.ID, IP: "192.0.2.2", Result: "bound"}, 1},
			"none": {VerificationFilter{Result: "revoked"}, 0},
		} {
			got, pages := 0, 0
			for c.f.Limit = 3; ; pages++ {
				found, next, err := s.Verifications(t.Context(), c.f)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				got += len(found)
				if c.f.Cursor = next; next == "" {
					break
				}
			}
			if got != c.want || pages > 4 {
				t.Errorf("%s: %d on %d pages, want %d", name, got, pages, c.want)
			}
		}
		found, _, err := s.Verifications(t.Context(), VerificationFilter{Limit: 1})
		if err != nil || found[0].ID != "ver_0007" || found[0].Key != one.Key || found[0].ProductName != "Widget" || found[0].Place.Domain != "a.example.com" {
			t.Errorf("newest: %+v, %v", found, err)
		}
		_, _, err = s.Verifications(t.Context(), VerificationFilter{IP: "x", LicenseID: "\x00", ProductID: "\x00", Result: "\x00"})
		if len(fail.Of(err).Fields) != 4 {
			t.Errorf("%v does not list all fields", err)
		}
	})
}
