package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Help implements kong.HelpProvider.
func (completionCommand) Help() string {
	return `Examples:

	keystead completion bash > /etc/bash_completion.d/keystead
	keystead completion zsh > "${fpath[1]}/_keystead"
	keystead completion fish > ~/.config/fish/completions/keystead.fish`
}

// Run prints the script for a shell, made of the same grammar that reads the commands.
func (c *completionCommand) Run(s *session, model *kong.Application) error {
	words := collect(model.Node, nil)
	switch c.Shell {
	case "bash":
		return writeBash(s.out, words)
	case "zsh":
		return writeZsh(s.out, words)
	default:
		return writeFish(s.out, words)
	}
}

// level is a place in a command line: after some commands, what may come next.
type level struct {
	path     string // "license show"; empty: right behind the program's name
	commands []word
	flags    []word
	files    bool // whether an argument is a file
}

type word struct {
	text, help  string
	takes, file bool // a value; the name of a file
}

func collect(node *kong.Node, inherited []word) []level {
	l := level{flags: inherited[:len(inherited):len(inherited)]}
	if node.Type == kong.CommandNode {
		l.path = node.Path()
	}
	for _, f := range node.Flags {
		if !f.Hidden {
			l.flags = append(l.flags, word{text: "--" + f.Name, help: f.Help, takes: !f.IsBool(), file: f.Tag.Type == "path"})
		}
	}
	for _, p := range node.Positional {
		l.files = l.files || p.Tag.Type == "path" || p.Tag.Type == "existingfile"
		for _, choice := range p.EnumSlice() {
			l.commands = append(l.commands, word{text: choice})
		}
	}
	var below []level
	for _, child := range node.Children {
		l.commands = append(l.commands, word{text: child.Name, help: child.Help})
		below = append(below, collect(child, l.flags)...)
	}
	return append([]level{l}, below...)
}

func texts(words []word) string {
	var all []string
	for _, w := range words {
		all = append(all, w.text)
	}
	return strings.Join(all, " ")
}

// quote makes text a single word of any shell.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// The scripts for bash and zsh find out which commands stand before the cursor, and offer what that level has.

func writeBash(w io.Writer, levels []level) error {
	var b strings.Builder
	b.WriteString("# bash completion for keystead\n_keystead() {\n\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} at='' i\n")
	b.WriteString("\tfor ((i = 1; i < COMP_CWORD; i++)); do\n\t\tcase \"$at ${COMP_WORDS[i]}\" in\n")
	for _, l := range levels[1:] {
		parent, name := "", l.path
		if i := strings.LastIndex(l.path, " "); i >= 0 {
			parent, name = l.path[:i], l.path[i+1:]
		}
		fmt.Fprintf(&b, "\t\t%s) at=%s ;;\n", quote(parent+" "+name), quote(l.path))
	}
	b.WriteString("\t\tesac\n\tdone\n\tcase \"$prev\" in\n")
	files := map[string]bool{}
	for _, l := range levels {
		for _, f := range l.flags {
			if f.file && !files[f.text] {
				files[f.text] = true
				fmt.Fprintf(&b, "\t%s) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n", f.text)
			}
		}
	}
	b.WriteString("\tesac\n\tcase \"$at\" in\n")
	for _, l := range levels {
		fmt.Fprintf(&b, "\t%s) COMPREPLY=($(compgen -W %s -- \"$cur\"))", quote(l.path), quote(strings.TrimSpace(texts(l.commands)+" "+texts(l.flags))))
		if l.files {
			b.WriteString("; COMPREPLY+=($(compgen -f -- \"$cur\"))")
		}
		b.WriteString(" ;;\n")
	}
	b.WriteString("\tesac\n}\ncomplete -o filenames -F _keystead keystead\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func writeZsh(w io.Writer, levels []level) error {
	var b strings.Builder
	b.WriteString("#compdef keystead\n_keystead() {\n\tlocal at='' i\n\tlocal -a offers\n\tfor ((i = 2; i < CURRENT; i++)); do\n\t\tcase \"$at ${words[i]}\" in\n")
	for _, l := range levels[1:] {
		parent, name := "", l.path
		if i := strings.LastIndex(l.path, " "); i >= 0 {
			parent, name = l.path[:i], l.path[i+1:]
		}
		fmt.Fprintf(&b, "\t\t%s) at=%s ;;\n", quote(parent+" "+name), quote(l.path))
	}
	b.WriteString("\t\tesac\n\tdone\n\tcase \"$at\" in\n")
	for _, l := range levels {
		fmt.Fprintf(&b, "\t%s) offers=(", quote(l.path))
		for _, o := range append(l.commands[:len(l.commands):len(l.commands)], l.flags...) {
			b.WriteString(" " + quote(o.text+":"+strings.ReplaceAll(o.help, ":", `\:`)))
		}
		b.WriteString(" ) ;;\n")
	}
	b.WriteString("\tesac\n\t_describe keystead offers\n\t_files\n}\n_keystead \"$@\"\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func writeFish(w io.Writer, levels []level) error {
	var b strings.Builder
	b.WriteString("# fish completion for keystead\ncomplete -c keystead -f\n")
	for _, l := range levels {
		condition := "__fish_use_subcommand"
		if l.path != "" {
			var seen []string
			for part := range strings.FieldsSeq(l.path) {
				seen = append(seen, "__fish_seen_subcommand_from "+part)
			}
			condition = strings.Join(seen, "; and ")
		}
		for _, c := range l.commands {
			only := condition
			if l.path != "" {
				only += "; and not __fish_seen_subcommand_from " + texts(l.commands)
			}
			fmt.Fprintf(&b, "complete -c keystead -n %s -a %s -d %s\n", quote(only), c.text, quote(c.help))
		}
		if l.path == "" {
			continue
		}
		for _, f := range l.flags {
			value := ""
			if f.takes {
				value = " -x"
			}
			if f.file {
				value = " -rF"
			}
			fmt.Fprintf(&b, "complete -c keystead -n %s -l %s%s -d %s\n", quote(condition), strings.TrimPrefix(f.text, "--"), value, quote(f.help))
		}
		if l.files {
			fmt.Fprintf(&b, "complete -c keystead -n %s -F\n", quote(condition))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
