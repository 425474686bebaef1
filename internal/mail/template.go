package mail

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	texttemplate "text/template"
	"text/template/parse"
	"time"
	"unicode/utf8"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
)

var (
	errNoKind          = fail.NotFound("MAIL_KIND_NOT_FOUND", "There is no such kind of mail.")
	errTemplateChanged = fail.Conflict("MAIL_TEMPLATE_CHANGED", "Somebody else changed this template meanwhile. Look at it again.")
)

// Template is how mails of a kind are written in a language.
type Template struct {
	Kind     Kind
	Language string // "en", "de-AT"
	Subject  string
	Text     string
	HTML     string // what stands in the layout
	// Version counts the changes of the store's own template; 0 for one that Keystead ships.
	Version   int64
	UpdatedAt *time.Time
}

// customTemplates reads the templates of the store's own.
func (s *Service) customTemplates(ctx context.Context) (custom map[templateKey]source, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		rows, err := tx.ListMailTemplates(ctx)
		custom = make(map[templateKey]source, len(rows))
		for _, row := range rows {
			custom[templateKey{Kind(row.Kind), strings.ToLower(row.Language)}] = source{row.Subject, row.BodyText, row.BodyHtml}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("mail templates: %w", err)
	}
	return custom, nil
}

// Templates lists the templates in force, by kind and language: the store's own, and the shipped ones that they did
// not replace.
func (s *Service) Templates(ctx context.Context) (all []Template, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		rows, err := tx.ListMailTemplates(ctx)
		if err != nil {
			return fmt.Errorf("mail templates: %w", err)
		}
		all = all[:0]
		for _, info := range kinds {
			languages := slices.Clone(shippedLanguages)
			for _, row := range rows {
				if Kind(row.Kind) == info.Kind {
					all = append(all, templateOf(row))
					languages = slices.DeleteFunc(languages, func(l string) bool { return l == row.Language })
				}
			}
			for _, l := range languages {
				all = append(all, shippedTemplate(info.Kind, l))
			}
		}
		return nil
	})
	return all, err
}

func templateOf(row query.MailTemplate) Template {
	at := row.UpdatedAt.Time()
	return Template{
		Kind: Kind(row.Kind), Language: row.Language, Subject: row.Subject, Text: row.BodyText, HTML: row.BodyHtml,
		Version: row.Version, UpdatedAt: &at,
	}
}

func shippedTemplate(k Kind, language string) Template {
	_, src := shippedFor(k, language)
	return Template{Kind: k, Language: language, Subject: src.subject, Text: src.text, HTML: src.html}
}

// Template returns the template for a kind and a language. For a language that there is none for, it is the one to
// begin with: that of the base language, or the English one.
func (s *Service) Template(ctx context.Context, k Kind, language string) (t Template, err error) {
	if err := checkKey(k, language); err != nil {
		return Template{}, err
	}
	err = s.db.Read(ctx, func(tx *db.Tx) (err error) {
		t, err = template(ctx, tx, k, language)
		return err
	})
	return t, err
}

// Edition says as part of tx by which template a mail of a kind is written to those of a language now: "shipped de", or
// "own de 3" by the version of the store's own one.
func Edition(ctx context.Context, tx *db.Tx, k Kind, language string) (string, error) {
	for _, l := range []string{language, baseOf(language), "en"} {
		row, err := tx.GetMailTemplate(ctx, query.GetMailTemplateParams{Kind: string(k), Language: l})
		if db.NotFound(err) {
			if key, _ := shippedFor(k, l); key.language == l {
				return "shipped " + l, nil
			}
			continue
		}
		if err != nil {
			return "", fmt.Errorf("mail template %s %s: %w", k, l, err)
		}
		return fmt.Sprintf("own %s %d", row.Language, row.Version), nil
	}
	return "shipped en", nil
}

func template(ctx context.Context, tx *db.Tx, k Kind, language string) (Template, error) {
	row, err := tx.GetMailTemplate(ctx, query.GetMailTemplateParams{Kind: string(k), Language: language})
	switch {
	case db.NotFound(err):
		return shippedTemplate(k, language), nil
	case err != nil:
		return Template{}, fmt.Errorf("mail template %s %s: %w", k, language, err)
	default:
		return templateOf(row), nil
	}
}

// tag matches the languages that templates can have.
var tag = regexp.MustCompile(`^[a-z]{2,3}(-([A-Z]{2}|[A-Z][a-z]{3}))?$`)

func checkKey(k Kind, language string) error {
	if _, ok := infoOf(k); !ok {
		return errNoKind
	}
	if !tag.MatchString(language) {
		return fail.Invalid("language", "is not a language such as en or de-AT")
	}
	return nil
}

// The most that templates may hold, in characters.
const (
	longestTemplateSubject = 500
	longestTemplate        = 50_000
)

// Validate reports what is wrong with a template: whether it can be read, and whether a mail can be made of it.
func (t Template) Validate() error {
	if err := checkKey(t.Kind, t.Language); err != nil {
		return err
	}
	var bad fail.Fields
	bad.Check("subject", checkSource(t.Subject, longestTemplateSubject))
	bad.Check("text", checkSource(t.Text, longestTemplate))
	bad.Check("html", checkSource(t.HTML, longestTemplate))
	if strings.ContainsAny(t.Subject, "\r\n") {
		bad.Add("subject", "has more than one line")
	}
	return bad.Err()
}

func checkSource(s string, limit int) error {
	switch {
	case strings.TrimSpace(s) == "":
		return errors.New("is required")
	case !utf8.ValidString(s), strings.ContainsRune(s, 0):
		return errors.New("is not valid UTF-8")
	case utf8.RuneCountInString(s) > limit:
		return fmt.Errorf("is longer than %d characters", limit)
	}
	return checkNodes(s)
}

// checkNodes refuses what could keep the program busy for ever: templates that call each other, and loops over
// anything but a field of the data.
func checkNodes(s string) error {
	t, err := texttemplate.New("template").Funcs((&renderer{}).functions("en", false)).Parse(s)
	if err != nil {
		return errors.New(cleanError(err))
	}
	if len(t.Templates()) > 1 {
		return errors.New("defines templates")
	}
	if t.Tree == nil {
		return nil // nothing but a comment
	}
	return walk(t.Root)
}

func walk(n parse.Node) error {
	switch n := n.(type) {
	case *parse.ListNode:
		if n == nil {
			return nil
		}
		for _, child := range n.Nodes {
			if err := walk(child); err != nil {
				return err
			}
		}
	case *parse.TemplateNode:
		return errors.New("calls another template")
	case *parse.IfNode:
		return errors.Join(walk(n.List), walk(n.ElseList))
	case *parse.WithNode:
		return errors.Join(walk(n.List), walk(n.ElseList))
	case *parse.RangeNode:
		if !isField(n.Pipe) {
			return errors.New("loops over something that is not a field")
		}
		return errors.Join(walk(n.List), walk(n.ElseList))
	}
	return nil
}

// isField reports whether a pipeline is a field of the data or of the store, and nothing else.
func isField(p *parse.PipeNode) bool {
	if len(p.Cmds) != 1 || len(p.Cmds[0].Args) != 1 {
		return false
	}
	switch arg := p.Cmds[0].Args[0].(type) {
	case *parse.FieldNode:
		return true
	case *parse.ChainNode:
		_, ok := arg.Node.(*parse.IdentifierNode)
		return ok
	case *parse.IdentifierNode:
		return false
	default:
		return reflect.TypeOf(arg) == reflect.TypeFor[*parse.DotNode]()
	}
}

// cleanError is an error of a template without the names that only we know.
func cleanError(err error) string {
	s := strings.TrimPrefix(err.Error(), "template: ")
	for _, prefix := range []string{"html/template:", "template:", "subject:", "text:", "body:", "layout:"} {
		s = strings.TrimPrefix(s, prefix)
	}
	return s
}

// Preview shows a mail made of a template and the sample of its kind. What is wrong with the template is reported by
// its fields "subject", "text" and "html".
func (s *Service) Preview(ctx context.Context, t Template) (Rendered, error) {
	if err := t.Validate(); err != nil {
		return Rendered{}, err
	}
	now, err := s.settings.Get(ctx)
	if err != nil {
		return Rendered{}, err
	}
	r := newRenderer(s.sited(now), nil)
	if r.store.URL == "" {
		r.store.URL = "https://store.example.com"
	}
	info, _ := infoOf(t.Kind)
	m, err := r.execute(templateKey{t.Kind, strings.ToLower(t.Language)}, source{t.Subject, t.Text, t.HTML}, true, t.Language, info.Sample)
	var fault *partError
	switch {
	case errors.As(err, &fault):
		return Rendered{}, fail.Invalid(fault.part, cleanError(fault.err))
	case err == nil && m.Subject == "":
		return Rendered{}, fail.Invalid("subject", "becomes empty")
	}
	return m, err
}

// SaveTemplate puts a template of the store's own in the place of the one before. Its Version is that of the one it
// was made from; if there is a newer one, nothing is saved.
func (s *Service) SaveTemplate(ctx context.Context, t Template) (saved Template, err error) {
	t.Text, t.HTML = strings.ReplaceAll(t.Text, "\r\n", "\n"), strings.ReplaceAll(t.HTML, "\r\n", "\n")
	if _, err := s.Preview(ctx, t); err != nil {
		return Template{}, err
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		before, err := template(ctx, tx, t.Kind, t.Language)
		if err != nil {
			return err
		}
		var n int64
		if t.Version == 0 {
			n, err = tx.InsertMailTemplate(ctx, query.InsertMailTemplateParams{
				Kind: string(t.Kind), Language: t.Language, Subject: t.Subject, BodyText: t.Text, BodyHtml: t.HTML, UpdatedAt: tx.Stamp,
			})
		} else {
			n, err = tx.UpdateMailTemplate(ctx, query.UpdateMailTemplateParams{
				Kind: string(t.Kind), Language: t.Language, Subject: t.Subject, BodyText: t.Text, BodyHtml: t.HTML, UpdatedAt: tx.Stamp, Version: t.Version,
			})
		}
		if err != nil {
			return fmt.Errorf("save the mail template %s %s: %w", t.Kind, t.Language, err)
		}
		if n == 0 {
			return errTemplateChanged
		}
		if saved, err = template(ctx, tx, t.Kind, t.Language); err != nil {
			return err
		}
		return noteTemplate(ctx, tx, before, saved)
	})
	return saved, err
}

// ResetTemplate brings the shipped template back, and returns it. Of one that is shipped it does nothing.
func (s *Service) ResetTemplate(ctx context.Context, k Kind, language string) (Template, error) {
	if err := checkKey(k, language); err != nil {
		return Template{}, err
	}
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		before, err := template(ctx, tx, k, language)
		if err != nil || before.Version == 0 {
			return err
		}
		if _, err := tx.DeleteMailTemplate(ctx, query.DeleteMailTemplateParams{Kind: string(k), Language: language}); err != nil {
			return fmt.Errorf("reset the mail template %s %s: %w", k, language, err)
		}
		return noteTemplate(ctx, tx, before, shippedTemplate(k, language))
	})
	return shippedTemplate(k, language), err
}

// TemplateChanged is the data of the event "mail_template.changed".
type TemplateChanged struct {
	Kind     Kind   `json:"kind"`
	Language string `json:"language"`
	Custom   bool   `json:"custom"` // whether the store's own is in force now
}

func noteTemplate(ctx context.Context, tx *db.Tx, before, after Template) error {
	subject := string(after.Kind) + " " + after.Language
	err := event.Audit(ctx, tx, event.Change{What: "mail_template.changed", SubjectID: subject, Before: before.whole(), After: after.whole()})
	if err != nil {
		return err
	}
	return event.Emit(ctx, tx, event.New{
		Type: "mail_template.changed", SubjectID: subject, Data: TemplateChanged{after.Kind, after.Language, after.Version > 0},
	})
}

// whole is a template as the audit log keeps it.
func (t Template) whole() string { return t.Subject + "\n\n" + t.Text + "\n\n" + t.HTML }
