package admin

import "github.com/keystead/keystead/internal/staff"

// operationRoutes is what the store tells others, what it is taxed by, and what its recurring business comes to.
func (a *area) operationRoutes() []route {
	const er, sr, sw, ww = staff.EventsRead, staff.SalesRead, staff.SalesWrite, staff.SettingsWrite
	return []route{
		{pattern: "GET /admin/mail", needs: er, handle: a.mailList},
		{pattern: "GET /admin/mail/{id}", needs: er, handle: a.mailShow},
		{pattern: "POST /admin/mail/{id}/resend", needs: sw, handle: a.mailResend},

		{pattern: "GET /admin/webhooks", needs: er, handle: a.webhookList},
		{pattern: "GET /admin/webhooks/new", needs: ww, handle: a.webhookNew},
		{pattern: "POST /admin/webhooks", needs: ww, handle: a.webhookCreate},
		{pattern: "POST /admin/webhooks/{id}/enable", needs: ww, handle: a.webhookEnable},
		{pattern: "POST /admin/webhooks/{id}/disable", needs: ww, handle: a.webhookDisable},
		{pattern: "POST /admin/webhooks/{id}/delete", needs: ww, handle: a.webhookDelete},
		{pattern: "GET /admin/webhooks/deliveries", needs: er, handle: a.deliveryList},
		{pattern: "POST /admin/webhooks/deliveries/{id}/replay", needs: ww, handle: a.deliveryReplay},

		{pattern: "GET /admin/taxes", needs: sr, handle: a.taxList},
		{pattern: "GET /admin/taxes/new", needs: ww, handle: a.taxNew},
		{pattern: "POST /admin/taxes", needs: ww, handle: a.taxCreate},
		{pattern: "POST /admin/taxes/{id}/delete", needs: ww, handle: a.taxDelete},

		{pattern: "GET /admin/price-updates", needs: sr, handle: a.priceUpdateList},
		{pattern: "GET /admin/price-updates/new", needs: sw, handle: a.priceUpdateNew},
		{pattern: "POST /admin/price-updates", needs: sw, handle: a.priceUpdatePreview},
		{pattern: "POST /admin/price-updates/do", needs: sw, handle: a.priceUpdateDo},
		{pattern: "POST /admin/price-updates/{id}/undo", needs: sw, handle: a.priceUpdateUndo},

		{pattern: "GET /admin/revenue", needs: sr, handle: a.revenue},
	}
}
