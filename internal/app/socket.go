package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
)

// SocketName is the unix socket in the data folder through which commands reach a running server. Whoever may open
// it owns the folder, so it carries full authority.
const SocketName = "keystead.sock"

// longestSocket is how long the path of a socket may be. The kernels' own bounds are 104 and 108, with a zero byte.
const longestSocket = 100

// listenSocket opens the command socket. A socket left by a killed server is replaced: the folder's lock is held, so
// nobody else serves it.
func listenSocket(ctx context.Context, dir string) (net.Listener, error) {
	path := filepath.Join(dir, SocketName)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("command socket: %w", err)
	}
	var l net.Listener
	err := reachSocket(path, func(path string) (err error) {
		l, err = (&net.ListenConfig{}).Listen(ctx, "unix", path)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("command socket: %w", err)
	}
	if u, ok := l.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false) // it may know the socket under another name
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("command socket: %w", err), l.Close())
	}
	return socket{l, path}, nil
}

// socket is a listener that takes its file with it.
type socket struct {
	net.Listener
	path string
}

func (s socket) Close() error {
	err := s.Listener.Close()
	if rerr := os.Remove(s.path); !errors.Is(rerr, os.ErrNotExist) {
		err = errors.Join(err, rerr)
	}
	return err
}

// DialSocket connects to the server that has the data folder open.
func DialSocket(ctx context.Context, dir string) (conn net.Conn, err error) {
	err = reachSocket(filepath.Join(dir, SocketName), func(path string) (err error) {
		conn, err = (&net.Dialer{}).DialContext(ctx, "unix", path)
		return err
	})
	return conn, err
}

// reachSocket gives f a path to the socket that is short enough: through a link to its folder, if it must be.
func reachSocket(path string, f func(path string) error) (err error) {
	if len(path) <= longestSocket {
		return f(path)
	}
	folder, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return err
	}
	temp, err := os.MkdirTemp("", "ks-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	link := filepath.Join(temp, "d")
	if err := os.Symlink(folder, link); err != nil {
		return err
	}
	return f(filepath.Join(link, filepath.Base(path)))
}
