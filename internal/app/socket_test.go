package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A command reaches the server through the socket, wherever the data folder lies, and the socket is its owner's alone.
func TestSocket(t *testing.T) {
	t.Parallel()
	for name, dir := range map[string]string{
		"short": t.TempDir(),
		"long":  filepath.Join(t.TempDir(), strings.Repeat("a-long-name/", 12)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := os.MkdirAll(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			if _, err := DialSocket(t.Context(), dir); err == nil {
				t.Fatal("connected to nobody")
			}
			for range 2 { // the second one replaces what the first left
				l, err := listenSocket(t.Context(), dir)
				if err != nil {
					t.Fatal(err)
				}
				info, err := os.Stat(filepath.Join(dir, SocketName))
				if err != nil || info.Mode().Perm() != 0o600 {
					t.Fatalf("the socket: %v, %v", info, err)
				}
				conn, err := DialSocket(t.Context(), dir)
				if err != nil {
					t.Fatal(err)
				}
				if err := conn.Close(); err != nil {
					t.Error(err)
				}
				if err := l.Close(); err != nil {
					t.Error(err)
				}
				if _, err := os.Stat(filepath.Join(dir, SocketName)); !os.IsNotExist(err) {
					t.Errorf("the socket stays: %v", err)
				}
				if err := os.WriteFile(filepath.Join(dir, SocketName), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}
