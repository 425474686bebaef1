package cli

import (
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/app"
	"github.com/keystead/keystead/internal/db"
)

// scrape returns what the private listener tells, by series.
func scrape(t *testing.T, m *metrics) map[string]float64 {
	t.Helper()
	w := httptest.NewRecorder()
	m.handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	all := map[string]float64{}
	for line := range strings.Lines(w.Body.String()) {
		at := strings.LastIndexByte(line, ' ')
		if strings.HasPrefix(line, "#") || at < 0 {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(line[at:]), 64)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all[line[:at]] = n
	}
	return all
}

// families are the names of series about domains.
func families(series map[string]float64) []string {
	has := map[string]bool{}
	for name := range series {
		family, _, _ := strings.Cut(name, "{")
		family, ok := strings.CutPrefix(family, "keystead_")
		if ok && strings.HasPrefix(family, "domain") {
			family = strings.TrimSuffix(strings.TrimSuffix(family, "_sum"), "_bucket")
			has[strings.TrimSuffix(family, "_count")] = true
		}
	}
	all := []string{}
	for family := range has {
		all = append(all, family)
	}
	slices.Sort(all)
	return all
}

// The figures of domains are what the rows say, and what happens is counted.
func TestDomainMetrics(t *testing.T) {
	t.Parallel()
	a := openStore(t, demoStore(t))
	m := newMetrics(a)
	if _, err := a.Automation.Advance(t.Context(), a.DB.Clock().Now().AddDate(0, 0, 12), nil); err != nil {
		t.Fatal(err)
	}
	got := scrape(t, m)
	want := []string{
		"domain_last_safe_days_min", "domain_notice_breaches_total", "domain_notices_total", "domain_pass_seconds", "domain_renewal_attempts_total",
		"domain_renewals_open", "domain_renewals_total", "domain_sync_breaker", "domain_sync_oldest_seconds", "domain_sync_total",
		"domain_unknown_oldest_seconds", "domains",
	}
	if diff := cmp.Diff(want, families(got)); diff != "" {
		t.Error(diff)
	}
	for status, n := range counted(t, a, "SELECT status, COUNT(*) FROM domains GROUP BY status") {
		if have := got[`keystead_domains{status="`+status+`"}`]; have != n {
			t.Errorf("%v %s domains, want %v", have, status, n)
		}
	}
	for state, n := range counted(t, a, "SELECT state, COUNT(*) FROM domain_renewals WHERE settled_at IS NULL GROUP BY state") {
		if have := got[`keystead_domain_renewals_open{state="`+state+`"}`]; have != n {
			t.Errorf("%v %s renewals, want %v", have, state, n)
		}
	}
	if _, ok := got[`keystead_domains{status="fraud"}`]; !ok {
		t.Error("a status that no domain has is missing")
	}
	for _, pass := range []string{"sync", "standing", "notices", "dispatch"} {
		if got[`keystead_domain_pass_seconds_count{pass="`+pass+`"}`] == 0 {
			t.Errorf("no pass of %s was timed", pass)
		}
	}
	if t.Failed() {
		t.Log(got)
	}
}

// A store without domains tells nothing of them.
func TestMetricsWithoutDomains(t *testing.T) {
	t.Parallel()
	a, err := app.Open(t.Context(), app.Config{Dir: t.TempDir(), Logger: discard, Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := a.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	if diff := cmp.Diff([]string{"domain_notice_breaches_total"}, families(scrape(t, newMetrics(a)))); diff != "" {
		t.Error(diff)
	}
}

func counted(t *testing.T, a *app.App, q string) map[string]float64 {
	t.Helper()
	all := map[string]float64{}
	err := a.DB.Read(t.Context(), func(tx *db.Tx) error {
		rows, err := tx.SQL().QueryContext(t.Context(), q)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var of string
			var n float64
			if err := rows.Scan(&of, &n); err != nil {
				return err
			}
			all[of] = n
		}
		return rows.Err()
	})
	if err != nil || len(all) == 0 {
		t.Fatalf("%v %v", all, err)
	}
	return all
}
