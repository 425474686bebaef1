package patch_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/patch"
)

func TestDiff(t *testing.T) {
	t.Parallel()
	name, limit, on := "old", 5, true
	to, same := "new", 5
	var d patch.Diff
	if !d.Empty() {
		t.Error("a new diff is not empty")
	}
	patch.Set(&d, "on", &on, nil)
	patch.Set(&d, "limit", &limit, &same)
	if !d.Empty() || !on || limit != 5 {
		t.Errorf("nothing was asked for, but %v changed", d.Fields)
	}
	patch.Set(&d, "name", &name, &to)
	d.Note("list", []int{1}, []int{})
	if name != "new" {
		t.Errorf("name = %s", name)
	}
	if diff := cmp.Diff([]string{"name", "list"}, d.Fields); diff != "" || d.Empty() {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	if got := d.Before(); got != `{"list":[1],"name":"old"}` {
		t.Errorf("before = %s", got)
	}
	if got := d.After(); got != `{"list":[],"name":"new"}` {
		t.Errorf("after = %s", got)
	}
}

func TestJSONOfWhatItCannotHold(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("a channel became JSON")
		}
	}()
	patch.JSON(map[string]any{"c": make(chan int)})
}
