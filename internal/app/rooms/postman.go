package rooms

import (
	"context"
	"fmt"
	"net/url"

	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/job"
	"github.com/keystead/keystead/internal/mail"
	"github.com/keystead/keystead/internal/signin"
)

const linkJob = "signin.link"

// postman brings the links with which customers sign in.
type postman struct{ rooms *Rooms }

func (r *Rooms) usePostman() {
	r.SignIn.UsePostman(postman{r})
	r.Jobs.Register(linkJob, func(ctx context.Context, j job.Job) error {
		var q signin.LinkRequest
		if err := j.Decode(&q); err != nil {
			return err
		}
		return r.SignIn.MailLink(ctx, q)
	})
}

// Later implements signin.Postman.
func (p postman) Later(ctx context.Context, tx *db.Tx, q signin.LinkRequest) error {
	return p.rooms.Jobs.Enqueue(ctx, tx, job.New{Kind: linkJob, Payload: q})
}

// Send implements signin.Postman.
func (p postman) Send(ctx context.Context, tx *db.Tx, m signin.LinkMail) error {
	c, err := customer.Load(ctx, tx, m.CustomerID)
	if err != nil {
		return fmt.Errorf("mail a link: %w", err)
	}
	link := "/account/link/" + m.Token
	if m.Next != "" {
		link += "?" + url.Values{"next": {m.Next}}.Encode()
	}
	return p.rooms.Mail.Queue(ctx, tx, mail.Message{
		Kind: mail.SignInLink, To: c.Email, CustomerID: c.ID, SubjectID: c.ID, Occasion: tx.NewID("link"), Language: c.Language,
		Data: mail.SignInLinkData{Name: c.Name, ValidUntil: m.ValidUntil, Link: link},
	})
}
