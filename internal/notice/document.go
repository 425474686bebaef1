package notice

import (
	"fmt"
	"strings"

	"github.com/keystead/keystead/internal/mail"
)

// Markdown returns the rules as the documentation shows them.
func Markdown() string {
	titles := map[mail.Kind]string{}
	for _, k := range mail.Kinds() {
		titles[k.Kind] = k.Title
	}
	var b strings.Builder
	b.WriteString("| event | if | mail | to |\n|---|---|---|---|\n")
	for _, r := range rules {
		to := "customer"
		if r.staff {
			to = "staff"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s (`%s`) | %s |\n", r.on, r.says, titles[r.mail], r.mail, to)
	}
	return b.String()
}
