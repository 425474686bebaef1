package check

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/license/lease"
)

// Account is what older protocols tell of a license beside an answer.
type Account struct {
	license.Account
	Secret       string // that the product's software shares with the server; empty: none
	Details      lease.Details
	Entitlements catalog.Entitlements
}

// mostAccounts bounds what is kept in memory: some 50 megabytes.
const mostAccounts = 50_000

// accounts keeps accounts in memory: software that speaks such a protocol asks on every page while it is refused.
type accounts struct {
	mu        sync.RWMutex
	byLicense map[string]keptAccount
}

// keptAccount serves as long as its license's version and the catalog are those of when it was read.
type keptAccount struct {
	Account
	resets uint64
}

func (k *accounts) find(a Answer, resets uint64) (Account, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	kept, ok := k.byLicense[a.ID]
	return kept.Account, ok && kept.resets == resets && kept.Version == a.Version
}

func (k *accounts) keep(licenseID string, account keptAccount) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.byLicense == nil {
		k.byLicense = map[string]keptAccount{}
	}
	if len(k.byLicense) >= mostAccounts {
		for id := range k.byLicense { // whichever comes first: all are read again when they are asked for
			delete(k.byLicense, id)
			break
		}
	}
	k.byLicense[strings.Clone(licenseID)] = account // an entry's texts are parts of larger ones
}

// Account returns the account of the license that a answers for.
func (s *Service) Account(ctx context.Context, a Answer) (Account, error) {
	resets, current := s.Index.Resets()
	if current {
		if account, ok := s.accounts.find(a, resets); ok {
			return account, nil
		}
	}
	read, err := s.Licenses.ReadAccount(ctx, a.ID)
	if err != nil {
		return Account{}, err
	}
	account := Account{Account: read}
	account.Version = a.Version // what was read may be newer; what is decoded here is not
	if account.Secret, err = s.OpenSecret(a.ProductID, read.SealedSecret); err != nil {
		return Account{}, err
	}
	if err := json.Unmarshal([]byte("{"+a.Details+"}"), &account.Details); err != nil {
		return Account{}, fmt.Errorf("details of %s: %w", a.ID, err)
	}
	if account.Entitlements, err = catalog.DecodeEntitlements(a.Entitlements); err != nil {
		return Account{}, fmt.Errorf("license %s: %w", a.ID, err)
	}
	s.accounts.keep(a.ID, keptAccount{account, resets})
	return account, nil
}
