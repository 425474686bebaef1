package clock_test

import (
	"errors"
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
		if err := f.Follow(says(far)); err != nil {
			t.Fatal(err)
		}
		want := time.Date(2041, 5, 6, 6, 8, 9, 1000, time.UTC)
		if got := f.Now(); got != want || f.Age() != 0 {
			t.Errorf("Now = %v at the age of %v, want %v", got, f.Age(), want)
		}
		time.Sleep(time.Minute)
		if got, want := f.Now(), want.Add(time.Minute); got != want || f.Age() != time.Minute {
			t.Errorf("a minute later: %v at the age of %v, want %v", got, f.Age(), want)
		}
		if err := f.Follow(says(want)); err != nil { // the other clock was turned back
			t.Fatal(err)
		}
		if got := f.Now(); got != want {
			t.Errorf("told again: %v, want %v", got, want)
		}
	})
}

func says(now time.Time) func() (time.Time, error) {
	return func() (time.Time, error) { return now, nil }
}

// How long answers take moves the clock neither back nor ahead.
func TestFollowerGoesOnWhileItAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f clock.Follower
		begun := time.Now()
		other := time.Date(2041, 5, 6, 7, 8, 9, 0, time.UTC)
		slow := func(before, after time.Duration) func() (time.Time, error) {
			return func() (time.Time, error) {
				time.Sleep(before)
				now := other.Add(time.Since(begun))
				time.Sleep(after)
				return now, nil
			}
		}
		for _, ask := range []func() (time.Time, error){
			slow(0, 0), slow(0, 5*time.Second), slow(3*time.Second, time.Second), slow(20*time.Second, 0),
			func() (time.Time, error) { return time.Time{}, errors.New("nobody is there") },
		} {
			_ = f.Follow(ask)
			if got, want := f.Now(), other.Add(time.Since(begun)); got != want {
				t.Errorf("Now = %v, want %v", got, want)
			}
			time.Sleep(10 * time.Second)
		}
	})
}
