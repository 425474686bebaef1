package licensed

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxAnswer is the most that is read of an answer.
const maxAnswer = 64 << 10

const connectTimeout = 3 * time.Second

// newClient speaks with one server only: it follows nobody elsewhere.
func newClient(cfg Config) *http.Client {
	transport := cfg.Transport
	if transport == nil {
		transport = &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: min(connectTimeout, cfg.Timeout)}).DialContext,
			TLSHandshakeTimeout:   min(connectTimeout, cfg.Timeout),
			ResponseHeaderTimeout: cfg.Timeout,
			DisableKeepAlives:     true, // one question in seven days
			ForceAttemptHTTP2:     true,
		}
	}
	return &http.Client{
		Transport:     transport,
		Timeout:       cfg.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// newNonce returns 32 random bytes.
func newNonce() (string, error) {
	raw := make([]byte, 32)
	if _, err := rand.Read(raw); err != nil {
		return "", err
	}
	return base64url.EncodeToString(raw), nil
}

// reply is what the server's answers have in common.
type reply struct {
	Data *struct {
		Lease      string `json:"lease"`
		LicenseKey string `json:"license_key"`
		Status     string `json:"status"`
	} `json:"data"`
	Error *struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Lease   string `json:"lease"`
	} `json:"error"`
}

func (r reply) lease() string {
	if r.Data != nil {
		return r.Data.Lease
	}
	return r.Error.Lease
}

// question is what is asked of the server. verb: validate, activate or deactivate.
type question struct {
	verb, key, identifier string
	place                 Place
}

// answer is a definite one.
type answer struct {
	verified
	key  string // as it was issued
	code Reason // of a refusal that came with the lease
}

// ask puts a question, and returns a definite answer or a [Problem]: what the server says without a signature that
// counts, or why it says nothing.
func (l *License) ask(ctx context.Context, q question, serial int64) (answer, *Problem) {
	nonce, err := newNonce()
	if err != nil {
		return answer{}, silence(Unreachable, err.Error())
	}
	fields := l.fields(q)
	fields["nonce"] = nonce
	r, problem := l.post(ctx, q.verb, fields)
	if problem != nil {
		return answer{}, problem
	}
	refused := refusalOf(r)
	compact := r.lease()
	if compact == "" {
		if refused != nil {
			return answer{}, refused
		}
		return answer{}, silence(BadAnswer, "the answer holds no lease")
	}
	// Which spelling of the key was issued is known from the lease alone: some products ignore the case.
	v, err := verify(compact, expected{roots: l.roots, product: l.cfg.Product, nonce: nonce, serial: serial})
	if err != nil {
		return answer{}, silence(BadLease, err.Error())
	}
	key := spelling(q.key, r, v.KeyHash)
	if key == "" {
		return answer{}, silence(BadLease, otherLicense.Error())
	}
	a := answer{verified: v, key: key}
	if refused != nil {
		a.code = refused.Code
	}
	return a, nil
}

// spelling finds the form of a key that was issued among those that differ in case only.
func spelling(key string, r reply, hash string) string {
	forms := []string{key, strings.ToUpper(key), strings.ToLower(key)}
	if r.Data != nil && strings.EqualFold(r.Data.LicenseKey, key) {
		forms = append(forms, r.Data.LicenseKey)
	}
	for _, form := range forms {
		if hashKey(form) == hash {
			return form
		}
	}
	return ""
}

// refusalOf returns what the server refuses without a signature.
func refusalOf(r reply) *Problem {
	if r.Error == nil {
		return nil
	}
	p := silence(codeReason(r.Error.Code), r.Error.Message)
	// Of a newly entered key these are the answer; of one that was verified before they are as good as silence.
	switch p.Code {
	case LicenseNotFound, ProductMismatch, LimitReached, ActivationRefused, ActivationNotFound, UpgradePeriodEnded, LicenseInactive, LicenseExpired:
		p.Silence = false
	default:
	}
	return p
}

// fields are the parameters of a question; empty ones are left out.
func (l *License) fields(q question) map[string]string {
	fields := map[string]string{
		"license_key": q.key, "identifier": q.identifier, "product_id": l.cfg.Product, "version": l.cfg.Version,
		"domain": q.place.Domain, "ip": q.place.IP, "directory": q.place.Directory,
	}
	if !l.cfg.ReleasedAt.IsZero() {
		fields["released_at"] = l.cfg.ReleasedAt.UTC().Format(time.RFC3339)
	}
	for name, v := range fields {
		if v == "" {
			delete(fields, name)
		}
	}
	return fields
}

// post sends one request and reads the answer.
func (l *License) post(ctx context.Context, verb string, fields map[string]string) (reply, *Problem) {
	body, err := json.Marshal(fields)
	if err != nil {
		return reply{}, silence(Unreachable, err.Error())
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.cfg.Server+"/api/v1/licenses/"+verb, bytes.NewReader(body))
	if err != nil {
		return reply{}, silence(Unreachable, err.Error())
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", l.userAgent())
	res, err := l.http.Do(req)
	if err != nil {
		return reply{}, noAnswer(err)
	}
	defer res.Body.Close() //nolint:errcheck // it was read
	switch s := res.StatusCode; {
	case s >= 300 && s < 400:
		return reply{}, silence(Redirected, "status "+strconv.Itoa(s))
	case s == http.StatusTooManyRequests:
		return reply{}, silence(RateLimited, "status 429")
	case s >= 500:
		return reply{}, silence(BadStatus, "status "+strconv.Itoa(s))
	}
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return reply{}, noAnswer(err)
	}
	var r reply
	if len(raw) > maxAnswer || json.Unmarshal(raw, &r) != nil || (r.Data == nil) == (r.Error == nil) {
		return reply{}, silence(BadAnswer, "status "+strconv.Itoa(res.StatusCode)+", not an answer of the license API")
	}
	return r, nil
}

// userAgent names library, product and version, and nothing that could break a header.
func (l *License) userAgent() string {
	plain := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r <= ' ' || r > '~' || r == '/' {
				return '_'
			}
			return r
		}, s)
	}
	agent := "keystead-licensed-go " + plain(l.cfg.Product)
	if l.cfg.Version != "" {
		agent += "/" + plain(l.cfg.Version)
	}
	return agent
}

func noAnswer(err error) *Problem {
	var timeout net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout() {
		return silence(TimedOut, err.Error())
	}
	return silence(Unreachable, err.Error())
}
