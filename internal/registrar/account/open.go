package account

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/registrar/epp"
	"github.com/keystead/keystead/internal/registrar/manual"
	"github.com/keystead/keystead/internal/registrar/rest"
)

// opened is an adapter that is shared.
type opened struct {
	version int64
	name    string
	adapter registrar.Registrar
}

// Open returns what reaches a registrar. It is shared and stays open until the account changes or the service is closed.
func (s *Service) Open(ctx context.Context, id string) (registrar.Registrar, error) {
	a, kept, err := s.load(ctx, id)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	if is, ok := s.open[id]; ok {
		if is.version >= a.Version {
			return is.adapter, nil
		}
		s.end(is.adapter)
		delete(s.open, id)
	}
	adapter, err := s.make(a, kept)
	if err != nil {
		return nil, fmt.Errorf("registrar %s: %w", a.Name, err)
	}
	s.open[id] = opened{a.Version, a.Name, adapter}
	return adapter, nil
}

var errClosed = fail.Unavailable("The store is being closed.", nil)

// load reads a registrar with its secrets.
func (s *Service) load(ctx context.Context, id string) (a Account, kept secrets, err error) {
	var row query.Registrar
	err = s.db.Read(ctx, func(tx *db.Tx) (err error) {
		row, err = tx.Registrar(ctx, id)
		a, err = found(row, err)
		return err
	})
	if err != nil {
		return Account{}, secrets{}, err
	}
	kept, err = s.unseal(row)
	return a, kept, err
}

var errOffline = fail.Conflict("REGISTRAR_OFFLINE", "This is a copy of a store: no registrar is reached from it.")

// make opens an adapter.
func (s *Service) make(a Account, kept secrets) (registrar.Registrar, error) {
	switch {
	case s.config.Offline && s.config.StandIn == nil:
		return nil, errOffline
	case s.config.Offline:
		return s.config.StandIn(a, "")
	}
	if maker := s.config.Makers[a.Adapter]; maker != nil {
		return maker(a, kept.Password)
	}
	switch a.Adapter {
	case EPP:
		return s.makeEPP(a, kept)
	case REST:
		return s.makeREST(a, kept.Password, a.Settings["url"], a.Settings["account"])
	case Manual:
		return manual.New(s.db, a.Name), nil
	default:
		return nil, fmt.Errorf("there is no adapter %q in this program", a.Adapter)
	}
}

func (s *Service) makeEPP(a Account, kept secrets) (registrar.Registrar, error) {
	is := a.Settings
	config := epp.Config{
		Address: is["address"], ClientID: is["client_id"], Password: kept.Password, ServerName: is["server_name"], Sessions: number(is, "sessions"),
		Pace: s.pace(a), Record: s.Frames(a.ID), Observe: s.observer(a.Name),
	}
	if is["ca"] != "" {
		config.Roots = x509.NewCertPool()
		config.Roots.AppendCertsFromPEM([]byte(is["ca"]))
	}
	if is["certificate"] != "" && kept.ClientKey != "" {
		pair, err := tls.X509KeyPair([]byte(is["certificate"]), []byte(kept.ClientKey))
		if err != nil {
			return nil, err
		}
		config.Certificate = pair
	}
	options := epp.Options{Currency: money.Currency(is["currency"]), Roles: roles(is)}
	if is["rest_url"] != "" {
		beside, err := s.makeREST(a, kept.Password, is["rest_url"], is["client_id"])
		if err != nil {
			return nil, err
		}
		options.Beside = beside
	}
	return epp.NewRegistrar(config, options)
}

func (s *Service) makeREST(a Account, password, url, account string) (*rest.Client, error) {
	return rest.New(rest.Config{
		URL: url, Account: account, Password: password, Currency: money.Currency(a.Settings["currency"]), Pace: s.pace(a),
		GraceIncluded: number(a.Settings, "grace_included"), Settle: time.Duration(number(a.Settings, "settle_seconds")) * time.Second,
		Record: s.frames.exchange(a.ID),
	})
}

// leaveWithin is how long an adapter may take to take its leave.
const leaveWithin = 5 * time.Second

// end closes an adapter beside what goes on.
func (s *Service) end(adapter registrar.Registrar) {
	s.ending.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), leaveWithin)
		defer cancel()
		adapter.Close(ctx)
	})
}

// tester is an adapter that can reach the other side without doing anything.
type tester interface {
	Test(ctx context.Context) error
}

// Test reaches a registrar with what is stored of it, and signs in. What is in use goes on.
func (s *Service) Test(ctx context.Context, id string) error {
	a, kept, err := s.load(ctx, id)
	if err != nil {
		return err
	}
	adapter, err := s.make(a, kept)
	if err != nil {
		return errUnreachable(err)
	}
	defer s.end(adapter)
	if err := reach(ctx, adapter); err != nil {
		return errUnreachable(err)
	}
	return nil
}

// reach asks for a sign of life.
func reach(ctx context.Context, adapter registrar.Registrar) error {
	if t, ok := adapter.(tester); ok {
		return t.Test(ctx)
	}
	_, _, err := adapter.Balance(ctx)
	return err
}

func errUnreachable(err error) error {
	return fail.Conflict("REGISTRAR_UNREACHABLE", "The registrar can't be reached like this: "+err.Error()).Because(err)
}

// Close ends all sessions, and writes down the frames that are left.
func (s *Service) Close(ctx context.Context) {
	s.mu.Lock()
	s.closed = true
	for id, is := range s.open {
		s.end(is.adapter)
		delete(s.open, id)
	}
	s.mu.Unlock()
	s.ending.Wait()
	s.frames.close(ctx)
}
