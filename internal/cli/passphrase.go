package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// passphraseFlags say where the passphrase of a backup's master key comes from. There is no flag for the passphrase
// itself: everybody on the machine could read it.
type passphraseFlags struct {
	BackupPassphraseFile string `name:"backup-passphrase-file" type:"path" placeholder:"FILE" help:"File of the passphrase for the master key, or set KEYSTEAD_BACKUP_PASSPHRASE. Without either it is asked for."`
}

const passphraseVariable = "KEYSTEAD_BACKUP_PASSPHRASE"

// passphrase finds the passphrase, or asks for it on a terminal, twice where nothing else would notice a mistake.
func (f passphraseFlags) passphrase(s *session, twice bool) (string, error) {
	if f.BackupPassphraseFile != "" {
		return secretFile(f.BackupPassphraseFile)
	}
	if text := os.Getenv(passphraseVariable); text != "" {
		return text, nil
	}
	if !isTerminal(s.in) {
		return "", &usageError{"the master key in a backup needs a passphrase: set " + passphraseVariable + " or --backup-passphrase-file"}
	}
	first, err := s.askSecretly("Passphrase for the master key: ")
	if err != nil || !twice {
		return first, err
	}
	second, err := s.askSecretly("The same again: ")
	if err == nil && first != second {
		err = errors.New("the two passphrases differ")
	}
	return first, err
}

// askSecretly asks for a line that does not show on the terminal.
func (s *session) askSecretly(question string) (string, error) {
	fmt.Fprint(s.err, question)
	echo := func(arg string) {
		stty := exec.Command("stty", arg) //nolint:noctx // ends at once
		stty.Stdin = s.in
		_ = stty.Run() // without it, the line shows
	}
	echo("-echo")
	line, err := bufio.NewReader(io.LimitReader(s.in, 1024)).ReadString('\n')
	echo("echo")
	fmt.Fprintln(s.err)
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", errors.Join(errors.New("no passphrase was given"), err)
	}
	return line, nil
}
