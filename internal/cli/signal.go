package cli

import (
	"context"
	"os/signal"
	"syscall"
)

// untilInterrupted returns a context that ends with the first SIGINT or SIGTERM. The second one ends the process.
func untilInterrupted() (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}
