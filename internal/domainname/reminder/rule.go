package reminder

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
)

// Recipient says to whom a notice goes.
type Recipient string

// The recipients. The store keeps one address for an account and its bills. After the term's end the registrant is who it
// was on that day.
const (
	ToAccount    Recipient = "account"
	ToBilling    Recipient = "billing"
	ToRegistrant Recipient = "registrant"
)

// Rule is a notice rule as staff edit it.
type Rule struct {
	domainname.NoticeRule

	Recipients []Recipient
	Version    int64
}

// furthest bounds how far from its anchor a notice is sent, in days.
const furthest = 365

// Validate reports what is wrong with the rule, after bringing its extension into the form in which those of domains are stored.
func (r *Rule) Validate() error {
	var bad fail.Fields
	if r.Anchor != domainname.FromTermEnd && r.Anchor != domainname.FromNextDue {
		bad.Add("anchor", "is not one of term_end, next_due")
	}
	if r.Days < -furthest || r.Days > furthest {
		bad.Add("days", fmt.Sprintf("is not between -%d and %d", furthest, furthest))
	}
	if len(r.Recipients) == 0 {
		bad.Add("recipients", "names nobody")
	}
	for _, to := range r.Recipients {
		if to != ToAccount && to != ToBilling && to != ToRegistrant {
			bad.Add("recipients", "is not one of account, billing, registrant")
		}
	}
	if r.Extension != "" {
		extension, err := domainname.ParseExtension(r.Extension)
		bad.Check("extension", err)
		if err == nil {
			r.Extension = extension
		}
	}
	return bad.Err()
}

// shipped are the rules of a new store.
func shipped() []Rule {
	all := domainname.ShippedNotices()
	rules := make([]Rule, len(all))
	for i, r := range all {
		rules[i] = Rule{NoticeRule: r, Recipients: []Recipient{ToAccount, ToRegistrant}}
	}
	return rules
}

// Rules lists the rules, the shipped ones in a new store.
func (s *Service) Rules(ctx context.Context) (rules []Rule, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		rules, err = load(ctx, tx)
		return err
	})
	if err != nil || len(rules) > 0 {
		return rules, err
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		rules, err = loadOrShip(ctx, tx)
		return err
	})
	return rules, err
}

// loadOrShip reads the rules, and writes the shipped ones into a store that has none.
func loadOrShip(ctx context.Context, tx *db.Tx) ([]Rule, error) {
	rules, err := load(ctx, tx)
	if err != nil || len(rules) > 0 {
		return rules, err
	}
	for _, r := range shipped() {
		if err := put(ctx, tx, r); err != nil {
			return nil, err
		}
	}
	return load(ctx, tx)
}

func load(ctx context.Context, tx *db.Tx) ([]Rule, error) {
	rows, err := tx.DomainNoticeRules(ctx)
	if err != nil {
		return nil, fmt.Errorf("notice rules: %w", err)
	}
	rules := make([]Rule, len(rows))
	for i, r := range rows {
		rules[i] = Rule{
			NoticeRule: domainname.NoticeRule{
				ID: r.ID, Anchor: domainname.Anchor(r.Anchor), Days: int(r.Days), Extension: r.Extension, Enabled: r.Enabled,
			}, Version: r.Version,
		}
		if err := json.Unmarshal([]byte(r.Recipients), &rules[i].Recipients); err != nil {
			return nil, fmt.Errorf("notice rule %s: %w", r.ID, err)
		}
	}
	return rules, nil
}

func put(ctx context.Context, tx *db.Tx, r Rule) error {
	to, err := json.Marshal(r.Recipients)
	if err != nil {
		return err
	}
	_, err = tx.PutDomainNoticeRule(ctx, query.PutDomainNoticeRuleParams{
		ID: tx.NewID("dnr"), Anchor: string(r.Anchor), Days: int64(r.Days), Extension: r.Extension, Recipients: string(to), Enabled: r.Enabled,
		CreatedAt: tx.Stamp,
	})
	if err != nil {
		return fmt.Errorf("notice rule: %w", err)
	}
	return nil
}

// SetRules replaces the rules. A schedule that leaves out a span that ICANN asks for is refused, unless override says why.
// A rule by which notices were made is kept with them, switched off.
func (s *Service) SetRules(ctx context.Context, rules []Rule, override string) (now []Rule, err error) {
	if err := check(rules); err != nil {
		return nil, err
	}
	override = strings.TrimSpace(override)
	missing := uncovered(rules)
	if missing != "" && override == "" {
		return nil, fail.Invalid("rules", "leave generic extensions without a notice for which ICANN's policy asks: "+missing+". Say why in the override if that is wanted")
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		before, err := loadOrShip(ctx, tx)
		if err != nil {
			return err
		}
		for _, r := range rules {
			if err := put(ctx, tx, r); err != nil {
				return err
			}
		}
		for _, old := range before {
			if slices.ContainsFunc(rules, old.alike) {
				continue
			}
			if err := tx.DropDomainNoticeRule(ctx, old.ID); err != nil {
				return fmt.Errorf("notice rule %s: %w", old.ID, err)
			}
			if err := tx.SwitchOffDomainNoticeRule(ctx, old.ID); err != nil {
				return fmt.Errorf("notice rule %s: %w", old.ID, err)
			}
		}
		if now, err = load(ctx, tx); err != nil {
			return err
		}
		return event.Audit(ctx, tx, event.Change{What: "domain.notice_rules", Before: written(before), After: written(now), Why: override})
	})
	return now, err
}

// alike reports whether two rules are for the same day of the same domains: there is one of them.
func (r Rule) alike(other Rule) bool {
	return r.Anchor == other.Anchor && r.Days == other.Days && r.Extension == other.Extension
}

func check(rules []Rule) error {
	if len(rules) == 0 {
		return fail.Invalid("rules", "are none")
	}
	var bad fail.Fields
	for i := range rules {
		if err := rules[i].Validate(); err != nil {
			for _, f := range fail.Of(err).Fields {
				bad.Add(fmt.Sprintf("rules[%d].%s", i, f.Field), f.Message)
			}
		}
	}
	if err := bad.Err(); err != nil {
		return err
	}
	for i, r := range rules {
		if slices.ContainsFunc(rules[:i], r.alike) {
			return fail.Invalid("rules", "has two rules for the same day")
		}
	}
	return nil
}

// uncovered says in words which spans the rules leave out; empty: none. Rules for single extensions come on top of those
// for all.
func uncovered(rules []Rule) string {
	plain := make([]domainname.NoticeRule, len(rules))
	for i, r := range rules {
		plain[i] = r.NoticeRule
	}
	spans := domainname.Uncovered(plain, "")
	words := make([]string, len(spans))
	for i, s := range spans {
		switch {
		case s.To < 0:
			words[i] = fmt.Sprintf("%d to %d days before the end of the term", -s.From, -s.To)
		default:
			words[i] = fmt.Sprintf("%d to %d days after it", s.From, s.To)
		}
	}
	return strings.Join(words, ", ")
}

// written is how the audit log shows rules.
func written(rules []Rule) string {
	words := make([]string, 0, len(rules))
	for _, r := range rules {
		if r.Enabled {
			words = append(words, strings.TrimSpace(fmt.Sprintf("%s %+d %s", r.Anchor, r.Days, r.Extension)))
		}
	}
	return strings.Join(words, ", ")
}
