//go:build !race

// Nothing is concurrent in this test, and under the race detector SQLite is twenty times slower.

package index

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/db/dbtest"
)

// Whatever happens in whatever order, every answered check is counted once.
func TestLogCountsOnceWhateverHappens(t *testing.T) {
	t.Parallel()
	b := setup(t, dbtest.SQLite(t))
	const licenses = 12
	b.issue(1, licenses)
	rapid.Check(t, func(t *rapid.T) {
		b.exec(`DELETE FROM license_checks`, `DELETE FROM license_checks_daily`, `DELETE FROM checks_hourly`, `DELETE FROM verification_log`)
		for _, left := range b.segments() { // by a run that was given up
			if err := os.Remove(left); err != nil {
				t.Fatal(err)
			}
		}
		disk := &faulty{files: osFiles{}}
		l := b.quietLog(disk)
		var answered [licenses + 1]int64
		noted, sum, second := 0, int64(0), 0
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) {
				n := rapid.SampledFrom([]int{1, 2, 3, licenses}).Draw(t, "license")
				if got := b.counted(l, n); got != answered[n] {
					t.Fatalf("license %d: %d checks, %d were answered", n, got, answered[n])
				}
			},
			"write": func(t *rapid.T) {
				var checks []Check
				for range rapid.IntRange(1, 5).Draw(t, "checks") {
					c := check(rapid.SampledFrom([]int{1, 2, 3, licenses}).Draw(t, "license"), second%50)
					if second++; rapid.Bool().Draw(t, "noted") {
						c.Result = "expired"
					}
					checks = append(checks, c)
				}
				if l.write(checks) != nil {
					if !disk.failing() {
						t.Fatal("an unexpected failure")
					}
					return
				}
				for _, c := range checks {
					n, err := strconv.Atoi(strings.TrimPrefix(c.LicenseID, "lic_"))
					if err != nil {
						t.Fatal(err)
					}
					answered[n]++
					sum++
					if c.noted() {
						noted++
					}
				}
			},
			"write to all": func(*rapid.T) {
				var checks []Check
				for n := 1; n <= licenses; n++ {
					checks = append(checks, check(n, 1))
				}
				if l.write(checks) == nil {
					for n := 1; n <= licenses; n++ {
						answered[n]++
						sum++
					}
				}
			},
			"finish": func(t *rapid.T) {
				if err := l.finishSegment(); err != nil && !disk.failing() {
					t.Fatal(err)
				}
			},
			"fold some": func(t *rapid.T) {
				if _, err := l.folder.step(); err != nil && !disk.failing() {
					t.Fatal(err)
				}
			},
			"fail": func(t *rapid.T) {
				disk.writes = rapid.IntRange(0, 200).Draw(t, "bytes")
				disk.fail = true
				disk.truncates = rapid.Bool().Draw(t, "truncate")
			},
			"heal": func(*rapid.T) { disk.fail = false },
			"kill": func(*rapid.T) {
				if l.torn {
					return // a write that failed, and can't be undone, may come back; nobody was answered for it
				}
				disk.fail = false
				l = b.quietLog(disk)
			},
			"tear": func(t *rapid.T) {
				if l.file == nil || disk.fail || l.torn {
					return // nothing is being written
				}
				// A write that the end of the process cut short.
				c := check(1, 1)
				whole := appendRecord(nil, &c)
				part := whole[:rapid.IntRange(0, len(whole)-1).Draw(t, "part")]
				if _, err := l.file.Write(part); err != nil {
					t.Fatal(err)
				}
				l = b.quietLog(disk)
			},
		})
		disk.fail = false
		write(b.t, l, check(1, 1)) // also takes back what a failed write left
		sum++
		foldAll(b.t, l)
		for q, want := range map[string]int64{
			`SELECT coalesce(sum(check_count), 0) FROM license_checks`:       sum,
			`SELECT coalesce(sum(check_count), 0) FROM license_checks_daily`: sum,
			`SELECT coalesce(sum(check_count), 0) FROM checks_hourly`:        sum,
			`SELECT count(*) FROM verification_log`:                          int64(noted),
		} {
			if got := number(b.t, b.DB, q); got != want {
				t.Fatalf("%s: %d, want %d", q, got, want)
			}
		}
		if len(l.pending.sums) != 0 {
			t.Fatalf("%d licenses are still pending", len(l.pending.sums))
		}
	})
}
