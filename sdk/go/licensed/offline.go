package licensed

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
)

// request is a request file: what an installation without a way to the server asks for a lease file with.
type request struct {
	Product    string `json:"product"`
	Key        string `json:"license_key"`
	Identifier string `json:"identifier,omitempty"`
	Nonce      string `json:"nonce"`
	Version    string `json:"version,omitempty"`
	Domain     string `json:"domain,omitempty"`
	IP         string `json:"ip,omitempty"`
	Directory  string `json:"directory,omitempty"`
}

// RequestFile makes a request file for a key, or for the present one if key is empty. In the customer portal it is
// exchanged for a lease file, which [License.LoadLease] takes. A newer request makes the older void.
func (l *License) RequestFile(ctx context.Context, key string) ([]byte, error) {
	if key == "" {
		key = l.Key()
	}
	key, ok := cleanKey(key)
	if !ok {
		return nil, &Problem{Code: BadKey}
	}
	nonce, err := newNonce()
	if err != nil {
		return nil, err
	}
	place := l.cfg.Place()
	r := request{
		Product: l.cfg.Product, Key: key, Identifier: l.cfg.Identifier(), Nonce: nonce, Version: l.cfg.Version,
		Domain: place.Domain, IP: place.IP, Directory: place.Directory,
	}
	ctx, cancel := context.WithTimeout(ctx, l.cfg.Timeout)
	defer cancel()
	release, p := l.acquireToWrite(ctx)
	if p != nil {
		return nil, p
	}
	defer release()
	if err := l.cfg.Store.save(requestFile, r); err != nil {
		return nil, &Problem{Code: NotWritable, Detail: err.Error()}
	}
	raw, err := json.MarshalIndent(r, "", " ")
	return append(raw, '\n'), err
}

// LoadLease takes a lease file: the answer to the request file that was made last. It counts once.
func (l *License) LoadLease(ctx context.Context, file []byte) error {
	if p := l.loadLease(ctx, file); p != nil {
		return p
	}
	return nil
}

func (l *License) loadLease(ctx context.Context, file []byte) *Problem {
	identifier, place := l.cfg.Identifier(), l.cfg.Place()
	ctx, cancel := context.WithTimeout(ctx, l.cfg.Timeout)
	defer cancel()
	release, p := l.acquireToWrite(ctx)
	if p != nil {
		return p
	}
	defer release()
	var r request
	if err := l.cfg.Store.load(requestFile, &r); err != nil || r.Nonce == "" {
		return &Problem{Code: NoRequest}
	}
	s := l.load()
	v, err := verify(leaseIn(file), expected{roots: l.roots, product: l.cfg.Product, nonce: r.Nonce, serial: s.memory.Serial})
	if err != nil {
		return &Problem{Code: NotOurLease, Detail: err.Error()}
	}
	key := spelling(r.Key, reply{}, v.KeyHash)
	if key == "" {
		return &Problem{Code: NotOurLease, Detail: otherLicense.Error()}
	}
	if p := l.accept(s, answer{verified: v, key: key}, identifier, place); p != nil {
		return p
	}
	if err := l.cfg.Store.remove(requestFile); err != nil {
		return &Problem{Code: NotWritable, Detail: err.Error()}
	}
	return nil
}

// leaseIn finds the lease in a file: alone, or as the member of a JSON object.
func leaseIn(file []byte) string {
	file = bytes.TrimSpace(file)
	var o struct {
		Lease string `json:"lease"`
	}
	if bytes.HasPrefix(file, []byte("{")) && json.Unmarshal(file, &o) == nil {
		return o.Lease
	}
	return string(file)
}

// asProblem returns what an error says to an administrator.
func asProblem(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	return &Problem{Code: NotWritable, Detail: err.Error()}
}
