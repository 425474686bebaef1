// Package php runs the tests of the PHP library and its example.
package php

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/keystead/keystead/test/drive"
)

// complaint is what PHP says when it goes on although something is wrong.
var complaint = regexp.MustCompile(`(?m)^(PHP )?(Notice|Warning|Deprecated|Fatal error|Parse error|Strict Standards):`)

func TestLibrary(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts some two hundred servers")
	}
	run(t, filepath.Join("sdk", "php", "tests", "run.php"))
}

func TestWhmcsClient(t *testing.T) {
	t.Parallel()
	run(t, filepath.Join("test", "whmcs", "client_test.php"))
}

// run runs a file of tests. Any notice fails it.
func run(t *testing.T, file string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), drive.PHP(t),
		"-d", "error_reporting=-1", "-d", "display_errors=stderr", "-d", "log_errors=0", "-d", "html_errors=0", "-d", "zend.exception_ignore_args=1", file)
	cmd.Dir = drive.Root()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	for block := range strings.SplitSeq(stdout.String(), "\nok ") {
		if _, failed, found := strings.Cut(block, "not ok "); found {
			t.Errorf("not ok %s", failed)
		}
	}
	if err != nil {
		t.Errorf("%s: %v\n%s", file, err, stderr.String())
	}
	for _, out := range []string{stdout.String(), stderr.String()} {
		if c := complaint.FindString(out); c != "" {
			t.Errorf("PHP complains (%s)\n%s", c, out)
		}
	}
	if t.Failed() {
		return
	}
	if !regexp.MustCompile(`(?m)^1\.\.[1-9]`).MatchString(stdout.String()) {
		t.Errorf("no tests were run:\n%s", stdout.String())
	}
}
