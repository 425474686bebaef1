package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/mail"
)

// Mail is a mail and what became of it, without its text.
type Mail struct {
	ID         string     `json:"id" example:"mai_01hx2b6yh4m3nq0r8s5t"`
	Kind       string     `json:"kind" example:"order_confirmation"`
	State      string     `json:"state" enum:"sent,queued,sending,unknown,failed,cancelled" doc:"unknown: nobody knows whether the mail server accepted it"`
	To         string     `json:"to" example:"ann@example.com"`
	CustomerID *string    `json:"customer_id" example:"cus_01hx2b6yh4m3nq0r8s5t"`
	SubjectID  string     `json:"subject_id" example:"ord_01hx2b6yh4m3nq0r8s5t" doc:"What it is about"`
	Occasion   *string    `json:"occasion" doc:"Which of several of its kind about that: a day, a try"`
	ResendOf   *string    `json:"resend_of" doc:"The mail that it repeats"`
	Language   *string    `json:"language" example:"en" doc:"Null: the store's"`
	MessageID  string     `json:"message_id"`
	Tries      int64      `json:"tries" example:"1"`
	LastError  *string    `json:"last_error"`
	DueAt      *time.Time `json:"due_at" doc:"When it is tried next; null: not by itself"`
	CreatedAt  time.Time  `json:"created_at"`
	TriedAt    *time.Time `json:"tried_at" doc:"For the first time"`
	SettledAt  *time.Time `json:"settled_at"`
}

// MailText is a mail with its text.
type MailText struct {
	Mail
	Secret  bool    `json:"secret" doc:"It holds a link for its reader alone, so its text is not shown"`
	Made    bool    `json:"made" doc:"False: it would be made of its template as it is shown here"`
	Subject *string `json:"subject"`
	Text    *string `json:"text"`
	HTML    *string `json:"html"`
}

func showMail(m mail.Mail) Mail {
	return Mail{
		ID: m.ID, Kind: string(m.Kind), State: string(m.State), To: m.To, CustomerID: orNull(m.CustomerID), SubjectID: m.SubjectID,
		Occasion: orNull(m.Occasion), ResendOf: orNull(m.ResendOf), Language: orNull(m.Language), MessageID: m.MessageID, Tries: m.Tries,
		LastError: orNull(m.LastError), DueAt: utc(m.DueAt), CreatedAt: m.CreatedAt.UTC(), TriedAt: utc(m.TriedAt), SettledAt: utc(m.SettledAt),
	}
}

// Outbox says how the mails do that wait.
type Outbox struct {
	Waiting   int64      `json:"waiting"`
	OldestDue *time.Time `json:"oldest_due"`
	Missing   *string    `json:"missing" doc:"What must be set before mails can be sent"`
	Trouble   *string    `json:"trouble" doc:"Why the mail server could not be used lately"`
}

type listMailInput struct {
	Paging
	CustomerID string `query:"customer_id" maxLength:"64"`
	SubjectID  string `query:"subject_id" maxLength:"64"`
	State      string `query:"state" enum:"queued,sending,sent,unknown,failed,cancelled"`
	Kind       string `query:"kind" maxLength:"64"`
	Query      string `query:"q" maxLength:"255" doc:"The beginning of an address, or a whole id of the mail or of what it is about"`
}

const codeNoMail = "MAIL_NOT_FOUND"

func (a *API) mail() {
	const tag = "Mail"
	add(a, route{Method: http.MethodGet, Path: "/mail", Scope: "customers:read", Tag: tag, Summary: "List mails", Notes: "Newest first, without their text."},
		func(ctx context.Context, in *listMailInput) (List[Mail], error) {
			found, next, err := a.Mail.List(ctx, mail.Filter{
				CustomerID: in.CustomerID, SubjectID: in.SubjectID, State: mail.State(in.State), Kind: mail.Kind(in.Kind), Query: in.Query,
				Cursor: in.Cursor, Limit: in.Limit,
			})
			return listOf(found, next, showMail), err
		})
	add(a, route{
		Method: http.MethodGet, Path: "/mail/{id}", Scope: "customers:write", Tag: tag, Summary: "Show a mail with its text",
		Notes: "The text may hold license keys: it takes the right to act for customers.", Codes: []string{codeNoMail},
	}, func(ctx context.Context, in *ByID) (MailText, error) {
		m, err := a.Mail.ByID(ctx, in.ID)
		return MailText{
			Mail: showMail(m), Secret: m.Secret, Made: m.Made, Subject: orNull(m.Subject), Text: orNull(m.Text), HTML: orNull(m.HTML),
		}, err
	})
	add(a, route{
		Method: http.MethodPost, Path: "/mail/{id}/resend", Scope: "customers:write", Tag: tag, Summary: "Send a mail once more",
		Notes: "As it was, under a Message-ID of its own. Answers with the new one.", Status: http.StatusCreated, Codes: []string{codeNoMail, "MAIL_NOT_RESENDABLE"},
	}, func(ctx context.Context, in *ByID) (Mail, error) {
		m, err := a.Mail.Resend(ctx, in.ID)
		return showMail(m), err
	})
	add(a, route{
		Method: http.MethodPost, Path: "/mail/{id}/cancel", Scope: "customers:write", Tag: tag, Summary: "Keep a mail from being sent that still waits",
		Codes: []string{codeNoMail, "MAIL_NOT_QUEUED"},
	}, func(ctx context.Context, in *ByID) (Mail, error) {
		m, err := a.Mail.Cancel(ctx, in.ID)
		return showMail(m), err
	})
	add(a, route{Method: http.MethodGet, Path: "/outbox", Scope: "customers:read", Tag: tag, Summary: "Show how many mails wait, and what for"},
		func(ctx context.Context, _ *struct{}) (Outbox, error) {
			o, err := a.Mail.Outbox(ctx)
			return Outbox{Waiting: o.Waiting, OldestDue: utc(o.OldestDue), Missing: orNull(o.Missing), Trouble: orNull(o.Trouble)}, err
		})
	a.mailTemplates()
}
