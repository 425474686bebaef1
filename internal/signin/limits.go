package signin

import (
	"net/netip"
	"time"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/limit"
)

// Every try counts, also one that turns out right: what is counted only afterwards doesn't bound tries that are made
// at the same time.
var (
	// perNetwork bounds one address (or /64) over all accounts.
	perNetwork = limit.Rate{Count: 60, Per: 15 * time.Minute}
	// perPair bounds one address at one account.
	perPair = limit.Rate{Count: 10, Per: 15 * time.Minute}
	// perAccount bounds all addresses together at one account. It is wider, so that one address can't keep the
	// account's owner out.
	perAccount = limit.Rate{Count: 100, Per: time.Hour}
	// perAsker and perMailbox bound the mails that anybody can have sent to anybody.
	perAsker   = limit.Rate{Count: 10, Per: time.Hour}
	perMailbox = limit.Rate{Count: 5, Per: time.Hour}
	// perCode bounds the six digits of a second factor, which only who knows the password can try.
	perCode = limit.Rate{Count: 10, Per: time.Hour}
)

const (
	maxNetworks = 100_000
	maxAccounts = 100_000
)

type pair struct {
	network netip.Addr
	account string
}

// limits bound how often secrets can be tried, in memory and per process.
type limits struct {
	trustLoopback bool
	networks      *limit.Limiter[netip.Addr]
	pairs         *limit.Limiter[pair]
	accounts      *limit.Limiter[string]
	codes         *limit.Limiter[string]
	askers        *limit.Limiter[netip.Addr]
	mailboxes     *limit.Limiter[string]
}

func newLimits(trustLoopback bool) *limits {
	return &limits{
		trustLoopback: trustLoopback,
		networks:      limit.New[netip.Addr](perNetwork, maxNetworks),
		pairs:         limit.New[pair](perPair, maxAccounts),
		accounts:      limit.New[string](perAccount, maxAccounts),
		codes:         limit.New[string](perCode, maxAccounts),
		askers:        limit.New[netip.Addr](perAsker, maxNetworks),
		mailboxes:     limit.New[string](perMailbox, maxAccounts),
	}
}

// secret counts a try at a long secret that names its account itself, such as a link.
func (l *limits) secret(ip netip.Addr, now time.Time) error {
	if l.exempt(ip) {
		return nil
	}
	return answer(l.networks.Allow(limit.Network(ip), now))
}

// password counts a try at the password of an account. It is the same for accounts that don't exist.
func (l *limits) password(ip netip.Addr, account string, now time.Time) error {
	if l.exempt(ip) {
		return nil
	}
	if err := l.secret(ip, now); err != nil {
		return err
	}
	if err := answer(l.pairs.Allow(pair{limit.Network(ip), account}, now)); err != nil {
		return err
	}
	return answer(l.accounts.Allow(account, now))
}

// mail counts a mail that somebody wants to have sent to an account. It is the same for accounts that don't exist.
func (l *limits) mail(ip netip.Addr, account string, now time.Time) error {
	if l.exempt(ip) {
		return nil
	}
	if err := answer(l.askers.Allow(limit.Network(ip), now)); err != nil {
		return err
	}
	return answer(l.mailboxes.Allow(account, now))
}

// code counts a try at the second factor of an account.
func (l *limits) code(ip netip.Addr, account string, now time.Time) error {
	if l.exempt(ip) {
		return nil
	}
	if err := l.secret(ip, now); err != nil {
		return err
	}
	return answer(l.codes.Allow(account, now))
}

func (l *limits) exempt(ip netip.Addr) bool { return l.trustLoopback && ip.Unmap().IsLoopback() }

func answer(ok bool, wait time.Duration) error {
	if ok {
		return nil
	}
	return fail.Limited("Too many tries. Wait a little and try again.", wait)
}
