package web

import (
	"net/url"
	"path"
	"strings"
)

// PathBelow returns path and query of next if that is a page below base on this server, such as "/admin/licenses"
// below "/admin"; else nothing. With it nobody is sent elsewhere after signing in.
func PathBelow(base, next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || path.Clean(u.Path) != u.Path ||
		strings.ContainsAny(u.Path, "\\\t\r\n") || !strings.HasPrefix(u.Path, base+"/") {
		return ""
	}
	return u.RequestURI()
}
