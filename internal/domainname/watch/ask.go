package watch

import (
	"context"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/fail"
)

// Dated is a domain that is brought in, with its expiry: where nobody has said it, it is read at the registrar.
func (s *Service) Dated(ctx context.Context, in domainname.Input) (domainname.Input, error) {
	if in.Expiry != "" {
		return in, nil
	}
	var name, id string
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		name, id, err = domainname.Reach(ctx, tx, in.Name, in.Registrar)
		return err
	})
	if err != nil {
		return in, err
	}
	if id == "" {
		return in, fail.Invalid("registry_expiry", "is required: there is no registrar through which it could be read")
	}
	told, err := s.ask(ctx, id, name)
	if err != nil {
		return in, err
	}
	if told.Raw == "" {
		return in, fail.Invalid("registry_expiry", "is required: the registrar does not know the domain, or not its expiry")
	}
	in.Expiry, in.Source = told.Raw, told.Source
	return in, nil
}

// ask reads a name that is not in the store yet, through a registrar. One that the registrar does not have for the store has
// no date.
func (s *Service) ask(ctx context.Context, registrarID, name string) (domainname.Reading, error) {
	reach, err := s.config.Registrars.Open(ctx, registrarID)
	if err != nil {
		return domainname.Reading{}, fail.Unavailable("The registrar can't be reached.", err)
	}
	c := reach.Capabilities()
	if c.Manual {
		return domainname.Reading{}, errByHand
	}
	within, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	info, err := reach.Info(within, s.db.NewID("inf"), name)
	if err != nil {
		return domainname.Reading{}, fail.Unavailable("The registrar gives no answer.", err)
	}
	told := domainname.ReadingOf(info, c)
	told.Source = domainname.FromRegistrar
	if !info.Found || !info.Ours {
		told.Raw = ""
	}
	return told, nil
}
