package registry

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Identity is a server's certificate, signed by an authority that was made for it alone.
type Identity struct {
	CA          []byte // the authority's certificate in PEM: what clients have to trust
	certificate []byte
	key         []byte
	pair        tls.Certificate
}

// NewIdentity makes an authority, and a certificate for the names and addresses.
func NewIdentity(from, until time.Time, names ...string) (*Identity, error) {
	authorityKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Keystead registry simulator CA"}, NotBefore: from, NotAfter: until,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	server := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Keystead registry simulator"}, NotBefore: from, NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			server.IPAddresses = append(server.IPAddresses, ip)
		} else {
			server.DNSNames = append(server.DNSNames, name)
		}
	}
	ca, err := x509.CreateCertificate(rand.Reader, authority, authority, &authorityKey.PublicKey, authorityKey)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.CreateCertificate(rand.Reader, server, authority, &key.PublicKey, authorityKey)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	block := func(kind string, der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}) }
	return (&Identity{CA: block("CERTIFICATE", ca), certificate: block("CERTIFICATE", leaf), key: block("PRIVATE KEY", private)}).load()
}

func (i *Identity) load() (*Identity, error) {
	pair, err := tls.X509KeyPair(i.certificate, i.key)
	if err != nil {
		return nil, err
	}
	i.pair = pair
	return i, nil
}

// TLS is the configuration of a server.
func (i *Identity) TLS() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{i.pair}}
}

// Roots is what a client trusts.
func (i *Identity) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(i.CA)
	return pool
}

// The files of an identity.
const (
	CAFile          = "ca.pem"
	certificateFile = "server.pem"
	keyFile         = "server.key"
)

// LoadIdentity reads the identity of a folder, or makes one there that lasts ten years.
func LoadIdentity(dir string, now time.Time, names ...string) (*Identity, error) {
	var i Identity
	var failed error
	for file, text := range map[string]*[]byte{CAFile: &i.CA, certificateFile: &i.certificate, keyFile: &i.key} {
		var err error
		if *text, err = os.ReadFile(filepath.Join(dir, file)); err != nil {
			failed = errors.Join(failed, err)
		}
	}
	if failed == nil {
		return i.load()
	}
	if !errors.Is(failed, os.ErrNotExist) {
		return nil, failed
	}
	made, err := NewIdentity(now.Add(-time.Hour), now.AddDate(10, 0, 0), names...)
	if err != nil {
		return nil, err
	}
	for file, text := range map[string][]byte{CAFile: made.CA, certificateFile: made.certificate, keyFile: made.key} {
		if err := os.WriteFile(filepath.Join(dir, file), text, 0o600); err != nil {
			return nil, fmt.Errorf("identity of the registry: %w", err)
		}
	}
	return made, nil
}
