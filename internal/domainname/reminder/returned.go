package reminder

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/mail"
	"github.com/keystead/keystead/internal/task"
	"github.com/keystead/keystead/internal/text"
)

// returned hears of mails that were refused for good, or of which nobody knows whether they arrived. A notice goes to the
// other address then, if there is one to which it did not go yet; else a person must tell the holder. What staff have
// cancelled is theirs.
func (s *Service) returned(ctx context.Context, tx *db.Tx, e event.Event) error {
	var told mail.Ended
	if err := e.Decode(&told); err != nil || told.Kind != mail.DomainExpiring && told.Kind != mail.DomainExpired {
		return err
	}
	n, err := tx.DomainNoticeOfMail(ctx, &e.SubjectID)
	if db.NotFound(err) {
		return nil // it was sent again by hand
	}
	if err != nil {
		return fmt.Errorf("notice of mail %s: %w", e.SubjectID, err)
	}
	if _, err := tx.FailDomainNotice(ctx, n.ID); err != nil {
		return fmt.Errorf("notice %s: %w", n.ID, err)
	}
	Notices.Add(tx, 1, ruleLabel(domainname.Anchor(n.Anchor), int(n.Days)), refused)
	if e.Type == mailCancelled {
		return nil
	}
	return s.otherwise(ctx, tx, n)
}

// otherwise tells in another way what a notice could not.
func (s *Service) otherwise(ctx context.Context, tx *db.Tx, n query.DomainNoticeOfMailRow) error {
	d, err := domainname.Load(ctx, tx, n.DomainID)
	if err != nil {
		return err
	}
	who, err := tx.NoticedDomain(ctx, n.DomainID)
	if err != nil {
		return fmt.Errorf("holder of domain %s: %w", n.DomainID, err)
	}
	rows, err := tx.DomainNoticesOf(ctx, n.DomainID)
	if err != nil {
		return fmt.Errorf("notices of domain %s: %w", n.DomainID, err)
	}
	var holder domainname.Registrant
	if who.HolderAtEnd != "" {
		if err := json.Unmarshal([]byte(who.HolderAtEnd), &holder); err != nil {
			return fmt.Errorf("holder of domain %s: %w", n.DomainID, err)
		}
	}
	used := map[string]bool{}
	for _, r := range rows {
		if r.RuleID == n.RuleID && r.Term == n.Term {
			used[r.Recipient] = true
			if r.State == sent {
				return nil // it went to somebody else, too
			}
		}
	}
	for _, to := range []address{{name: who.Name, address: who.Email}, {name: holder.Name, address: holder.Email}, {name: d.Registrant.Name, address: d.Registrant.Email}} {
		if to.address, err = text.Email(to.address); err != nil {
			continue
		}
		if to.fold = text.Fold(to.address); !used[to.fold] {
			return s.resend(ctx, tx, d, n, to)
		}
	}
	on, err := civil.Parse(n.DueOn)
	if err != nil {
		return fmt.Errorf("notice %s: %w", n.ID, err)
	}
	end, _ := d.TermEnd()
	return task.Ask(ctx, tx, task.Question{
		Kind: askUndelivered, SubjectID: d.ID, CustomerID: d.CustomerID, Occasion: n.RuleID + " " + n.Term,
		Detail: fmt.Sprintf("%s ends on %s. The notice of %s about it did not arrive at %s, and there is no other address. Tell the holder in another way%s.",
			d.Name.Unicode(), end.Format("en"), on.Format("en"), n.Recipient, byWhen(n, end, domainname.RegistryDate(tx.Now))),
	})
}

// byWhen says until when ICANN's policy wants a notice to be made, where it does.
func byWhen(n query.DomainNoticeOfMailRow, end, today civil.Date) string {
	span, ok := domainname.SpanOf(int(n.Days))
	if !ok || n.Anchor != string(domainname.FromTermEnd) {
		return ""
	}
	until := end.AddDays(span.To)
	if until.Before(today) {
		return " at once"
	}
	return " by " + until.Format("en")
}

// resend queues a notice to another address.
func (s *Service) resend(ctx context.Context, tx *db.Tx, d domainname.Domain, n query.DomainNoticeOfMailRow, to address) error {
	old, err := tx.MailOfNotice(ctx, *n.MailID)
	if err != nil {
		return fmt.Errorf("mail %s: %w", *n.MailID, err)
	}
	var data mail.DomainNoticeData
	if err := json.Unmarshal([]byte(old.Data), &data); err != nil {
		return fmt.Errorf("mail %s: %w", *n.MailID, err)
	}
	data.Name = to.name
	id, letter := tx.NewID("dno"), tx.NewID("mai")
	notices := db.NewRows("domain_notices",
		"id", "domain_id", "rule_id", "term", "recipient", "due_on", "state", "breach", "mail_id", "language", "template_version", "created_at")
	notices.Add(id, d.ID, n.RuleID, n.Term, to.fold, n.DueOn, sent, n.Breach, letter, n.Language, n.TemplateVersion, int64(tx.Stamp))
	if err := notices.Insert(ctx, tx); err != nil {
		return fmt.Errorf("notice about domain %s: %w", d.ID, err)
	}
	Notices.Add(tx, 1, ruleLabel(domainname.Anchor(n.Anchor), int(n.Days)), sent)
	err = s.mail.Queue(ctx, tx, mail.Message{
		ID: letter, Kind: mail.Kind(old.Kind), To: to.address, CustomerID: d.CustomerID, SubjectID: d.ID, Occasion: n.RuleID + " " + n.Term + " " + to.fold,
		Language: old.Language, Data: data,
	})
	if err != nil {
		return err
	}
	on, err := civil.Parse(n.DueOn)
	if err != nil {
		return fmt.Errorf("notice %s: %w", n.ID, err)
	}
	term, err := civil.Parse(n.Term)
	if err != nil {
		return fmt.Errorf("notice %s: %w", n.ID, err)
	}
	return event.Emit(ctx, tx, event.New{Type: EventSent, SubjectID: d.ID, CustomerID: d.CustomerID, Data: NoticeEvent{
		Name: d.Name.String(), NoticeID: id, Rule: n.RuleID, Anchor: domainname.Anchor(n.Anchor), Days: int(n.Days), Term: term, DueOn: on, MailID: letter, State: sent,
	}})
}
