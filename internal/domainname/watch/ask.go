package watch

import (
	"context"

	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/fail"
)

// Ask reads a name that is not in the store yet, through a registrar. One that the registrar does not have for the store has
// no date.
func (s *Service) Ask(ctx context.Context, registrarID, name string) (domainname.Reading, error) {
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
