package cli

import (
	"context"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/keystead/keystead/internal/registrar/account"
	"github.com/keystead/keystead/internal/registrar/epp"
)

// watchRegistrars measures what goes to registries, and shows what accounts hold.
func watchRegistrars(into *prometheus.Registry, registrars *account.Service) {
	took := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "keystead_epp_command_seconds", Help: "How long registries took to answer, by command.",
		Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
	}, []string{"command"})
	results := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "keystead_epp_results_total", Help: "What registries answered, by code; 0: nothing that is an answer.",
	}, []string{"code"})
	into.MustRegister(took, results, accounts{registrars})
	registrars.Observe(func(_ string, o epp.Observation) {
		took.WithLabelValues(o.Command).Observe(o.Took.Seconds())
		results.WithLabelValues(strconv.Itoa(o.Code)).Inc()
	})
}

// accounts shows registrars as they are when it is asked.
type accounts struct{ registrars *account.Service }

var (
	balanceFigure  = prometheus.NewDesc("keystead_registrar_balance", "What the account held when it was read last, in units of the currency.", []string{"registrar", "currency"}, nil)
	fundsFigure    = prometheus.NewDesc("keystead_registrar_funds_days", "For how many days that covers what is paid and what falls due.", []string{"registrar"}, nil)
	sessionsFigure = prometheus.NewDesc("keystead_epp_sessions", "Sessions with registries.", []string{"registrar", "state"}, nil)
)

// Describe implements prometheus.Collector.
func (accounts) Describe(into chan<- *prometheus.Desc) {
	into <- balanceFigure
	into <- fundsFigure
	into <- sessionsFigure
}

// Collect implements prometheus.Collector.
func (a accounts) Collect(into chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for name, n := range a.registrars.Sessions() {
		into <- prometheus.MustNewConstMetric(sessionsFigure, prometheus.GaugeValue, float64(n.Idle), name, "idle")
		into <- prometheus.MustNewConstMetric(sessionsFigure, prometheus.GaugeValue, float64(n.Busy), name, "busy")
	}
	all, err := a.registrars.List(ctx)
	if err != nil {
		into <- prometheus.NewInvalidMetric(balanceFigure, err)
		return
	}
	for _, r := range all {
		if r.Archived || r.BalanceAt == nil {
			continue
		}
		f, err := a.registrars.Funds(ctx, r.ID)
		if err != nil {
			into <- prometheus.NewInvalidMetric(fundsFigure, err)
			continue
		}
		units, err := strconv.ParseFloat(f.Balance.Decimal(), 64)
		if err != nil {
			into <- prometheus.NewInvalidMetric(balanceFigure, err)
			continue
		}
		into <- prometheus.MustNewConstMetric(balanceFigure, prometheus.GaugeValue, units, r.Name, string(f.Balance.Currency))
		into <- prometheus.MustNewConstMetric(fundsFigure, prometheus.GaugeValue, float64(f.Days), r.Name)
	}
}
