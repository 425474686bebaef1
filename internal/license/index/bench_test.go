package index

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
)

// filled gives an index with so many licenses in memory, each with the identifier of an activation.
func filled(b *testing.B, licenses int) (x *Index, keys []string) {
	b.Helper()
	x = setup(b, dbtest.SQLite(b)).Index
	keys = make([]string, licenses)
	for n := range keys {
		e := entry(n, `{"sso":true,"projects.max":25}`)
		e.ExpiresAt, e.held = e.ends, false
		e.Key = fmt.Sprintf("%08X-%08X-%08X-%08X", n*7919, n, ^uint32(n), n*31)
		keys[n] = e.Key
		x.table.Load().put(&e, 0, &x.touches)
		x.table.Load().known.add(e.ID, e.Version, "example.com")
	}
	return x, keys
}

func BenchmarkLookup(b *testing.B) {
	for _, licenses := range []int{10_000, 1_000_000} {
		b.Run(fmt.Sprintf("licenses=%d", licenses), func(b *testing.B) {
			x, keys := filled(b, licenses)
			ctx, now := context.Background(), dbtest.Start
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				r := rand.New(rand.NewPCG(1, rand.Uint64()))
				for pb.Next() {
					e, err := x.Lookup(ctx, keys[r.IntN(len(keys))], now)
					if err != nil {
						continue // one of two keys that share a slot: these licenses have no rows to read again
					}
					if active, err := x.Active(ctx, e, "example.com"); err != nil || !active {
						b.Error(active, err)
						return
					}
				}
			})
		})
	}
}

// BenchmarkMemory reports what the garbage collector counts for licenses in memory, and how long it takes over them.
func BenchmarkMemory(b *testing.B) {
	for _, licenses := range []int{10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("licenses=%d", licenses), func(b *testing.B) {
			heap := func() uint64 {
				runtime.GC()
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				return m.HeapAlloc
			}
			for b.Loop() {
				before := heap()
				x, keys := filled(b, licenses)
				clear(keys)
				keys = nil
				_ = keys
				used := heap() - before
				b.ReportMetric(float64(used)/1e6, "MB")
				b.ReportMetric(float64(used)/float64(licenses), "B/license")
				runtime.KeepAlive(x)
			}
		})
	}
}

func BenchmarkCount(b *testing.B) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		for _, callers := range []int{1, 16, 256} {
			b.Run(fmt.Sprintf("%s/callers=%d", engine, callers), func(b *testing.B) {
				s := benchStore(b, engine)
				bench := setup(b, s)
				const licenses = 10_000
				bench.issue(1, licenses)
				c := bench.open()
				ip := netip.MustParseAddr("192.0.2.1")
				ids := make([]string, licenses)
				for n := range ids {
					ids[n] = licenseID(n + 1)
				}
				b.ReportAllocs()
				b.ResetTimer()
				var calling sync.WaitGroup
				var left atomic.Int64
				left.Store(int64(b.N))
				for range callers {
					calling.Go(func() {
						for left.Add(-1) >= 0 {
							check := Check{LicenseID: ids[rand.IntN(licenses)], At: dbtest.Start, IP: ip, Identifier: "example.com"}
							if err := c.Count(context.Background(), check); err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
				calling.Wait()
				b.StopTimer()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "checks/s")
			})
		}
	}
}

func benchStore(b *testing.B, engine db.Engine) *dbtest.Store {
	if engine == db.Postgres {
		return dbtest.Postgres(b)
	}
	return dbtest.SQLite(b)
}

// BenchmarkFold folds checks of as many licenses as there are checks: nothing can be summed up.
func BenchmarkFold(b *testing.B) {
	const checks = 20_000
	bench := setup(b, dbtest.SQLite(b))
	bench.issue(1, checks)
	for n := 1; n <= checks; n++ {
		bench.exec(fmt.Sprintf(`INSERT INTO activations (id, license_id, identifier, activated_at, last_seen_at)
			VALUES ('act_%d', '%s', 'example.com', 0, 0)`, n, licenseID(n)))
	}
	l := bench.quietLog(osFiles{})
	l.folder.atOnce = foldAtOnce
	day := 0
	for b.Loop() {
		b.StopTimer()
		day++
		batch := make([]Check, checks)
		for i, n := range rand.Perm(checks) {
			batch[i] = check(n+1, 1)
			batch[i].At = batch[i].At.AddDate(0, 0, day/10)
			batch[i].Identifier = "example.com"
		}
		write(b, l, batch...)
		b.StartTimer()
		foldAll(b, l)
	}
	b.ReportMetric(float64(b.N)*checks/b.Elapsed().Seconds(), "checks/s")
}
