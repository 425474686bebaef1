package registration_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/fail"
)

func TestSearch(t *testing.T) {
	each(t, func(s *shop) {
		s.checker.taken = []string{"name.test", "xn--bcher-kva.example"}
		found, err := s.reg.Search(s.ctx, " Name.Example ", "", "")
		if err != nil || len(found) != 2 {
			t.Fatalf("%v, %v", found, err)
		}
		free, taken := found[0], found[1]
		if free.Name != "name.example" || !free.Free || free.Unknown || len(free.Years) != 4 || free.Transfer != nil {
			t.Errorf("free: %+v", free)
		}
		if y := free.Years[0]; y.Years != 1 || y.Price != eur(199) || *y.Renew != eur(1200) || y.RenewYears != 1 {
			t.Errorf("one year: %+v", y)
		}
		if y := free.Years[3]; y.Years != 10 || *y.Renew != eur(9900) || y.RenewYears != 9 {
			t.Errorf("ten years: %+v", y)
		}
		if taken.Name != "name.test" || taken.Free || taken.Unknown || taken.Years != nil || *taken.Transfer != eur(900) {
			t.Errorf("taken: %+v", taken)
		}

		// What was said is kept for a minute.
		asked := len(s.checker.asked)
		for range 3 {
			if _, err := s.reg.Search(s.ctx, "name", "", ""); err != nil {
				t.Fatal(err)
			}
		}
		if len(s.checker.asked) != asked {
			t.Errorf("asked again: %v", s.checker.asked)
		}

		found, err = s.reg.Search(s.ctx, "bücher", "", "EUR")
		if err != nil || found[0].Name != "xn--bcher-kva.example" || found[0].Shown != "bücher.example" || found[0].Free || !found[1].Free {
			t.Errorf("bücher: %+v, %v", found, err)
		}

		// A name that the store has already is neither free nor to be transferred.
		s.placed(register("mine.example", 1))
		found, err = s.reg.Search(s.ctx, "mine.example", "", "")
		if err != nil || found[0].Free || found[0].Unknown || found[0].Transfer != nil || !found[1].Free {
			t.Errorf("mine: %+v, %v", found, err)
		}

		found, err = s.reg.Search(s.ctx, "name.invalid", "", "")
		if err != nil || found[0].Reason != "Names under .invalid are not sold here." || len(found) != 3 {
			t.Errorf("not sold: %+v, %v", found, err)
		}

		s.checker.fails = true
		found, err = s.reg.Search(s.ctx, "other", "", "")
		if err != nil || !found[0].Unknown || found[0].Free || len(found[0].Years) != 4 {
			t.Errorf("not asked: %+v, %v", found, err)
		}
	})
}

func TestSearchRefusesWhatIsNoName(t *testing.T) {
	each(t, func(s *shop) {
		for _, bad := range []string{"", " ", "..", "-a", "a b", "a_b", "a.github.io", "shop.a.example", "xn--a", "1.2.3.4", "a\x00b", "אa", "p\u0430ypal", "p\u0430ypal.example"} {
			_, err := s.reg.Search(s.ctx, bad, "", "")
			if e := fail.Of(err); e == nil || e.Kind != fail.KindMalformed || e.Code != "INVALID_REQUEST" {
				t.Errorf("%q: %v", bad, err)
			}
		}
		if len(s.checker.asked) != 0 {
			t.Errorf("asked %v", s.checker.asked)
		}
	})
}

func TestPricesOfTheGroup(t *testing.T) {
	each(t, func(s *shop) {
		s.prices("example", "register", "resellers", map[int]int64{1: 150, 2: -1})
		s.Clock.Advance(time.Second)
		found, err := s.reg.Search(s.ctx, "name.example", "resellers", "EUR")
		if err != nil {
			t.Fatal(err)
		}
		got := map[int]int64{}
		for _, y := range found[0].Years {
			got[y.Years] = y.Price.Amount
		}
		if diff := cmp.Diff(map[int]int64{1: 150, 5: 4999, 10: 9500}, got); diff != "" {
			t.Errorf("prices (-want +got):\n%s", diff)
		}
	})
}
