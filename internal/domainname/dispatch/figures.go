package dispatch

import (
	"context"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/metric"
	"github.com/keystead/keystead/internal/registrar"
)

// Attempts counts commands that were sent for renewals, restores included, by the class of what was answered.
var Attempts = metric.Counter{
	Name: "domain_renewal_attempts_total", Help: "Commands sent for renewals, by the class of their answer; unknown: there was none.",
	Labels: []string{"registrar", "class"},
}

// attempted counts a command whose answer has come, or will not any more.
func (w *worker) attempted(ctx context.Context, f facts, class registrar.Class) {
	if f.watch == nil {
		return
	}
	name := ""
	err := w.db.Read(ctx, func(tx *db.Tx) (err error) {
		name, err = domainname.RegistrarName(ctx, tx, w.id)
		return err
	})
	if err != nil {
		w.log.Warn("a command is counted without its registrar", "domain", w.id, "err", err)
	}
	f.watch.Count(&Attempts, 1, name, string(class))
}
