package limit_test

import (
	"net/netip"
	"testing"

	"github.com/keystead/keystead/internal/limit"
)

func TestNetwork(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::", "::1": "::",
	} {
		if got := limit.Network(netip.MustParseAddr(in)); got.String() != want {
			t.Errorf("network of %s is %s, want %s", in, got, want)
		}
	}
	if limit.Network(netip.Addr{}).IsValid() {
		t.Error("nobody has a network")
	}
}
