package cli

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/keystead/keystead/internal/app"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/dispatch"
	"github.com/keystead/keystead/internal/domainname/reminder"
	"github.com/keystead/keystead/internal/domainname/watch"
	"github.com/keystead/keystead/internal/metric"
)

const prefix = "keystead_"

// watchDomains measures what becomes of domains, and shows how they stand.
func watchDomains(into *prometheus.Registry, a *app.App) {
	took := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: prefix + "domain_pass_seconds", Help: "How long passes over domains took, by task.",
		Buckets: []float64{.001, .01, .1, .5, 1, 5, 15, 30, 60, 120, 300, 900},
	}, []string{"pass"})
	a.Automation.Observe(func(task string, d time.Duration) {
		if pass, ok := strings.CutPrefix(task, "domains."); ok {
			took.WithLabelValues(pass).Observe(d.Seconds())
		}
	})
	into.MustRegister(took, counters{metric.On(a.DB)}, &standing{app: a, clock: a.DB.Wall()})
}

// counters shows what the rooms of domains count.
type counters struct{ of *metric.Watch }

var domainCounters = []*metric.Counter{&domainname.RenewalsEnded, &dispatch.Attempts, &reminder.Notices, &reminder.Breaches, &watch.Readings}

func figureOf(c *metric.Counter) *prometheus.Desc {
	return prometheus.NewDesc(prefix+c.Name, c.Help, c.Labels, nil)
}

// Describe implements prometheus.Collector.
func (counters) Describe(into chan<- *prometheus.Desc) {
	for _, c := range domainCounters {
		into <- figureOf(c)
	}
}

// Collect implements prometheus.Collector.
func (cs counters) Collect(into chan<- prometheus.Metric) {
	for _, c := range domainCounters {
		desc := figureOf(c)
		for _, n := range cs.of.Of(c) {
			into <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(n.N), n.Values...)
		}
	}
}

// standing shows how domains stand. In a store of very many that takes a moment, so an answer is given again for as long as
// keeps the effort below a hundredth of the time.
type standing struct {
	app   *app.App
	clock clock.Clock

	mu    sync.Mutex
	known []prometheus.Metric
	until time.Time
}

const restPerEffort = 100

var (
	domainsFigure   = prometheus.NewDesc(prefix+"domains", "Domains by their written status.", []string{"status"}, nil)
	openFigure      = prometheus.NewDesc(prefix+"domain_renewals_open", "Renewals that are not over, by state.", []string{"state"}, nil)
	unknownFigure   = prometheus.NewDesc(prefix+"domain_unknown_oldest_seconds", "For how long nobody has known what became of a command for a renewal, at the most.", nil, nil)
	lastSafeFigure  = prometheus.NewDesc(prefix+"domain_last_safe_days_min", "Days until the nearest last safe day of a paid renewal that is not confirmed; missing where there is none.", nil, nil)
	behindFigure    = prometheus.NewDesc(prefix+"domain_sync_oldest_seconds", "For how long a domain has been waiting for being read, at the most.", nil, nil)
	breakerFigure   = prometheus.NewDesc(prefix+"domain_sync_breaker", "1: the sync of the registrar was stopped.", []string{"registrar"}, nil)
	standingFigures = []*prometheus.Desc{domainsFigure, openFigure, unknownFigure, lastSafeFigure, behindFigure, breakerFigure}
)

// Describe implements prometheus.Collector.
func (*standing) Describe(into chan<- *prometheus.Desc) {
	for _, d := range standingFigures {
		into <- d
	}
}

// Collect implements prometheus.Collector.
func (s *standing) Collect(into chan<- prometheus.Metric) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if begun := s.clock.Now(); !begun.Before(s.until) {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		all, err := s.read(ctx)
		if err != nil {
			into <- prometheus.NewInvalidMetric(domainsFigure, err)
			return
		}
		now := s.clock.Now()
		s.known, s.until = all, now.Add(restPerEffort*now.Sub(begun))
	}
	for _, m := range s.known {
		into <- m
	}
}

func (s *standing) read(ctx context.Context) (all []prometheus.Metric, err error) {
	gauge := func(d *prometheus.Desc, n float64, labels ...string) {
		all = append(all, prometheus.MustNewConstMetric(d, prometheus.GaugeValue, n, labels...))
	}
	f, err := s.app.Domains.Figures(ctx)
	if err != nil || f.Domains == nil {
		return nil, err
	}
	for status, n := range f.Domains {
		gauge(domainsFigure, float64(n), string(status))
	}
	for state, n := range f.Open {
		gauge(openFigure, float64(n), string(state))
	}
	gauge(unknownFigure, f.Unknown.Seconds())
	waiting, err := s.app.Renewals.Unconfirmed(ctx, 1)
	if err != nil {
		return nil, err
	}
	for _, w := range waiting {
		gauge(lastSafeFigure, float64(domainname.RegistryDate(s.app.DB.Clock().Now()).DaysUntil(w.LastSafe)))
	}
	sync, err := s.app.Watch.Figures(ctx)
	if err != nil {
		return nil, err
	}
	gauge(behindFigure, sync.Behind.Seconds())
	for name, stopped := range sync.Stopped {
		n := 0.0
		if stopped {
			n = 1
		}
		gauge(breakerFigure, n, name)
	}
	return all, nil
}
