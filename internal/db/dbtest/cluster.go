package dbtest

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	linger    = 60               // seconds that an idle cluster runs on
	startWait = 60 * time.Second // how long a cluster may take to start on a busy machine
)

// errNoPostgres says that the programs of PostgreSQL are not installed.
var errNoPostgres = errors.New("PostgreSQL is not installed: no initdb in PATH or under /usr/lib/postgresql (Debian: apt-get install postgresql), and KEYSTEAD_TEST_POSTGRES names no running server")

//go:embed cluster.sh
var clusterScript string

// server is a PostgreSQL in which databases can be made.
type server struct {
	url url.URL

	mu    sync.Mutex
	admin *pgx.Conn // open as long as this process lives: it tells the cluster that it is in use
}

// databaseURL is the address of one of the server's databases.
func (s *server) databaseURL(name string) string {
	u := s.url
	u.Path = "/" + name
	q := u.Query()
	q.Set("connect_timeout", strconv.Itoa(int(startWait/time.Second)))
	u.RawQuery = q.Encode()
	return u.String()
}

// do runs statements one after another in the server's maintenance database.
func (s *server) do(statements ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, q := range statements {
		if _, err := s.admin.Exec(context.Background(), q); err != nil {
			return fmt.Errorf("%s: %w", q, err)
		}
	}
	return nil
}

// connect opens the server at u and declares it to be in use.
func connect(u url.URL) (*server, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startWait)
	defer cancel()
	s := &server{url: u}
	var err error
	if s.admin, err = pgx.Connect(ctx, s.databaseURL("postgres")); err != nil {
		return nil, err
	}
	if _, err := s.admin.Exec(ctx, "SELECT pg_advisory_lock_shared(1)"); err != nil {
		return nil, errors.Join(err, s.admin.Close(ctx))
	}
	return s, nil
}

// theServer is the one server of this process: the one that the environment names, the cluster that another test
// process of this user has started, or else a new one.
var theServer = sync.OnceValues(func() (*server, error) {
	if named := os.Getenv("KEYSTEAD_TEST_POSTGRES"); named != "" {
		u, err := url.Parse(named)
		if err != nil {
			return nil, fmt.Errorf("KEYSTEAD_TEST_POSTGRES: %w", err)
		}
		return connect(*u)
	}
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	shared, err := sharedDir()
	if err != nil {
		return nil, err
	}
	unlock, err := lockFile(filepath.Join(shared, "postgres.lock"))
	if err != nil {
		return nil, err
	}
	defer unlock()
	current := filepath.Join(shared, "postgres.current")
	if dir, err := os.ReadFile(current); err == nil {
		if s, err := join(string(dir)); err == nil {
			return s, nil
		}
	}
	removeAll(filepath.Join(shared, "pg-*")) // of runs that were killed
	dir, err := os.MkdirTemp(shared, "pg-")
	if err != nil {
		return nil, err
	}
	s, err := startCluster(bin, dir)
	if err != nil {
		return nil, err
	}
	return s, os.WriteFile(current, []byte(dir), 0o600)
})

// join connects to the cluster in dir and tells it that somebody came.
func join(dir string) (*server, error) {
	if err := os.WriteFile(filepath.Join(dir, "used"), nil, 0o600); err != nil {
		return nil, err
	}
	q := url.Values{"host": {dir}, "sslmode": {"disable"}}
	return connect(url.URL{Scheme: "postgres", User: url.User("keystead"), RawQuery: q.Encode()})
}

// programs finds the folder of initdb and postgres: Debian keeps them out of the PATH.
func programs() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is well-formed
	slices.SortFunc(found, func(a, b string) int { return version(b) - version(a) })
	if initdb, err := exec.LookPath("initdb"); err == nil {
		found = append(found, initdb)
	}
	for _, initdb := range found {
		if program, err := filepath.EvalSymlinks(initdb); err == nil {
			return filepath.Dir(program), nil
		}
	}
	return "", errNoPostgres
}

// version is the 15 of /usr/lib/postgresql/15/bin/initdb.
func version(initdb string) int {
	n, _ := strconv.Atoi(strings.Split(initdb, "/")[4]) // not a number: the oldest
	return n
}

// startCluster starts a cluster in dir that outlives this process and ends by itself.
func startCluster(bin, dir string) (*server, error) {
	attr, err := unprivileged(dir)
	if err != nil {
		return nil, err
	}
	attr.Setsid = true // the terminal's Ctrl-C is not for it
	script := exec.Command("/bin/sh", "-c", clusterScript, "keystead-test-postgres", bin, dir, strconv.Itoa(linger))
	script.Dir = "/"
	script.SysProcAttr = attr
	script.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
	if err := script.Start(); err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- script.Wait() }()
	deadline := time.After(startWait)
	for {
		select {
		case err := <-ended:
			log, _ := os.ReadFile(filepath.Join(dir, "log"))
			return nil, fmt.Errorf("PostgreSQL did not start: %w\n%s", err, log)
		case <-deadline:
			log, _ := os.ReadFile(filepath.Join(dir, "log"))
			return nil, fmt.Errorf("PostgreSQL has not started after %s\n%s", startWait, log)
		case <-time.After(20 * time.Millisecond):
			if s, err := join(dir); err == nil {
				return s, nil
			}
		}
	}
}

// unprivileged gives dir to the user postgres and runs the cluster as that one if the tests run as root, which
// PostgreSQL refuses.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	if os.Getuid() != 0 {
		return &syscall.SysProcAttr{}, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL can't run as root: %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	if err := os.Chown(dir, int(uid), int(gid)); err != nil {
		return nil, err
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}

func removeAll(pattern string) {
	found, _ := filepath.Glob(pattern) // the pattern is well-formed
	for _, path := range found {
		_ = os.RemoveAll(path)
	}
}
