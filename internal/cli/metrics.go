package cli

import (
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/keystead/keystead/internal/app"
	"github.com/keystead/keystead/internal/clock"
)

// metrics are the figures of a running server, for the private listener.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	clock    clock.Clock
}

func newMetrics(a *app.App) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "keystead_request_seconds", Help: "How long requests took, by face and class of status.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"face", "status"}),
		clock: a.DB.Wall(),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "keystead_store_info", Help: "Which store is served.",
		ConstLabels: prometheus.Labels{"store": a.Facts.StoreID, "engine": string(a.DB.Engine())},
	})
	info.Set(1)
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), m.requests, info)
	watchRegistrars(m.registry, a.Registrars)
	watchDomains(m.registry, a)
	return m
}

func (m *metrics) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	return mux
}

// watch measures every request that passes through.
func (m *metrics) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := m.clock.Now()
		noted := &notedStatus{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(noted, r)
		class := string(rune('0'+noted.status/100)) + "xx"
		m.requests.WithLabelValues(face(r.URL.Path), class).Observe(m.clock.Now().Sub(begun).Seconds())
	})
}

// faces are the beginnings of paths, the longest first.
var faces = []struct{ prefix, name string }{
	{"/api/v1/licenses/validate", "validate"},
	{"/api/index.php/v1/licensedock/", "licensedock"},
	{"/api/admin/", "admin_api"},
	{"/api/v1/", "license_api"},
	{"/admin", "staff"},
	{"/account", "portal"},
	{"/status", "status"},
}

// face names the face that a path belongs to: a bounded set, whatever strangers ask for.
func face(path string) string {
	for _, f := range faces {
		if strings.HasPrefix(path, f.prefix) {
			return f.name
		}
	}
	return "other"
}

// notedStatus remembers the status of an answer.
type notedStatus struct {
	http.ResponseWriter
	status int
	sent   bool
}

// WriteHeader implements http.ResponseWriter.
func (n *notedStatus) WriteHeader(status int) {
	if !n.sent && status >= http.StatusOK {
		n.status, n.sent = status, true
	}
	n.ResponseWriter.WriteHeader(status)
}

// Unwrap is how http.ResponseController finds what the writer can do besides.
func (n *notedStatus) Unwrap() http.ResponseWriter { return n.ResponseWriter }
