package license

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/text"
)

// BanKind says what a ban is about.
type BanKind string

// The kinds of bans.
const (
	BanDomain BanKind = "domain"
	BanIP     BanKind = "ip"
)

// Ban is a place at which no license runs.
type Ban struct {
	ID   string
	Kind BanKind
	// Value is a domain, or *.example.com for all below one; an address, or a network such as 192.0.2.0/24.
	Value     string
	Why       string
	CreatedAt time.Time
}

// othersMayBan is how long a list of bans serves where other processes share the database.
const othersMayBan = 2 * time.Second

// everyBan is the one entry of what is kept of bans.
type everyBan struct{}

// Bans lists the bans. Every check asks, so they are kept in memory: on PostgreSQL those of two seconds ago at most.
func (s *Service) Bans(ctx context.Context) ([]Ban, error) {
	return s.bans.Get(ctx, everyBan{}, func(ctx context.Context) ([]Ban, error) {
		list := []Ban{}
		err := s.db.Read(ctx, func(tx *db.Tx) error {
			rows, err := tx.Bans(ctx)
			list = list[:0]
			for _, r := range rows {
				list = append(list, Ban{ID: r.ID, Kind: BanKind(r.Kind), Value: r.Value, Why: r.Why, CreatedAt: r.CreatedAt.Time()})
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("bans: %w", err)
		}
		return list, nil
	})
}

// Banned reports whether a place, or the address of the connection from which it is named, is on the list of bans.
func (s *Service) Banned(ctx context.Context, at Place, from netip.Addr) (bool, error) {
	list, err := s.Bans(ctx)
	if err != nil || len(list) == 0 {
		return false, err
	}
	at = at.Normal()
	ip, named := parseIP(at.IP)
	host, isIP := parseIP(at.Domain) // software may name an address for a domain
	for _, b := range list {
		switch b.Kind {
		case BanDomain:
			if at.Domain != "" && domainFits(b.Value, at.Domain) {
				return true, nil
			}
		case BanIP:
			if named && ipFits(b.Value, ip) || isIP && ipFits(b.Value, host) || from.IsValid() && ipFits(b.Value, from.Unmap()) {
				return true, nil
			}
		}
	}
	return false, nil
}

// AddBan puts a place on the list. One that is on it already stays as it is.
func (s *Service) AddBan(ctx context.Context, kind BanKind, value, why string) (Ban, error) {
	var bad fail.Fields
	var err error
	switch kind {
	case BanDomain:
		value, err = normalizePattern(value)
	case BanIP:
		value, err = normalizeNetwork(value)
	default:
		bad.Add("kind", fmt.Sprintf("is neither %s nor %s", BanDomain, BanIP))
	}
	if err == nil && kind == BanIP {
		err = refuseWide(value)
	}
	bad.Check("value", err)
	why, err = text.Notes(why, text.NotesLength)
	bad.Check("why", err)
	if err := bad.Err(); err != nil {
		return Ban{}, err
	}
	var b Ban
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		b = Ban{ID: tx.NewID("ban"), Kind: kind, Value: value, Why: why, CreatedAt: tx.Now}
		n, err := tx.InsertBan(ctx, query.InsertBanParams{ID: b.ID, Kind: string(kind), Value: value, Why: why, CreatedAt: tx.Stamp})
		if err != nil {
			return fmt.Errorf("ban %s: %w", value, err)
		}
		if n == 0 {
			return fail.Conflict(CodeBanned, value+" is banned already.")
		}
		tx.OnCommit(func() { s.bans.Drop(everyBan{}) })
		return event.Audit(ctx, tx, event.Change{What: "ban.added", SubjectID: b.ID, After: string(kind) + " " + value, Why: why})
	})
	return b, err
}

// RemoveBan takes a place off the list.
func (s *Service) RemoveBan(ctx context.Context, id string) error {
	if !text.IsID(id) {
		return errNoBan
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.DeleteBan(ctx, id)
		if err != nil {
			return fmt.Errorf("ban %s: %w", id, err)
		}
		if n == 0 {
			return errNoBan
		}
		tx.OnCommit(func() { s.bans.Drop(everyBan{}) })
		return event.Audit(ctx, tx, event.Change{What: "ban.removed", SubjectID: id})
	})
}

// normalizePattern is the stored form of a domain, or of all below one.
func normalizePattern(s string) (string, error) {
	s = strings.TrimSpace(s)
	below, wild := strings.CutPrefix(s, "*.")
	domain, err := normalize(Domain, below)
	if err != nil || !wild {
		return domain, err
	}
	return "*." + domain, nil
}

// The shortest prefixes of a network that is banned. What is wider is hardly meant: every installed copy would stop.
const (
	widestBan4 = 8
	widestBan6 = 16
)

func refuseWide(network string) error {
	p, err := netip.ParsePrefix(network)
	if err != nil {
		return nil //nolint:nilerr // an address
	}
	if least := map[bool]int{true: widestBan4, false: widestBan6}[p.Addr().Is4()]; p.Bits() < least {
		return fmt.Errorf("is half the world: a network is banned from /%d on", least)
	}
	return nil
}

// ofMapped is how many bits stand before an address of IPv4 in IPv6's clothes.
const ofMapped = 96

// normalizeNetwork is the stored form of an address or a network. One of IPv4 in IPv6's clothes is the one of IPv4: so are
// the addresses that it is held against.
func normalizeNetwork(s string) (string, error) {
	s = strings.TrimSpace(s)
	if network, err := netip.ParsePrefix(s); err == nil {
		if network.Addr().Is4In6() && network.Bits() >= ofMapped {
			network = netip.PrefixFrom(network.Addr().Unmap(), network.Bits()-ofMapped)
		}
		return network.Masked().String(), nil
	}
	if ip, ok := parseIP(s); ok {
		return ip.String(), nil
	}
	return "", fmt.Errorf("is neither an address nor a network such as 192.0.2.0/24")
}
