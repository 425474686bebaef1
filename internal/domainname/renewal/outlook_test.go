package renewal_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/renewal"
	"github.com/keystead/keystead/internal/subscription"
)

// foretold are the steps that are told of a domain: what each is, and the end of a term as it is told.
func (s *shop) foretold(domainID string) (steps []string, end string) {
	s.Helper()
	for _, step := range must(s.Renewals.Outlook(s.ctx, domainID))(s.T).Steps {
		steps = append(steps, step.What)
		if step.What == "term_ends" {
			end = step.Text
		}
	}
	return steps, end
}

// The end of a term is not told as if it were to come where a renewal stands before it.
func TestOutlookOfATerm(t *testing.T) {
	each(t, noon, func(s *shop) {
		service, _ := s.hosting("annual", 6000)
		free := func(d *domainname.Domain) { d.Recurring = eur(0) }
		for name, tt := range map[string]struct {
			change func(*domainname.Domain)
			steps  string // up to the end
			end    string
		}{
			"auto renew":                        {func(*domainname.Domain) {}, "invoice charge renew", "Unless that is paid before, the term of "},
			"do not renew":                      {func(d *domainname.Domain) { d.DoNotRenew = true }, "", "The term of "},
			"free with a service":               {func(d *domainname.Domain) { free(d); d.BundledWith = service }, "renew", "Unless it is renewed before, the term of "},
			"free with a service, do not renew": {func(d *domainname.Domain) { free(d); d.BundledWith, d.DoNotRenew = service, true }, "", "The term of "},
			"free":                              {free, "", "The term of "},
			"no term":                           {func(d *domainname.Domain) { d.Term, d.Recurring = 0, eur(0) }, "", "The term of "},
		} {
			d := s.put(strings.NewReplacer(" ", "-", ",", "").Replace(name)+".cctld", "2027-03-10", tt.change)
			steps, end := s.foretold(d.ID)
			if i := slices.Index(steps, "term_ends"); i < 0 || strings.Join(steps[:i], " ") != tt.steps || !strings.HasPrefix(end, tt.end) {
				s.Errorf("%s: %v, %q", name, steps, end)
			}
		}
	})
}

// What can't be invoiced is not foretold as an invoice: by the policy of its day the registry has no such term.
func TestOutlookOfATermThatIsNotOnOffer(t *testing.T) {
	each(t, noon, func(s *shop) {
		d := s.put("example.cctld", "2027-03-10")
		p := must(s.Domains.Policies(s.ctx, "cctld"))(s.T)[0]
		p.ValidFrom, p.MinYears = civil.On(2027, 1, 1), 2
		must(s.Domains.CreatePolicy(s.ctx, p))(s.T)
		if steps, end := s.foretold(d.ID); strings.Join(steps[:2], " ") != "no_invoice term_ends" || !strings.HasPrefix(end, "The term") {
			s.Errorf("%v, %q", steps, end)
		}
	})
}

// What was free with a service that has ended is renewed by nobody.
func TestOutlookWithoutItsService(t *testing.T) {
	each(t, noon, func(s *shop) {
		service, _ := s.hosting("annual", 6000)
		d := s.put("example.cctld", "2028-03-10", func(d *domainname.Domain) { d.Recurring, d.BundledWith = eur(0), service })
		s.write(func(tx *db.Tx) error {
			_, err := tx.SQL().ExecContext(s.ctx, `UPDATE subscriptions SET status = 'expired', ended_on = '2026-11-22', end_reason = 'cancelled', next_at = NULL WHERE id = $1`, service)
			return err
		})
		if steps, end := s.foretold(d.ID); slices.Contains(steps, "renew") || !strings.HasPrefix(end, "The term") {
			s.Errorf("%v, %q", steps, end)
		}
	})
}

// An order is told like an automatic invoice, and what nobody can pay yet is not told as paid.
func TestOutlookOfWhatIsOwed(t *testing.T) {
	each(t, february, func(s *shop) {
		d, _ := s.automatic("example.cctld")
		if steps, end := s.foretold(d.ID); strings.Join(steps[:3], " ") != "charge renew term_ends" || !strings.HasPrefix(end, "Unless that is paid before, ") {
			s.Errorf("%v, %q", steps, end)
		}
	})
}

// What the portal says of a domain that is free with a service is what happens: with one that is cancelled it is not renewed, and staff
// are asked; with one that goes on, or is resumed, it is.
func TestUnserved(t *testing.T) {
	each(t, "2025-12-20T12:00:00Z", func(s *shop) {
		sub, _ := s.hosting("annual", 6000)
		free := func(d *domainname.Domain) { d.Recurring, d.BundledWith = eur(0), sub }
		d := s.put("example.cctld", "2026-12-20", free)
		alone := s.put("alone.cctld", "2026-12-20", func(d *domainname.Domain) { d.Recurring = eur(0) })
		unserved := func(want bool) {
			s.Helper()
			got := must(s.Renewals.Unserved(s.ctx, []domainname.Domain{s.domain(d.ID), alone}))(s.T)
			if len(got) != 1 || got[d.ID] != want {
				s.Errorf("not renewed with its service: %v, want %v", got, want)
			}
		}
		unserved(false)
		must(s.Subscriptions.Cancel(s.ctx, sub, subscription.AtPeriodEnd, "not wanted"))(s.T)
		unserved(true)
		must(s.Subscriptions.Resume(s.ctx, sub))(s.T)
		unserved(false)
		must(s.Subscriptions.Cancel(s.ctx, sub, subscription.AtPeriodEnd, "not wanted"))(s.T)
		s.advance("2026-12-21T12:00:00Z")
		unserved(true)
		s.states(d.ID)
		s.asked(d.ID, renewal.TaskFreeDue, renewal.TaskFreeLost)
	})
}
