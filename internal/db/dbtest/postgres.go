package dbtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
)

// The server takes 300 connections. `go test ./...` runs as many packages at once as there are processors, each with
// as many parallel tests, so the stores that are open at once in one process are bounded.
const (
	connsPerStore = 8
	connsInAll    = 280
)

var openStores = make(chan struct{}, max(4, connsInAll/connsPerStore/runtime.GOMAXPROCS(0)))

// PostgresURL gives the address of a migrated, empty store that nobody has open.
func PostgresURL(t testing.TB) string {
	t.Helper()
	server, err := theServer()
	if errors.Is(err, errNoPostgres) && os.Getenv("KEYSTEAD_CI") != "1" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	template, err := pgTemplate()
	if err != nil {
		t.Fatalf("PostgreSQL template: %v", err)
	}
	openStores <- struct{}{}
	name := "t_" + strings.ToLower(rand.Text())
	// Copying files is ten times faster than logging their content, when nothing waits for the disk.
	if err := server.do("CREATE DATABASE " + name + " TEMPLATE " + template + " STRATEGY file_copy"); err != nil {
		<-openStores
		t.Fatal(err)
	}
	t.Cleanup(func() {
		defer func() { <-openStores }()
		if err := server.do("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return server.databaseURL(name)
}

// pgTemplate is the name of a migrated database, made by the first test process that needs it.
var pgTemplate = sync.OnceValues(func() (_ string, err error) {
	s, err := theServer()
	if err != nil {
		return "", err
	}
	name := "keystead_" + db.Fingerprint()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, s.databaseURL("postgres"))
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock(2)"); err != nil { // until conn is closed
		return "", err
	}
	var ready bool
	err = conn.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1 AND datistemplate)", name).Scan(&ready)
	if err != nil || ready {
		return name, err
	}
	// One that is not marked as a template was left half-way.
	if err := s.do("DROP DATABASE IF EXISTS "+name+" WITH (FORCE)", "CREATE DATABASE "+name+" TEMPLATE template0"); err != nil {
		return "", err
	}
	d, err := db.Open(ctx, db.Config{URL: s.databaseURL(name), Clock: clock.NewTest(Start), Conns: connsPerStore})
	if err != nil {
		return "", err
	}
	if err := d.Close(); err != nil {
		return "", err
	}
	if err := s.do("ALTER DATABASE " + name + " IS_TEMPLATE true"); err != nil {
		return "", fmt.Errorf("mark the template: %w", err)
	}
	return name, nil
})
