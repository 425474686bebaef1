// Package scripts tries the commands of the built program, as a person in a shell would. Each *.txtar file here is a
// test; the commands that they have besides those of testscript are in this file.
package scripts

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/keystead/keystead/internal/porttest"
	"github.com/keystead/keystead/test/drive"
)

func TestScripts(t *testing.T) {
	bin := drive.Binary(t)
	testscript.Run(t, testscript.Params{
		Dir:                 ".",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			bins := filepath.Join(env.WorkDir, ".bin")
			if err := os.Mkdir(bins, 0o700); err != nil {
				return err
			}
			env.Setenv("PATH", bins+string(filepath.ListSeparator)+os.Getenv("PATH"))
			env.Setenv("ADDR", porttest.Free(t))
			env.Setenv("TMPDIR", env.WorkDir)
			return os.Symlink(bin, filepath.Join(bins, "keystead"))
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"status":    status,
			"served":    served,
			"answers":   answers,
			"keep":      keep,
			"corrupt":   corrupt,
			"terminate": terminate,
		},
	})
}

// status runs a command that ends with a status: status 2 keystead token.
func status(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("status %d, want %d", got, want)
	}
}

// served waits until a server has the data folder: served ./store.
func served(ts *testscript.TestScript, _ bool, args []string) {
	for begun := time.Now(); time.Since(begun) < drive.Patience; time.Sleep(50 * time.Millisecond) {
		if conn, err := net.Dial("unix", filepath.Join(ts.MkAbs(args[0]), "keystead.sock")); err == nil {
			_ = conn.Close()
			return
		}
	}
	ts.Fatalf("no server on %s", args[0])
}

// answers waits until something answers at an address: answers http://$ADDR/status.
func answers(ts *testscript.TestScript, _ bool, args []string) {
	ctx, cancel := context.WithTimeout(context.Background(), drive.Patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, args[0], nil)
	ts.Check(err)
	request.Close = true
	for ; ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		if answer, err := http.DefaultClient.Do(request); err == nil {
			_ = answer.Body.Close()
			return
		}
	}
	ts.Fatalf("nothing answers at %s", args[0])
}

// keep sets a variable to what the last command printed: keep TOKEN.
func keep(ts *testscript.TestScript, _ bool, args []string) {
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile("stdout")))
}

// corrupt changes a byte in the middle of a file.
func corrupt(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	b, err := os.ReadFile(path)
	ts.Check(err)
	b[len(b)/2] ^= 1
	ts.Check(os.WriteFile(path, b, 0o600))
}

// terminate sends SIGTERM, which testscript's own kill can't, to the program that runs in the background.
func terminate(ts *testscript.TestScript, _ bool, _ []string) {
	for _, cmd := range ts.BackgroundCmds() {
		if cmd.Process != nil {
			ts.Check(cmd.Process.Signal(syscall.SIGTERM))
		}
	}
}
