package adminapi

import "testing"

// A domain that staff delete by hand is deleted when it is said what came of it: its task can't be closed before, and the domain
// shows since when it is.
func TestDomainDeletedByHand(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		_, id := b.sellsNames()
		at := "/domains/" + id
		b.do("PATCH", at, object{"registrar": "office", "reason": "is kept there"})
		if a := b.do("POST", at+"/delete", object{"name": "bücher.example", "reason": "given up"}); a["class"] != "pending" {
			b.Errorf("answer %v", a)
		}
		if d := b.do("GET", at, nil); d["deleted_at"] != nil || d["status"] != "active" {
			b.Errorf("%v, deleted at %v", d["status"], d["deleted_at"])
		}
		tasks := b.do("GET", "/tasks", nil)["data"].([]any)
		if len(tasks) != 1 || tasks[0].(object)["kind"] != "domain.by_hand" {
			b.Fatalf("tasks %v", tasks)
		}
		b.send("POST", "/tasks/"+tasks[0].(object)["id"].(string)+"/done", nil).refused(409, "OUTCOME_NEEDED")
		b.do("POST", at+"/by-hand", object{"deleted": true})
		if d := b.do("GET", at, nil); d["deleted_at"] == nil || d["do_not_renew"] != true {
			b.Errorf("%v, deleted at %v", d["status"], d["deleted_at"])
		}
		if left := b.do("GET", "/tasks", nil)["data"].([]any); len(left) != 0 {
			b.Errorf("tasks %v", left)
		}
	})
}
