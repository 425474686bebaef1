package domainname

import (
	"fmt"

	"github.com/keystead/keystead/internal/fail"
)

// OrderPaid takes a domain whose order was paid on its way to the registrar.
func (d *Domain) OrderPaid() error {
	if d.Kind == Transferred {
		return d.move(paidTransfer)
	}
	return d.move(paidFor)
}

// OrderEnded ends a domain whose order will not be paid.
func (d *Domain) OrderEnded() error { return d.move(orderEnds) }

// Arrived makes a domain active that the registrar has registered, or transferred to the store.
func (d *Domain) Arrived() error { return d.move(confirmedBy) }

// TurnedDown ends a domain that the registrar refused to register, or to transfer.
func (d *Domain) TurnedDown() error { return d.move(refused) }

// move takes the domain along its state machine.
func (d *Domain) move(on statusTrigger) error {
	to, ok := statuses.Next(d.Status, on)
	if !ok {
		return fail.Conflict("DOMAIN_STATE", fmt.Sprintf("The domain is %s, so this can't happen to it: %s.", d.Status, on))
	}
	d.Status = to
	return nil
}
