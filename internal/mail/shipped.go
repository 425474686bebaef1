package mail

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"sync"
)

// Shipped templates are written once, as text: a subject, an empty line, paragraphs. Their HTML is made of the same
// words, so that the two can't tell different things.

// shippedLanguages are those that every kind is shipped in.
var shippedLanguages = []string{"en", "de"}

// shipped returns the templates that the program brings along.
var shipped = sync.OnceValue(func() map[templateKey]source {
	all := map[templateKey]source{}
	for _, language := range shippedLanguages {
		for _, info := range kinds {
			name := path.Join("templates", language, string(info.Kind)+".txt")
			content, err := fs.ReadFile(files, name)
			if err != nil {
				panic("mail: " + err.Error())
			}
			head, text, ok := strings.Cut(string(content), "\n\n")
			subject, isSubject := strings.CutPrefix(head, "Subject: ")
			if !ok || !isSubject {
				panic(fmt.Sprintf("mail: %s does not begin with a subject and an empty line", name))
			}
			text = strings.TrimSpace(text)
			all[templateKey{info.Kind, language}] = source{subject: subject, text: text, html: paragraphs(text)}
		}
	}
	return all
})

// shippedFor returns the shipped template for a language.
func shippedFor(k Kind, tag string) (templateKey, source) {
	key := templateKey{k, baseOf(tag)}
	if src, ok := shipped()[key]; ok {
		return key, src
	}
	key.language = "en"
	return key, shipped()[key]
}

var layout = sync.OnceValue(func() string {
	content, err := files.ReadFile("templates/layout.html")
	if err != nil {
		panic("mail: " + err.Error())
	}
	return string(content)
})

// alone matches a line that is no text of a paragraph: a condition, or something that makes a block of its own.
var alone = regexp.MustCompile(`^\{\{(if|else|end|range|with|button|lines|keys|notes|items)\b[^}]*\}\}$`)

// paragraphs makes HTML of a shipped text.
func paragraphs(text string) string {
	var b, paragraph strings.Builder
	flush := func() {
		if paragraph.Len() > 0 {
			b.WriteString("<p>" + paragraph.String() + "</p>\n")
			paragraph.Reset()
		}
	}
	for line := range strings.SplitSeq(text, "\n") {
		switch {
		case line == "":
			flush()
		case alone.MatchString(line):
			flush()
			b.WriteString(line + "\n")
		default:
			if paragraph.Len() > 0 {
				paragraph.WriteString("\n")
			}
			paragraph.WriteString(line)
		}
	}
	flush()
	return b.String()
}
