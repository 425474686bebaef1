package adminapi

import "testing"

func TestImportLicenses(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		s := b.shop()
		product := b.do("GET", "/products/"+s.product, nil)["slug"].(string)
		table := "license key,e-mail,status,valid domain\nOLD-1,ann@example.com,Active,a.example\nOLD-2,bob@example.com,Suspended,\nOLD-3,bob@example.com,Odd,\n"
		send := func(query string, headers ...string) object {
			b.Helper()
			got := b.send("POST", "/imports/licenses?product="+product+query, table, append(headers, "Content-Type: text/csv")...)
			if got.Status != 200 {
				b.Fatalf("= %d %s", got.Status, got.Raw)
			}
			return got.Body
		}
		want := object{
			"dry_run": true, "rows": 3.0, "imported": 2.0, "present": 0.0, "left_out": 0.0, "failed": 1.0, "customers": 1.0,
			"statuses": object{"active": 1.0, "suspended": 1.0}, "overdue": 0.0, "notes": []any{},
			"problems": []any{object{"line": 4.0, "key": "OLD-3", "field": "status", "message": `is "Odd", which is not imported`}},
		}
		same(b.T, send("&dry_run=true"), want)
		if n := len(b.do("GET", "/licenses?q=OLD", nil)["data"].([]any)); n != 0 {
			b.Errorf("%d licenses after a dry run", n)
		}
		// Without the scope for customers only those that are there.
		few := send("", "Authorization: Bearer "+b.newToken("licenses:write"))
		if few["imported"] != 1.0 || few["failed"] != 2.0 || few["customers"] != 0.0 {
			b.Errorf("%v", few)
		}
		want["dry_run"], want["imported"], want["present"], want["statuses"] = false, 1.0, 1.0, object{"suspended": 1.0}
		same(b.T, send(""), want)
		b.send("POST", "/imports/licenses?product=nothing", table, "Content-Type: text/csv").refused(422, "INVALID_INPUT")
		b.send("POST", "/imports/licenses", "{}").refused(415, "UNSUPPORTED_MEDIA_TYPE")
		if data := b.do("GET", "/licenses?q=OLD-1", nil)["data"].([]any); data[0].(object)["bindings"].(object)["domains"].([]any)[0] != "a.example" {
			b.Errorf("%v", data)
		}
	})
}

func TestLeaseFiles(t *testing.T) {
	t.Parallel()
	each(t, func(b *bundle) {
		s := b.shop()
		l := b.license(s)
		got := b.do("GET", "/licenses/"+l, nil)
		request := object{"product": b.do("GET", "/products/"+s.product, nil)["slug"], "license_key": got["key"], "identifier": "box-1", "nonce": "n-1"}
		place := "/licenses/" + l + "/lease-files"
		b.send("POST", place, request).refused(409, "LEASE_FILES_NOT_OFFERED")
		b.do("PATCH", "/plans/"+s.plan, object{"file_days": 30})
		made := b.do("POST", place, request)
		same(b.T, made, object{
			"id": id("lsf"), "license_id": l, "activation_id": id("act"), "identifier": "box-1", "nonce": "n-1",
			"created_at": instant, "expires_at": instant, "lease": fitting(func(v any) bool { s, ok := v.(string); return ok && len(s) > 200 }),
		})
		same(b.T, b.do("POST", place, request), made)
		if data := b.do("GET", place, nil)["data"].([]any); len(data) != 1 {
			b.Errorf("%v", data)
		}
		request["license_key"] = "OTHER"
		b.send("POST", place, request).refused(422, "INVALID_INPUT")
		// Staff and programs may remove what customers can't.
		if got := b.send("DELETE", "/licenses/"+l+"/activations/"+made["activation_id"].(string), nil); got.Status != 204 {
			b.Errorf("= %d %s", got.Status, got.Raw)
		}
	})
}
