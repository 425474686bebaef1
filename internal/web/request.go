package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/fail"
)

type requestKey struct{}

// request is what the middleware knows of a request.
type request struct {
	id uint64
	ip netip.Addr
}

// RequestID is the identifier under which a request is logged.
func RequestID(ctx context.Context) string {
	if q, ok := ctx.Value(requestKey{}).(*request); ok {
		return fmt.Sprintf("%016x", q.id)
	}
	return ""
}

// ClientIP is the caller's address: the connection's, or what the trusted proxies in front of us report.
func ClientIP(ctx context.Context) netip.Addr {
	if q, ok := ctx.Value(requestKey{}).(*request); ok {
		return q.ip
	}
	return netip.Addr{}
}

// ClientAddress is [ClientIP] as it is written down; empty if it is not known.
func ClientAddress(ctx context.Context) string {
	if ip := ClientIP(ctx); ip.IsValid() {
		return ip.String()
	}
	return ""
}

// Identify gives every request an identifier and its client's address. trusted returns the networks whose
// X-Forwarded-For is believed.
func Identify(trusted func() []netip.Prefix, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := &request{id: rand.Uint64(), ip: clientIP(r, trusted())} // the id is a name in the log, no secret
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestKey{}, q)))
	})
}

// clientIP walks X-Forwarded-For from its end: the last address that is not a trusted proxy is the client. What
// stands before it was written by strangers.
func clientIP(r *http.Request, trusted []netip.Prefix) netip.Addr {
	connection, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	ip := connection.Addr().Unmap().WithZone("")
	if len(trusted) == 0 || !Within(ip, trusted) {
		return ip
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			return ip
		}
		ip = hop.Unmap().WithZone("")
		if !Within(ip, trusted) {
			return ip
		}
	}
	return ip
}

// Within reports whether ip lies in one of the networks.
func Within(ip netip.Addr, nets []netip.Prefix) bool {
	for _, n := range nets {
		if n.Contains(ip) {
			return true
		}
	}
	return false
}

// ReadBody reads at most limit bytes of the request's body. More is 413.
func ReadBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	in := http.MaxBytesReader(w, r.Body, limit)
	var b []byte
	var err error
	if n := r.ContentLength; n > 0 && n <= limit {
		b = make([]byte, n)
		_, err = io.ReadFull(in, b)
	} else {
		b, err = io.ReadAll(in)
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, &fail.Error{Kind: fail.KindTooLarge, Code: fail.CodeTooLarge, Detail: "The body is larger than " + strconv.FormatInt(limit, 10) + " bytes."}
	}
	if err != nil {
		return nil, &fail.Error{Kind: fail.KindMalformed, Code: "INVALID_REQUEST", Detail: "The body could not be read to its end.", Err: err}
	}
	return b, nil
}

// SetRetryAfter tells the client when to come back, in whole seconds, if e knows.
func SetRetryAfter(w http.ResponseWriter, e *fail.Error) {
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(float64(e.RetryAfter)/float64(time.Second)))))
	}
}
