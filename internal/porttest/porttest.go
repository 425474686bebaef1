// Package porttest gives tests ports that are theirs alone, also while nobody listens there: a port that is closed and free
// may be given to another test at any time, which then hears what was meant for this one.
package porttest

import (
	"net"
	"testing"
)

// Free is an address on loopback where nobody listens, for a program that is told to, or for what is to find nobody.
func Free(t testing.TB) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	Hold(t, l)
	return l.Addr().String()
}

// Hold holds the port of l to the end of the test, whether l is open or not, by a connection that stays. It is given to nobody
// who asks for any port; who asks for this one has it. Nothing may accept from l meanwhile.
func Hold(t testing.TB, l net.Listener) {
	t.Helper()
	for _, end := range []func() (net.Conn, error){
		func() (net.Conn, error) { return (&net.Dialer{}).DialContext(t.Context(), "tcp", l.Addr().String()) },
		l.Accept,
	} {
		c, err := end()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
	}
}
