package index

import (
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func drawCheck(t *rapid.T) Check {
	c := Check{
		LicenseID:  rapid.StringN(1, 30, 60).Draw(t, "license"),
		At:         time.UnixMicro(rapid.Int64Range(-1<<50, 1<<52).Draw(t, "at")).UTC(),
		Identifier: rapid.StringN(0, 300, 1000).Draw(t, "identifier"),
	}
	if b := rapid.SampledFrom([]int{0, 4, 16}).Draw(t, "address length"); b > 0 {
		bytes := rapid.SliceOfN(rapid.Byte(), b, b).Draw(t, "address")
		ip, _ := netip.AddrFromSlice(bytes)
		c.IP = ip.Unmap()
	}
	if rapid.Bool().Draw(t, "noted") {
		c.Result = rapid.StringN(1, 20, 40).Draw(t, "result")
		c.Version, c.UserAgent = rapid.StringN(0, 50, 255).Draw(t, "version"), rapid.StringN(0, 200, 512).Draw(t, "user agent")
	}
	return c
}

func TestRecordsComeBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		checks := rapid.SliceOfN(rapid.Custom(drawCheck), 0, 20).Draw(t, "checks")
		log := []byte(segmentHead)
		var ends []int
		for i := range checks {
			log = appendRecord(log, &checks[i])
			ends = append(ends, len(log))
		}
		got, torn := checksOf(log)
		if torn != 0 || len(got) != len(checks) {
			t.Fatalf("%d checks, %d bytes torn; want %d", len(got), torn, len(checks))
		}
		for i := range checks {
			want := checks[i]
			if want.Result == Valid {
				want.Result, want.Version, want.UserAgent = "", "", ""
			}
			if got[i] != want {
				t.Fatalf("check %d: %+v, want %+v", i, got[i], want)
			}
		}

		// Cut anywhere, and with anything behind it, the log gives the checks that are whole.
		cut := rapid.IntRange(0, len(log)).Draw(t, "cut")
		whole := 0
		for _, end := range ends {
			if end <= cut {
				whole++
			}
		}
		behind := rapid.SampledFrom([][]byte{nil, {0}, make([]byte, 100)}).Draw(t, "behind")
		if cut == len(log) || behind == nil { // else the zeros might be what was cut away
			got, _ = checksOf(append(log[:cut:cut], behind...))
			if len(got) != whole {
				t.Fatalf("%d checks after a cut at %d, want %d", len(got), cut, whole)
			}
		}
	})
}

func TestDamageIsNoticed(t *testing.T) {
	t.Parallel()
	c := check(1, 1)
	log := appendRecord([]byte(segmentHead), &c)
	for i := range log {
		log[i] ^= 0x10
		if got, torn := checksOf(log); len(got) != 0 || torn == 0 {
			t.Errorf("byte %d damaged: %+v, %d bytes left", i, got, torn)
		}
		log[i] ^= 0x10
	}
}

func FuzzSegment(f *testing.F) {
	c := check(1, 1)
	f.Add(appendRecord([]byte(segmentHead), &c))
	c.Result, c.UserAgent = "expired", "curl"
	f.Add(appendRecord([]byte(segmentHead), &c))
	f.Add([]byte(segmentHead + "\x08\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		checks, torn := checksOf(b)
		if torn > len(b) || len(checks) > len(b) {
			t.Errorf("%d checks, %d of %d bytes left", len(checks), torn, len(b))
		}
	})
}
