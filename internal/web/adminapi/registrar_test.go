package adminapi

import "testing"

// What a change of a registrar leaves out stays, of its settings too; an empty one is taken away.
func TestChangedSettingsOfRegistrar(t *testing.T) {
	t.Parallel()
	one(t, func(b *bundle) {
		made := b.do("POST", "/registrars", object{"name": "registry one", "adapter": "epp", "secret": "PASS-word1", "settings": object{
			"address": "epp.registry.example:700", "client_id": "shop-1", "currency": "EUR",
		}})
		at := "/registrars/" + made["id"].(string)
		got := b.do("PATCH", at, object{"settings": object{"sessions": "8", "currency": ""}})["settings"].(object)
		if len(got) != 3 || got["address"] != "epp.registry.example:700" || got["client_id"] != "shop-1" || got["sessions"] != "8" {
			t.Errorf("%v", got)
		}
	})
}
