package epp

import (
	"context"
	"time"
)

// Report tells the registry why a domain was restored (RFC 3915).
type Report struct {
	Name       string
	Before     string // the registration data before the deletion
	After      string // and now
	Deleted    time.Time
	Restored   time.Time
	Reason     string
	Statements [2]string // what the registrar declares; registries prescribe the words
	Other      string
}

// Restore asks for a domain back that is in its redemption period.
type Restore struct {
	Name string
	Fee  *Fee // only for premium names
}

// Restored is the answer to a restore.
type Restored struct {
	Result
	Fee Charged
}

// Restore asks for a domain back. Many registries then want a report.
func (c *Client) Restore(ctx context.Context, trid string, in Restore) (*Restored, error) {
	cmd := restoreCommand(trid, in.Name, func(w *writer) {
		w.open("rgp:restore", "op", "request")
		w.close("rgp:restore")
	})
	if agreed := feeOf("update", in.Fee); agreed != nil { // RFC 8748, section 5.2.5
		restore := cmd.ext
		cmd.ext = func(w *writer) {
			restore(w)
			agreed(w)
		}
	}
	a, err := c.do(ctx, cmd)
	if err != nil {
		return nil, err
	}
	return &Restored{Result: a.Result, Fee: a.charged("updData")}, nil
}

// RestoreReport sends the report of a restore.
func (c *Client) RestoreReport(ctx context.Context, trid string, in Report) (Result, error) {
	return c.plain(ctx, restoreCommand(trid, in.Name, func(w *writer) {
		w.open("rgp:restore", "op", "report")
		w.open("rgp:report")
		w.leaf("rgp:preData", in.Before)
		w.leaf("rgp:postData", in.After)
		w.leaf("rgp:delTime", in.Deleted.UTC().Format(time.RFC3339Nano))
		w.leaf("rgp:resTime", in.Restored.UTC().Format(time.RFC3339Nano))
		w.leaf("rgp:resReason", in.Reason)
		for _, statement := range in.Statements {
			w.leaf("rgp:statement", statement)
		}
		w.optional("rgp:other", in.Other)
		w.close("rgp:report")
		w.close("rgp:restore")
	}))
}

// restoreCommand is an update that changes nothing but what the extension says; its empty chg is from RFC 3915.
func restoreCommand(trid, name string, op func(*writer)) command {
	return command{
		verb: "update", trid: trid, changes: true,
		body: func(w *writer) {
			w.open("domain:update", "xmlns:domain", nsDomain)
			w.name("domain:name", name)
			w.open("domain:chg")
			w.close("domain:chg")
			w.close("domain:update")
		},
		ext: func(w *writer) {
			w.open("rgp:update", "xmlns:rgp", nsRGP)
			op(w)
			w.close("rgp:update")
		},
	}
}
