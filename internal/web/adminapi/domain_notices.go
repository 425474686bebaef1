package adminapi

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/reminder"
	"github.com/keystead/keystead/internal/domainname/watch"
	"github.com/keystead/keystead/internal/fail"
)

// NoticeRule says on which day customers are written to about the end of a domain's term.
type NoticeRule struct {
	ID         string   `json:"id,omitempty" maxLength:"64" example:"dnr_01hx2b6yh4m3nq0r8s5t" doc:"Left out: a new one"`
	Anchor     string   `json:"anchor" enum:"term_end,next_due" doc:"From which date it counts"`
	Days       int      `json:"days" minimum:"-3650" maximum:"3650" example:"-30" doc:"Below zero: before it"`
	Extension  *string  `json:"extension" maxLength:"255" example:"com" doc:"Null: all"`
	Recipients []string `json:"recipients" nullable:"false" maxItems:"3" enum:"account,billing,registrant"`
	Enabled    bool     `json:"enabled"`
}

// NoticeRules is the body of PUT /domain-notice-rules.
type NoticeRules struct {
	Rules    []NoticeRule `json:"rules" nullable:"false" maxItems:"200" doc:"These and no others"`
	Override string       `json:"override,omitempty" maxLength:"10000" doc:"Why the schedule may leave out what ICANN asks for. It is recorded"`
}

func showNoticeRule(r reminder.Rule) NoticeRule {
	shown := NoticeRule{ID: r.ID, Anchor: string(r.Anchor), Days: r.Days, Extension: orNull(r.Extension), Recipients: []string{}, Enabled: r.Enabled}
	for _, to := range r.Recipients {
		shown.Recipients = append(shown.Recipients, string(to))
	}
	return shown
}

// DomainNotice is the evidence of one notice.
type DomainNotice struct {
	ID              string    `json:"id" example:"dnt_01hx2b6yh4m3nq0r8s5t"`
	DomainID        string    `json:"domain_id" example:"dom_01hx2b6yh4m3nq0r8s5t"`
	Name            string    `json:"name" example:"example.com"`
	RuleID          string    `json:"rule_id" example:"dnr_01hx2b6yh4m3nq0r8s5t"`
	Anchor          string    `json:"anchor" enum:"term_end,next_due"`
	Days            int       `json:"days" example:"-30"`
	Term            string    `json:"term" example:"2027-03-10" doc:"A date: the end of the term"`
	DueOn           string    `json:"due_on" example:"2027-02-08" doc:"A date"`
	Recipient       string    `json:"recipient"`
	State           string    `json:"state" enum:"sent,missed,failed"`
	Breach          bool      `json:"breach" doc:"Outside the days that ICANN asks for"`
	MailID          *string   `json:"mail_id" example:"mai_01hx2b6yh4m3nq0r8s5t"`
	MessageID       *string   `json:"message_id"`
	Delivery        *string   `json:"delivery" doc:"What became of the mail"`
	Language        *string   `json:"language" example:"en"`
	TemplateVersion *string   `json:"template_version"`
	CreatedAt       time.Time `json:"created_at"`
}

func showNotice(n reminder.Notice) DomainNotice {
	return DomainNotice{
		ID: n.ID, DomainID: n.DomainID, Name: n.Name, RuleID: n.RuleID, Anchor: string(n.Anchor), Days: n.Days, Term: n.Term.String(), DueOn: n.DueOn.String(),
		Recipient: n.Recipient, State: n.State, Breach: n.Breach, MailID: orNull(n.MailID), MessageID: orNull(n.MessageID), Delivery: orNull(n.Delivery),
		Language: orNull(n.Language), TemplateVersion: orNull(n.TemplateVersion), CreatedAt: n.CreatedAt.UTC(),
	}
}

// NoticeFilter are the parameters of operations on evidence.
type NoticeFilter struct {
	DomainID string `query:"domain_id" maxLength:"64"`
	From     string `query:"from" maxLength:"10" doc:"A date: made on or after it"`
	To       string `query:"to" maxLength:"10" doc:"A date: made on or before it"`
	Breaches bool   `query:"breaches" doc:"Those alone that were outside the days that ICANN asks for"`
}

func (in NoticeFilter) filter() (reminder.Filter, error) {
	var bad fail.Fields
	f := reminder.Filter{DomainID: in.DomainID, From: dateOf(&bad, "from", in.From), To: dateOf(&bad, "to", in.To), BreachOnly: in.Breaches}
	return f, bad.Err()
}

func (a *API) domainNotices() {
	const tag = "Domain notices and sync"
	add(a, route{Method: http.MethodGet, Path: "/domain-notice-rules", Scope: "domains:read", Tag: tag, Summary: "List the rules of notices before and after a term ends", Notes: "All on one page."},
		func(ctx context.Context, _ *struct{}) (List[NoticeRule], error) {
			all, err := a.Reminders.Rules(ctx)
			return listOf(all, "", showNoticeRule), err
		})
	add(a, route{
		Method: http.MethodPut, Path: "/domain-notice-rules", Scope: "domains:write", Tag: tag, Summary: "Replace the rules of notices",
		Notes: "A schedule that leaves out a span in which ICANN asks for a notice is refused without an override.",
	}, func(ctx context.Context, in *struct{ Body NoticeRules }) (List[NoticeRule], error) {
		rules := make([]reminder.Rule, len(in.Body.Rules))
		for i, r := range in.Body.Rules {
			rules[i] = reminder.Rule{NoticeRule: domainname.NoticeRule{ID: r.ID, Anchor: domainname.Anchor(r.Anchor), Days: r.Days, Enabled: r.Enabled}}
			if r.Extension != nil {
				rules[i].Extension = *r.Extension
			}
			for _, to := range r.Recipients {
				rules[i].Recipients = append(rules[i].Recipients, reminder.Recipient(to))
			}
		}
		all, err := a.Reminders.SetRules(ctx, rules, in.Body.Override)
		return listOf(all, "", showNoticeRule), err
	})
	add(a, route{Method: http.MethodGet, Path: "/domain-notices", Scope: "domains:read", Tag: tag, Summary: "List notices with their evidence", Notes: "Newest first."},
		func(ctx context.Context, in *struct {
			Paging
			NoticeFilter
		},
		) (List[DomainNotice], error) {
			f, err := in.filter()
			if err != nil {
				return List[DomainNotice]{}, err
			}
			f.Cursor, f.Limit = in.Cursor, in.Limit
			all, next, err := a.Reminders.Notices(ctx, f)
			return listOf(all, next, showNotice), err
		})
	addFile(a, route{
		Method: http.MethodGet, Path: "/exports/domain-notices", Scope: "domains:read", Tag: tag, Summary: "Export notices with their evidence", Media: mediaCSV,
	}, func(ctx context.Context, in *NoticeFilter) (file, error) {
		f, err := in.filter()
		if err != nil {
			return file{}, err
		}
		var out bytes.Buffer
		err = a.Reminders.Export(ctx, &out, f)
		return file{Name: "domain-notices.csv", Content: out.Bytes()}, err
	})
	a.domainSync()
}

// SyncRun is one pass over domains of a registrar.
type SyncRun struct {
	ID          string     `json:"id" example:"dsr_01hx2b6yh4m3nq0r8s5t"`
	RegistrarID string     `json:"registrar_id" example:"rgr_01hx2b6yh4m3nq0r8s5t"`
	Registrar   string     `json:"registrar" example:"simulator"`
	Mode        string     `json:"mode" enum:"on,notify" doc:"notify: it writes nothing"`
	Asked       int        `json:"asked"`
	Changed     int        `json:"changed"`
	Held        int        `json:"held" doc:"For review"`
	Negative    int        `json:"negative" doc:"Not found, or somebody else's"`
	Failed      int        `json:"failed"`
	Stopped     bool       `json:"stopped" doc:"Too many answers were bad: sync of the registrar is stopped"`
	CreatedAt   time.Time  `json:"created_at"`
	FinishedAt  *time.Time `json:"finished_at"`
}

func showSyncRun(r watch.Run) SyncRun {
	return SyncRun{
		ID: r.ID, RegistrarID: r.RegistrarID, Registrar: r.Registrar, Mode: r.Mode, Asked: r.Asked, Changed: r.Changed, Held: r.Held, Negative: r.Negative,
		Failed: r.Failed, Stopped: r.Stopped, CreatedAt: r.At.UTC(), FinishedAt: utc(r.FinishedAt),
	}
}

// domainSync is what reading registries has found.
func (a *API) domainSync() {
	const tag = "Domain notices and sync"
	add(a, route{Method: http.MethodGet, Path: "/domain-sync-runs", Scope: "domains:read", Tag: tag, Summary: "List passes over domains at their registries", Notes: "Newest first."},
		func(ctx context.Context, in *Paging) (List[SyncRun], error) {
			all, next, err := a.Watch.Runs(ctx, in.Cursor, in.Limit)
			return listOf(all, next, showSyncRun), err
		})
	add(a, route{
		Method: http.MethodGet, Path: "/domain-sync-findings", Scope: "domains:read", Tag: tag, Summary: "List what differed between the store and registries",
		Notes: "Newest first, the last 200 on one page.",
	}, func(ctx context.Context, in *struct {
		RunID    string `query:"run_id" maxLength:"64"`
		DomainID string `query:"domain_id" maxLength:"64"`
	},
	) (List[DomainFinding], error) {
		all, err := a.Watch.Findings(ctx, in.RunID, in.DomainID, 200)
		return listOf(all, "", showFinding), err
	})
}
