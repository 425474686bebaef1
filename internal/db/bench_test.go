package db_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
)

// stores runs f on both engines.
func stores(b *testing.B, f func(b *testing.B, d *db.DB)) {
	b.Helper()
	b.Run(string(db.SQLite), func(b *testing.B) { f(b, dbtest.SQLite(b).DB) })
	b.Run(string(db.Postgres), func(b *testing.B) { f(b, dbtest.Postgres(b).DB) })
}

// One writer: a sync for each transaction.
func BenchmarkWrite(b *testing.B) {
	stores(b, func(b *testing.B, d *db.DB) {
		n := 0
		for b.Loop() {
			n++
			if err := d.Write(b.Context(), putting(fmt.Sprintf("x%d", n))); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// Many writers: on SQLite a sync for each group of transactions.
func BenchmarkWriteTogether(b *testing.B) {
	stores(b, func(b *testing.B, d *db.DB) {
		var n atomic.Int64
		b.SetParallelism(32)
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				if err := d.Write(b.Context(), putting(fmt.Sprintf("x%d", n.Add(1)))); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

func BenchmarkRead(b *testing.B) {
	stores(b, func(b *testing.B, d *db.DB) {
		if err := d.Write(b.Context(), putting("x")); err != nil {
			b.Fatal(err)
		}
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				err := d.Read(b.Context(), func(tx *db.Tx) error {
					var value string
					return tx.SQL().QueryRowContext(b.Context(), "SELECT value FROM store_facts WHERE name = $1", "x").Scan(&value)
				})
				if err != nil {
					b.Error(err)
				}
			}
		})
	})
}
