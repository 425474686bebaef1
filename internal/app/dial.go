package app

import (
	"context"
	"net"
	"path/filepath"
)

// DialSocket connects to the server that has the data folder open.
func DialSocket(ctx context.Context, dir string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(dir, SocketName))
}
