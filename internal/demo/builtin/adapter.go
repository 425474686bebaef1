package builtin

import (
	"context"
	"errors"

	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/registrar/epp"
)

// adapter reaches the registry, after it has come to know what it is asked about, and keeps what it did before it says so.
type adapter struct {
	*epp.Registrar
	registry *Registry
	stop     context.CancelFunc
}

var _ registrar.Registrar = (*adapter)(nil)

// Close implements registrar.Registrar.
func (a *adapter) Close(ctx context.Context) {
	a.Registrar.Close(ctx)
	a.stop()
	_ = a.registry.save() // what was answered is there already
}

// change runs a command about a name.
func (a *adapter) change(ctx context.Context, name string, command func() registrar.Answer) registrar.Answer {
	if err := a.registry.know(ctx, name); err != nil {
		return registrar.Answer{Class: registrar.Session, Message: err.Error()}
	}
	answer := command()
	if err := a.registry.save(); err != nil {
		return registrar.Answer{Class: registrar.Unknown, Message: errors.Join(errStopped, err).Error()}
	}
	return answer
}

// Info implements registrar.Registrar.
func (a *adapter) Info(ctx context.Context, transaction, name string) (registrar.Info, error) {
	if err := a.registry.know(ctx, name); err != nil {
		return registrar.Info{}, err
	}
	return a.Registrar.Info(ctx, transaction, name)
}

// Check implements registrar.Registrar.
func (a *adapter) Check(ctx context.Context, transaction string, names ...string) ([]registrar.Available, error) {
	if err := a.registry.know(ctx, names...); err != nil {
		return nil, err
	}
	return a.Registrar.Check(ctx, transaction, names...)
}

// TransferState implements registrar.Registrar.
func (a *adapter) TransferState(ctx context.Context, transaction, name string) (registrar.TransferState, error) {
	if err := a.registry.know(ctx, name); err != nil {
		return registrar.TransferState{}, err
	}
	return a.Registrar.TransferState(ctx, transaction, name)
}

// Register implements registrar.Registrar.
func (a *adapter) Register(ctx context.Context, transaction string, in registrar.Registration) registrar.Answer {
	return a.change(ctx, in.Name, func() registrar.Answer { return a.Registrar.Register(ctx, transaction, in) })
}

// Transfer implements registrar.Registrar.
func (a *adapter) Transfer(ctx context.Context, transaction string, in registrar.TransferIn) registrar.Answer {
	return a.change(ctx, in.Name, func() registrar.Answer {
		if err := a.registry.elsewhere(in.Name, in.AuthCode); err != nil {
			return registrar.Answer{Class: registrar.Fault, Message: err.Error()}
		}
		return a.Registrar.Transfer(ctx, transaction, in)
	})
}

// Renew implements registrar.Registrar.
func (a *adapter) Renew(ctx context.Context, transaction string, in registrar.Renewal) registrar.Answer {
	return a.change(ctx, in.Name, func() registrar.Answer { return a.Registrar.Renew(ctx, transaction, in) })
}

// Restore implements registrar.Registrar.
func (a *adapter) Restore(ctx context.Context, transaction string, in registrar.Restore) registrar.Answer {
	return a.change(ctx, in.Name, func() registrar.Answer { return a.Registrar.Restore(ctx, transaction, in) })
}

// Delete implements registrar.Registrar.
func (a *adapter) Delete(ctx context.Context, transaction, name string) registrar.Answer {
	return a.change(ctx, name, func() registrar.Answer { return a.Registrar.Delete(ctx, transaction, name) })
}

// Report implements registrar.Registrar.
func (a *adapter) Report(ctx context.Context, transaction string, in registrar.RestoreReport) registrar.Answer {
	return a.change(ctx, in.Name, func() registrar.Answer { return a.Registrar.Report(ctx, transaction, in) })
}

// SetMode implements registrar.Registrar.
func (a *adapter) SetMode(ctx context.Context, transaction, name string, mode registrar.Mode) registrar.Answer {
	return a.change(ctx, name, func() registrar.Answer { return a.Registrar.SetMode(ctx, transaction, name, mode) })
}

// Update implements registrar.Registrar.
func (a *adapter) Update(ctx context.Context, transaction string, in registrar.Update) registrar.Answer {
	return a.change(ctx, in.Name, func() registrar.Answer { return a.Registrar.Update(ctx, transaction, in) })
}

// Ack implements registrar.Registrar.
func (a *adapter) Ack(ctx context.Context, transaction, id string) error {
	return errors.Join(a.Registrar.Ack(ctx, transaction, id), a.registry.save())
}

// Balance implements epp.Beside: an account that nobody has funded is never short of money, and says so.
func (b beside) Balance(context.Context) (money.Money, bool, error) {
	left, limited := b.registry.Balance(us)
	return money.New(left, "EUR"), limited, nil
}
