package epp

import (
	"context"
	"fmt"
	"strings"
)

// TransferOp is what is done about a transfer.
type TransferOp string

// The operations. Request and Cancel are for who wants the domain, Approve and Reject for who has it.
const (
	TransferRequest TransferOp = "request"
	TransferQuery   TransferOp = "query"
	TransferApprove TransferOp = "approve"
	TransferReject  TransferOp = "reject"
	TransferCancel  TransferOp = "cancel"
)

// Transfer is a step of a transfer.
type Transfer struct {
	Name     string
	Op       TransferOp
	AuthInfo string // for a request, and for the query of who is no party
	Years    int    // for a request; 0: as the registry does it
	Fee      *Fee   // for a request of a premium name
}

// TransferState is how far a transfer is.
type TransferState struct {
	Result
	Name      string
	Status    string // of RFC 5730, such as pending or serverApproved
	Requester string
	Requested Moment
	Actor     string // who has to act, or acted
	ActBy     Moment // until when, or when
	Expires   Moment // if and when it is approved
	Fee       Charged
}

// Transfer asks for a transfer, looks after one, or answers one.
func (c *Client) Transfer(ctx context.Context, trid string, in Transfer) (*TransferState, error) {
	cmd := command{verb: "transfer", attrs: []string{"op", string(in.Op)}, trid: trid, changes: in.Op != TransferQuery, ext: feeOf("transfer", in.Fee), body: func(w *writer) {
		switch in.Op {
		case TransferRequest, TransferQuery, TransferApprove, TransferReject, TransferCancel:
		default:
			w.fail(fmt.Errorf("no such operation %q", in.Op))
		}
		w.open("domain:transfer", "xmlns:domain", nsDomain)
		w.name("domain:name", in.Name)
		if in.Years != 0 {
			w.period("domain:period", in.Years)
		}
		if in.AuthInfo != "" {
			writeAuthInfo(w, "domain", in.AuthInfo)
		}
		w.close("domain:transfer")
	}}
	a, err := c.do(ctx, cmd)
	if err != nil {
		return nil, err
	}
	t := a.transfer()
	if t.Name != "" && !strings.EqualFold(t.Name, in.Name) {
		return nil, a.unreadable(cmd.verb, "answer is about another domain")
	}
	return t, nil
}

func (a *answer) transfer() *TransferState {
	data := a.data.child(nsDomain, "trnData")
	return &TransferState{
		Result: a.Result, Name: data.value(nsDomain, "name"), Status: data.value(nsDomain, "trStatus"),
		Requester: data.value(nsDomain, "reID"), Requested: moment(data.value(nsDomain, "reDate")),
		Actor: data.value(nsDomain, "acID"), ActBy: moment(data.value(nsDomain, "acDate")),
		Expires: moment(data.value(nsDomain, "exDate")), Fee: a.charged("trnData"),
	}
}
