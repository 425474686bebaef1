package adminapi

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/mail"
)

// MailTemplate is how mails of a kind are written in a language.
type MailTemplate struct {
	Kind      string     `json:"kind" example:"order_confirmation"`
	Language  string     `json:"language" example:"en"`
	Subject   string     `json:"subject" example:"Your order {{.Number}}"`
	Text      string     `json:"text"`
	HTML      string     `json:"html" doc:"What stands in the layout"`
	Custom    bool       `json:"custom" doc:"The store's own; else it is shipped with the program"`
	Version   int64      `json:"version" doc:"Counts the changes of the store's own; 0 for one that is shipped"`
	UpdatedAt *time.Time `json:"updated_at"`
}

func showTemplate(t mail.Template) MailTemplate {
	return MailTemplate{
		Kind: string(t.Kind), Language: t.Language, Subject: t.Subject, Text: t.Text, HTML: t.HTML, Custom: t.Version > 0, Version: t.Version,
		UpdatedAt: utc(t.UpdatedAt),
	}
}

// NewTemplate is the body of PUT /mail-templates/{kind}/{language}.
type NewTemplate struct {
	Subject string `json:"subject" maxLength:"1000" example:"Your order {{.Number}}"`
	Text    string `json:"text" maxLength:"100000"`
	HTML    string `json:"html" maxLength:"100000" doc:"What stands in the layout"`
	Version *int64 `json:"version,omitempty" minimum:"0" maximum:"9007199254740991" doc:"Of the one that it was made from; if there is a newer one by now, nothing is saved. Left out: whichever there is"`
}

// TemplateDraft is the body of POST /mail-templates/{kind}/{language}/preview. What is left out is as in the template.
type TemplateDraft struct {
	Subject *string `json:"subject,omitempty" maxLength:"1000"`
	Text    *string `json:"text,omitempty" maxLength:"100000"`
	HTML    *string `json:"html,omitempty" maxLength:"100000"`
}

// RenderedMail is a mail as its reader sees it.
type RenderedMail struct {
	Subject string `json:"subject" example:"Your order 42"`
	Text    string `json:"text"`
	HTML    string `json:"html"`
}

// MailKind is a kind of mail.
type MailKind struct {
	Kind   string `json:"kind" example:"order_confirmation"`
	Title  string `json:"title" example:"Order confirmation"`
	Vital  bool   `json:"vital" doc:"Its loss does harm: one whose fate is unknown is sent once more"`
	Staff  bool   `json:"staff" doc:"It goes to the store's own people"`
	Secret bool   `json:"secret" doc:"It holds a link for its reader alone"`
}

// TemplateRef names a template.
type TemplateRef struct {
	Kind     string `path:"kind" maxLength:"64" example:"order_confirmation"`
	Language string `path:"language" maxLength:"64" example:"en"`
}

type putTemplateInput struct {
	TemplateRef
	Body NewTemplate
}

type previewTemplateInput struct {
	TemplateRef
	Body *TemplateDraft
}

const codeNoMailKind = "MAIL_KIND_NOT_FOUND"

func (a *API) mailTemplates() {
	const tag = "Mail"
	codes := []string{codeNoMailKind}
	add(a, route{Method: http.MethodGet, Path: "/mail-kinds", Scope: "settings:read", Tag: tag, Summary: "List the kinds of mails", Notes: "In the order of a customer's life, all on one page."},
		func(context.Context, *struct{}) (List[MailKind], error) {
			return listOf(mail.Kinds(), "", func(k mail.KindInfo) MailKind {
				return MailKind{Kind: string(k.Kind), Title: k.Title, Vital: k.Vital, Staff: k.Staff, Secret: k.Secret}
			}), nil
		})
	add(a, route{Method: http.MethodGet, Path: "/mail-templates", Scope: "settings:read", Tag: tag, Summary: "List the templates in force", Notes: "By kind and language, all on one page."},
		func(ctx context.Context, _ *struct{}) (List[MailTemplate], error) {
			all, err := a.Mail.Templates(ctx)
			return listOf(all, "", showTemplate), err
		})
	add(a, route{
		Method: http.MethodGet, Path: "/mail-templates/{kind}/{language}", Scope: "settings:read", Tag: tag, Summary: "Show a template",
		Notes: "For a language that there is none for, it is the one to begin with.", Codes: codes,
	}, func(ctx context.Context, in *TemplateRef) (MailTemplate, error) {
		t, err := a.Mail.Template(ctx, mail.Kind(in.Kind), in.Language)
		return showTemplate(t), err
	})
	add(a, route{
		Method: http.MethodPut, Path: "/mail-templates/{kind}/{language}", Scope: "settings:write", Tag: tag, Summary: "Put a template of the store's own in place",
		Notes: "It is tried with the sample of its kind first: what is wrong is told by field.", Codes: append([]string{"MAIL_TEMPLATE_CHANGED"}, codes...),
	}, a.putTemplate)
	add(a, route{
		Method: http.MethodDelete, Path: "/mail-templates/{kind}/{language}", Scope: "settings:write", Tag: tag, Summary: "Bring the shipped template back",
		Notes: "Answers with it.", Status: http.StatusOK, Codes: codes,
	}, func(ctx context.Context, in *TemplateRef) (MailTemplate, error) {
		t, err := a.Mail.ResetTemplate(ctx, mail.Kind(in.Kind), in.Language)
		return showTemplate(t), err
	})
	add(a, route{
		Method: http.MethodPost, Path: "/mail-templates/{kind}/{language}/preview", Scope: "settings:read", Tag: tag, Summary: "Show a mail made of a template",
		Notes: "And of the sample of its kind. Nothing is saved.", Codes: codes,
	}, a.previewTemplate)
}

func (a *API) putTemplate(ctx context.Context, in *putTemplateInput) (MailTemplate, error) {
	t := mail.Template{Kind: mail.Kind(in.Kind), Language: in.Language, Subject: in.Body.Subject, Text: in.Body.Text, HTML: in.Body.HTML}
	if in.Body.Version != nil {
		t.Version = *in.Body.Version
	} else {
		before, err := a.Mail.Template(ctx, t.Kind, t.Language)
		if err != nil {
			return MailTemplate{}, err
		}
		t.Version = before.Version
	}
	saved, err := a.Mail.SaveTemplate(ctx, t)
	return showTemplate(saved), err
}

func (a *API) previewTemplate(ctx context.Context, in *previewTemplateInput) (RenderedMail, error) {
	t, err := a.Mail.Template(ctx, mail.Kind(in.Kind), in.Language)
	if err != nil {
		return RenderedMail{}, err
	}
	if b := in.Body; b != nil {
		t.Subject, t.Text, t.HTML = *cmp.Or(b.Subject, &t.Subject), *cmp.Or(b.Text, &t.Text), *cmp.Or(b.HTML, &t.HTML)
	}
	m, err := a.Mail.Preview(ctx, t)
	return RenderedMail(m), err
}
