package epp

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/keystead/keystead/internal/registrar/epp"
	"github.com/keystead/keystead/internal/registry"
)

// A renewal as the product does it: read, send, read again.
func BenchmarkRenewal(b *testing.B) {
	w := setup(b, registry.Extension{Name: "test", GraceDays: 30})
	c := w.client(b, epp.Config{Sessions: 8})
	var n atomic.Int64
	b.SetParallelism(4)
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			name := fmt.Sprintf("bench-%d.test", n.Add(1))
			w.put(b, name, "2027-03-10")
			d, err := c.Info(b.Context(), w.id(), name, "")
			if err == nil {
				_, err = c.Renew(b.Context(), w.id(), epp.Renew{Name: name, Guard: d.Expires.Date(), Years: 1})
			}
			if err == nil {
				_, err = c.Info(b.Context(), w.id(), name, "")
			}
			if err != nil {
				b.Error(err)
			}
		}
	})
}
