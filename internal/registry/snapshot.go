package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Save writes everything the registry remembers into a file, in one step. It returns the number of changes that the
// file has, so that a caller knows whether there are more since: see [Registry.Changed].
func (r *Registry) Save(path string) (int64, error) {
	r.mu.Lock()
	r.settle()
	text, err := json.Marshal(r.state)
	changes := r.state.Changes
	r.mu.Unlock()
	if err != nil {
		return 0, err
	}
	part := path + ".part"
	if err := os.WriteFile(part, text, 0o600); err != nil {
		return 0, err
	}
	return changes, os.Rename(part, path)
}

// Changed counts the changes so far.
func (r *Registry) Changed() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state.Changes
}

// Load takes over what a file has. It reports whether there was one.
func (r *Registry) Load(path string) (bool, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	kept := r.state
	if err := json.Unmarshal(text, &kept); err != nil {
		return false, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	r.state = kept
	r.agenda = nil
	return true, nil
}
