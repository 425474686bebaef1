package clock_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/keystead/keystead/internal/clock"
)

func TestFollowerCountsFromWhatItWasTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f clock.Follower
		if f.Age() < 24*time.Hour {
			t.Errorf("age = %v before it was told anything", f.Age())
		}
		far := time.Date(2041, 5, 6, 7, 8, 9, 1999, time.FixedZone("Paris", 3600))
		f.Follow(far)
		want := time.Date(2041, 5, 6, 6, 8, 9, 1000, time.UTC)
		if got := f.Now(); got != want || f.Age() != 0 {
			t.Errorf("Now = %v at the age of %v, want %v", got, f.Age(), want)
		}
		time.Sleep(time.Minute)
		if got, want := f.Now(), want.Add(time.Minute); got != want || f.Age() != time.Minute {
			t.Errorf("a minute later: %v at the age of %v, want %v", got, f.Age(), want)
		}
		f.Follow(want) // the other clock was turned back
		if got := f.Now(); got != want {
			t.Errorf("told again: %v, want %v", got, want)
		}
	})
}
