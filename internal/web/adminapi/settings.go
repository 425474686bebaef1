package adminapi

import (
	"context"
	"encoding/json"
	"net/http"
)

func (a *API) settings() {
	add(a, route{Method: http.MethodGet, Path: "/settings", Scope: "settings:read", Tag: "Settings", Summary: "Show all settings", Notes: "By dotted name."},
		func(ctx context.Context, _ *struct{}) (map[string]any, error) { return a.Settings.All(ctx) })
	add(a, route{Method: http.MethodPatch, Path: "/settings", Scope: "settings:write", Tag: "Settings", Summary: "Change settings", Notes: "By dotted name; null brings the default back. All or none are changed. Answers with all settings."},
		func(ctx context.Context, in *struct{ Body map[string]json.RawMessage }) (map[string]any, error) {
			s, err := a.Settings.Patch(ctx, in.Body)
			if err != nil {
				return nil, err
			}
			return s.All(), nil
		})
}
