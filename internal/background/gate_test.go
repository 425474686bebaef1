package background_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/keystead/keystead/internal/background"
)

var errTurnLost = errors.New("somebody else took over")

func TestGate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var g background.Gate
		enter := func(want bool) {
			t.Helper()
			if got := g.Enter(); got != want {
				t.Fatalf("Enter = %t, want %t", got, want)
			}
		}
		enter(true)
		enter(true)
		impatient, cancel := context.WithCancelCause(t.Context())
		cancel(errTurnLost)
		if _, err := g.Close(impatient); !errors.Is(err, errTurnLost) {
			t.Fatalf("Close = %v while somebody is inside", err)
		}
		g.Leave()
		enter(true) // it stayed open

		var opens []func()
		for range 2 {
			go func() {
				open, err := g.Close(t.Context())
				if err != nil {
					t.Error(err)
				}
				opens = append(opens, open)
			}()
			synctest.Wait()
		}
		enter(false)
		g.Bring()
		g.Leave()
		g.Leave()
		synctest.Wait()
		if len(opens) != 0 {
			t.Fatal("closed while somebody is inside")
		}
		g.Leave()
		synctest.Wait()
		if len(opens) != 2 {
			t.Fatalf("%d have closed it", len(opens))
		}
		opens[0]()
		opens[0]()
		enter(false)
		opens[1]()
		enter(true)
		g.Leave()
		open, err := g.Close(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		enter(false)
		open()
	})
}
