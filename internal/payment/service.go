package payment

import (
	"log/slog"
	"maps"
	"slices"
	"sync/atomic"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/job"
	"github.com/keystead/keystead/internal/payment/gateway"
	"github.com/keystead/keystead/internal/recovery"
)

var errGatewayNotFound = fail.NotFound("GATEWAY_NOT_FOUND", "There is no such payment gateway.")

// Service holds the verbs of payments.
type Service struct {
	db       *db.DB
	billing  *billing.Service
	jobs     *job.Queue
	log      *slog.Logger
	gateways map[string]gateway.Gateway
	look     func()
	bounded  bool
	recovery *recovery.Service

	taken, repeats, refused atomic.Uint64
}

// New returns the payments of a store. [Service.UseGateway], [Service.OnIntake], [Service.KeepBound] and [Service.UseRecovery]
// belong to building the program: call them before the first verb.
func New(d *db.DB, b *billing.Service, jobs *job.Queue, log *slog.Logger) *Service {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s := &Service{db: d, billing: b, jobs: jobs, log: log, gateways: map[string]gateway.Gateway{}}
	b.OnCredit(s.UseCredit)
	jobs.Register(chargeJob, s.charge)
	jobs.Register(askJob, s.ask)
	jobs.Register(refundJob, s.payBack)
	jobs.Register(detachJob, s.detach)
	return s
}

// UseGateway adds a gateway.
func (s *Service) UseGateway(g gateway.Gateway) { s.gateways[g.Name()] = g }

// OnIntake has f called after an event was taken in: it has [Service.ApplyDue] called soon.
func (s *Service) OnIntake(f func()) { s.look = f }

func (s *Service) wake() {
	if s.look != nil {
		s.look()
	}
}

func (s *Service) gateway(name string) (gateway.Gateway, error) {
	g, ok := s.gateways[name]
	if !ok {
		return nil, errGatewayNotFound
	}
	return &held{g, s.recovery}, nil
}

// GatewayInfo is a gateway as it is offered.
type GatewayInfo struct {
	Name string
	Can  gateway.Capabilities
}

// Gateways returns the gateways by name.
func (s *Service) Gateways() []GatewayInfo {
	var all []GatewayInfo
	for _, name := range slices.Sorted(maps.Keys(s.gateways)) {
		all = append(all, GatewayInfo{name, s.gateways[name].Can()})
	}
	return all
}
