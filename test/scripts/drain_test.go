package scripts

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/test/drive"
)

// A request that has begun when SIGTERM comes is answered; new ones are not taken.
func TestServeDrains(t *testing.T) {
	t.Parallel()
	s := drive.StartDemo(t, "--empty", "--data", t.TempDir(), "--drain", drive.Patience.String())
	conn, err := net.Dial("tcp", s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	const body = "license_key=NO-SUCH-KEY-0000"
	fmt.Fprintf(conn, "POST /api/v1/licenses/validate HTTP/1.1\r\nHost: %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", s.Addr, len(body))
	answers := bufio.NewReader(conn)
	// Whoever is told to go on has been heard, and their body is waited for.
	if line, err := answers.ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 100 ") {
		t.Fatalf("%q, %v", line, err)
	}
	if _, err := answers.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(conn, body[:5])

	ended := make(chan struct{})
	go func() {
		s.Stop(t)
		close(ended)
	}()
	for begun := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		late, err := net.Dial("tcp", s.Addr)
		if err != nil {
			break
		}
		_ = late.Close()
		if time.Since(begun) > drive.Patience {
			t.Fatal("new connections are still taken")
		}
	}
	select {
	case <-ended:
		t.Fatal("the server ended with a request unanswered")
	default:
	}
	fmt.Fprint(conn, body[5:])
	answer, err := http.ReadResponse(answers, nil)
	if err != nil {
		t.Fatalf("the request that had begun was not answered: %v\n%s", err, s.Log())
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusForbidden && answer.StatusCode != http.StatusNotFound {
		t.Errorf("status %d", answer.StatusCode)
	}
	<-ended
	if strings.Contains(s.Log(), "level=ERROR") {
		t.Errorf("the log has errors:\n%s", s.Log())
	}
}
