package app

import "testing"

// A store that can't be read any more is not ready, whatever is still in memory.
func TestReady(t *testing.T) {
	t.Parallel()
	a, err := Open(t.Context(), Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Settings.Get(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.Ready(t.Context()); err != nil {
		t.Errorf("ready: %v", err)
	}
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a.Ready(t.Context()) == nil {
		t.Error("ready after the store was closed")
	}
}
