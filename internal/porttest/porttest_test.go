package porttest_test

import (
	"errors"
	"net"
	"syscall"
	"testing"

	"github.com/keystead/keystead/internal/porttest"
)

func TestFree(t *testing.T) {
	t.Parallel()
	address := porttest.Free(t)
	for range 2 { // a program that is started again
		if _, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Fatalf("somebody is there: %v", err)
		}
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = c.Close(), l.Close()
	}
}
