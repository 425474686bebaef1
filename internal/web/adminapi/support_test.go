package adminapi

import "testing"

func TestSupportAndDevelopment(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		s := b.shop()
		l := b.license(s)
		place := "/licenses/" + l
		more := b.do("POST", place+"/support", object{"count": 6, "unit": "month", "reason": "sorry"})
		same(b.T, []any{more["updates_until"], more["support_until"], len(more["support_periods"].([]any))}, []any{"2027-09-01T12:00:00Z", "2027-09-01T12:00:00Z", 2})
		for query, n := range map[string]int{"550": 1, "549": 0, "550&sort=support_until": 1, "550&q=ann@example": 1, "549&q=ann@example": 0, "550&type=purchased": 1, "550&type=leased": 0} {
			if data := b.do("GET", "/licenses?support_ends_days="+query, nil)["data"].([]any); len(data) != n {
				b.Errorf("support ends within %s: %d licenses, want %d", query, len(data), n)
			}
		}
		b.send("GET", "/licenses?sort=support_until", nil).refused(422, "INVALID_INPUT")

		b.send("POST", place+"/development", nil).refused(409, "NO_DEVELOPMENT_LICENSES")
		b.do("POST", "/products/"+s.product+"/plans", object{"name": "Development", "license_type": "development", "activation_limit": 3})
		child := b.do("POST", place+"/development", nil)
		same(b.T, []any{child["type"], child["parent_id"], child["free"], child["activation_type"]}, []any{"development", l, true, "domain"})
		b.send("POST", place+"/development", nil).refused(409, "DEVELOPMENT_LICENSE_TAKEN")
		dev := "/licenses/" + child["id"].(string)
		b.send("POST", dev+"/support", object{"count": 1, "unit": "year"}).refused(409, "SUPPORT_INCLUDED")
		b.send("POST", dev+"/development", nil).refused(409, "PARENT_NOT_CURRENT")

		// It follows its parent, and a list by status finds it.
		b.do("PATCH", place, object{"status": "revoked", "reason": "fraud"})
		same(b.T, []any{b.do("GET", dev, nil)["status"], b.do("GET", dev, nil)["holds"].([]any)[0].(object)["reason"]}, []any{"suspended", "parent"})
		if data := b.do("GET", "/licenses?status=suspended", nil)["data"].([]any); len(data) != 1 {
			b.Errorf("%d suspended licenses", len(data))
		}
		b.send("DELETE", dev+"/holds/parent", nil).refused(422, "INVALID_INPUT")
		b.send("PATCH", dev, object{"status": "active"}).refused(409, "LICENSE_HELD")
		b.do("PATCH", place, object{"status": "active", "reason": "a mistake"})
		same(b.T, b.do("GET", dev, nil)["status"], "active")
		if got := b.do("GET", "/verify", nil); len(got["differences"].([]any)) != 0 {
			b.Errorf("differences: %v", got)
		}
	})
}
