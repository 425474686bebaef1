// Command bench measures the figures of docs/performance.md and prints them as a table, each beside the bare
// net/http handler that was measured in the same run. It builds nothing: give it the binary with -bin.
//
//	go run ./test/bench -bin bin/keystead -sizes 10000,100000,1000000
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
)

var (
	bin      = flag.String("bin", "bin/keystead", "the program to measure")
	sizes    = flag.String("sizes", "10000,100000,1000000", "licenses in the store, one run each")
	duration = flag.Duration("duration", 5*time.Second, "length of each run of load")
	keep     = flag.String("keep", "", "folder that keeps the filled stores for the next time")
	pgURL    = flag.String("postgres", "", "empty PostgreSQL database to measure as well, with two server processes")
	bareAddr = flag.String("bare", "", "internal: serve the bare handler at this address")
)

func main() {
	flag.Parse()
	if *bareAddr != "" {
		serveBare(*bareAddr)
		return
	}
	if err := bench(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bareAnswer is as long as an answer of validate.
var bareAnswer = append([]byte(`{"data":{"x":"`), append(bytes.Repeat([]byte("x"), 282), `"}}`...)...)

// serveBare is what the figures are compared with: net/http, a body that is read, 300 bytes of JSON.
func serveBare(addr string) {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header()["Content-Type"] = []string{"application/json"}
		_, _ = w.Write(bareAnswer)
	})
	s := &http.Server{Addr: addr, Handler: h, ReadHeaderTimeout: 10 * time.Second}
	fmt.Fprintln(os.Stderr, s.ListenAndServe())
}

func bench(ctx context.Context) error {
	fmt.Println("| store | what | connections | requests/s | of bare | p50 | p99 | server's CPU |")
	fmt.Println("|---|---|---|---|---|---|---|---|")
	for _, text := range strings.Split(*sizes, ",") {
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("-sizes: %w", err)
		}
		dir, err := filledStore(ctx, n)
		if err != nil {
			return err
		}
		if err := measure(ctx, n, []string{"--data", dir}, 1); err != nil {
			return fmt.Errorf("%d licenses: %w", n, err)
		}
		if *keep == "" {
			if err := os.RemoveAll(dir); err != nil {
				return err
			}
		}
	}
	if *pgURL == "" {
		return nil
	}
	const n = 100_000
	d, err := db.Open(ctx, db.Config{URL: *pgURL, Clock: clock.System()})
	if err != nil {
		return err
	}
	if err := seed(ctx, d, n); err != nil {
		return err
	}
	if err := d.Close(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "keystead-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	return measure(ctx, n, []string{"--database-url", *pgURL, "--files", dir}, 2)
}

// filledStore makes a SQLite store with n licenses, or takes the one that was kept.
func filledStore(ctx context.Context, n int) (string, error) {
	dir := filepath.Join(*keep, fmt.Sprintf("store-%d", n))
	if *keep == "" {
		var err error
		if dir, err = os.MkdirTemp("", "keystead-bench-"); err != nil {
			return "", err
		}
	} else if _, err := os.Stat(filepath.Join(dir, "seeded")); err == nil {
		return dir, nil
	}
	progress("filling a store with %d licenses", n)
	d, err := db.Open(ctx, db.Config{Dir: dir, Clock: clock.System()})
	if err != nil {
		return "", err
	}
	if err := seed(ctx, d, n); err != nil {
		return "", err
	}
	if err := d.Close(); err != nil {
		return "", err
	}
	return dir, os.WriteFile(filepath.Join(dir, "seeded"), nil, 0o600)
}

func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

// server is a process under measurement.
type server struct {
	cmd   *exec.Cmd
	addr  string
	ready time.Duration
}

func startServer(ctx context.Context, path, probe string, port int, args ...string) (*server, error) {
	s := &server{addr: fmt.Sprintf("127.0.0.1:%d", port)}
	for i, a := range args {
		args[i] = strings.ReplaceAll(a, "ADDR", s.addr)
	}
	s.cmd = exec.CommandContext(ctx, path, args...)
	s.cmd.Stderr = os.Stderr
	if os.Getenv("BENCH_LOG") == "" {
		s.cmd.Stderr = nil
	}
	start := now()
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	for now().Sub(start) < time.Minute {
		resp, err := http.Get("http://" + s.addr + probe)
		if err == nil {
			_ = resp.Body.Close()
			s.ready = now().Sub(start)
			return s, nil
		}
		time.Sleep(5 * time.Millisecond)
	}
	s.stop()
	return nil, fmt.Errorf("%s did not answer within a minute", path)
}

func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait()
}

// cpu is the processor time that the process has used.
func (s *server) cpu() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	// The name of the program ends at the last bracket; utime and stime are fields 14 and 15, in ticks of 10 ms.
	_, rest, _ := strings.Cut(string(text[bytes.LastIndexByte(text, ')'):]), " ")
	f := strings.Fields(rest)
	if len(f) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(f[11], 10, 64)
	system, _ := strconv.ParseInt(f[12], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond
}

// settle waits until the server has nothing to do any more, three minutes at most.
func (s *server) settle() {
	for range 180 {
		before := s.cpu()
		time.Sleep(time.Second)
		if s.cpu()-before <= 20*time.Millisecond {
			return
		}
	}
}

// load runs requests against the server and notes what processor time each cost it.
func (s *server) load(conns int, next request) (result, error) {
	before := s.cpu()
	r, err := run(s.addr, conns, *duration, next)
	if r.requests > 0 {
		r.cpu = (s.cpu() - before) / time.Duration(r.requests)
	}
	return r, err
}

// memory is the resident set in megabytes, and the part of it that is not mapped from files.
func (s *server) memory() (rss, own float64) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0, 0
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		kb, _ := strconv.ParseFloat(f[1], 64)
		switch f[0] {
		case "VmRSS:":
			rss = kb / 1024
		case "RssAnon:":
			own = kb / 1024
		}
	}
	return rss, own
}

func measure(ctx context.Context, n int, store []string, processes int) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	bare, err := startServer(ctx, self, "/", 18479, "-bare", "ADDR")
	if err != nil {
		return err
	}
	defer bare.stop()
	reference := map[int]float64{}
	for _, conns := range []int{16, 256} {
		r, err := bare.load(conns, func(_, i int, buf *bytes.Buffer) func(int, []byte) bool {
			post(buf, "/", jsonType, questions[0].body(i))
			return func(status int, _ []byte) bool { return status == http.StatusOK }
		})
		if err != nil {
			return err
		}
		reference[conns] = r.perSec
		row(n, "bare net/http", conns, r, 0)
	}
	bare.stop()

	var servers []*server
	for p := range processes {
		s, err := startServer(ctx, *bin, "/status", 18480+p, append([]string{"serve", "--listen", "ADDR"}, store...)...)
		if err != nil {
			return err
		}
		defer s.stop()
		servers = append(servers, s)
	}
	s := servers[0]
	rss, own := s.memory()
	fmt.Printf("| %d | start to ready: %d ms; idle %.0f MB resident, %.0f MB of it its own | | | | | | |\n", n, s.ready.Milliseconds(), rss, own)

	// What is measured is a server that has been up for a while: its index is warm.
	s.settle()
	for _, conns := range []int{16, 256} {
		for _, q := range questions {
			r, err := s.load(conns, checks(n, q, scatter))
			if err != nil {
				return err
			}
			row(n, q.name, conns, r, r.perSec/reference[conns])
		}
	}
	for _, conns := range []int{16, 256} {
		r, err := s.load(conns, verifications(n))
		if err != nil {
			return err
		}
		row(n, "WHMCS's protocol", conns, r, r.perSec/reference[conns])
	}
	s.settle()
	rss, own = s.memory()
	fmt.Printf("| %d | after load: %.0f MB resident, %.0f MB of it its own | | | | | | |\n", n, rss, own)
	for _, s := range servers {
		r, err := s.load(16, places(n, s.addr))
		if err != nil {
			return err
		}
		row(n, "activate and deactivate", 16, r, 0)
	}
	if processes > 1 {
		return nil
	}
	s.settle()
	return lists(ctx, n, s.addr, store)
}

// question is a way to ask validate.
type question struct {
	name string
	more func(i int) string // members of the body beside the key
}

// The nonce is as long as the libraries' own.
var questions = []question{
	{"validate", func(int) string { return "" }},
	{"validate, with identifier", func(i int) string { return fmt.Sprintf(`,"identifier":"%s"`, licenseHost(i)) }},
	{"validate, with a nonce", func(i int) string { return fmt.Sprintf(`,"nonce":"%043d"`, i) }},
}

func (q question) body(i int) []byte {
	return fmt.Appendf(nil, `{"license_key":"%s"%s}`, licenseKey(i), q.more(i))
}

// scatter spreads a connection's requests over the store.
func scatter(conn, i int) int { return (conn*7919 + i*104729) & 0x7fffffff }

func checks(n int, q question, pick func(conn, i int) int) request {
	wanted := []byte(`"valid":true`)
	return func(conn, i int, buf *bytes.Buffer) func(int, []byte) bool {
		post(buf, "/api/v1/licenses/validate", jsonType, q.body(activeLicense(pick(conn, i)%(n-8))))
		return func(status int, body []byte) bool { return status == http.StatusOK && bytes.Contains(body, wanted) }
	}
}

// verifications check a license as software does that was made for WHMCS, from where it is bound.
func verifications(n int) request {
	wanted := []byte("<status>Active</status>")
	return func(conn, i int, buf *bytes.Buffer) func(int, []byte) bool {
		lic := activeLicense(scatter(conn, i) % (n - 8))
		post(buf, "/whmcs/modules/servers/licensing/verify.php", "application/x-www-form-urlencoded",
			fmt.Appendf(nil, "licensekey=%s&domain=%s&ip=%s&dir=%s&check_token=1690000000%032x&", licenseKey(lic), licenseHost(lic), seedIP, seedDirectory, i))
		return func(status int, body []byte) bool { return status == http.StatusOK && bytes.Contains(body, wanted) }
	}
}

// places activates a new identifier with every even request of a connection and deactivates it with the next.
func places(n int, salt string) request {
	salt = strings.NewReplacer(".", "", ":", "").Replace(salt)
	return func(conn, i int, buf *bytes.Buffer) func(int, []byte) bool {
		lic := activeLicense(scatter(conn, i/2) % (n - 8))
		path := "/api/v1/licenses/activate"
		if i%2 == 1 {
			path = "/api/v1/licenses/deactivate"
		}
		post(buf, path, jsonType, fmt.Appendf(nil, `{"license_key":"%s","identifier":"c%d-%d-%s.example.org"}`, licenseKey(lic), conn, i/2, salt))
		return func(status int, _ []byte) bool { return status == http.StatusOK }
	}
}

func row(n int, what string, conns int, r result, ratio float64) {
	of := ""
	if ratio > 0 {
		of = fmt.Sprintf("%.0f %%", ratio*100)
	}
	fmt.Printf("| %d | %s | %d | %.0f | %s | %.2f ms | %.2f ms | %d µs |\n", n, what, conns, r.perSec, of, ms(r.p50), ms(r.p99), r.cpu.Microseconds())
	if r.failed > 0 {
		fmt.Printf("| %d | %s: %d of %d answers were wrong, the first: %s | | | | | | |\n", n, what, r.failed, r.requests, r.firstBad)
	}
}

// lists asks for pages of the staff list of licenses, over the admin API, by every filter and sort.
func lists(ctx context.Context, n int, addr string, store []string) error {
	out, err := exec.CommandContext(ctx, *bin, append([]string{"token", "create", "--scope", "*"}, store...)...).Output()
	if err != nil {
		return fmt.Errorf("make a token: %w", err)
	}
	token := strings.TrimSpace(string(out))
	filters := []string{
		"", "status=active", "status=expired", "status=suspended", "status=revoked", "product_id=" + seedProduct, "product_id=" + seedProduct + "1&status=suspended", "plan_id=" + seedPlan,
		"type=purchased", "not_seen_days=30", "near_limit=true", "sort=expires_at", "sort=last_check_at", "q=" + licenseKey(n / 2)[:10], "q=" + licenseKey(n/2), "q=customer77", "q=host77.example.com", "q=nobody",
	}
	var took []time.Duration
	worst, slowest := time.Duration(0), ""
	client := &http.Client{Timeout: time.Minute}
	for _, f := range filters {
		cursor := ""
		for page := range 20 {
			url := fmt.Sprintf("http://%s/api/admin/v1/licenses?limit=50&%s&cursor=%s", addr, f, cursor)
			start := now()
			status, next, err := listPage(ctx, client, url, token)
			if err != nil {
				return err
			}
			d := now().Sub(start)
			if status != http.StatusOK {
				return fmt.Errorf("%s: status %d", f, status)
			}
			if took = append(took, d); d > worst {
				worst, slowest = d, fmt.Sprintf("%s page %d", f, page+1)
			}
			if cursor = next; cursor == "" {
				break
			}
		}
	}
	slices.Sort(took)
	fmt.Printf("| %d | staff list pages: %d pages of %d filters, p95 %.1f ms, slowest %.1f ms (%s) | | | | | | |\n", n, len(took), len(filters), ms(took[len(took)*95/100]), ms(worst), slowest)
	return nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
