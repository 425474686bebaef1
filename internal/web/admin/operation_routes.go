package admin

import "github.com/keystead/keystead/internal/staff"

// operationRoutes is what the store tells others, what it is taxed by, and what its recurring business comes to.
func (a *area) operationRoutes() []route {
	const er, sr, sw, ww = staff.EventsRead, staff.SalesRead, staff.SalesWrite, staff.SettingsWrite
	return []route{
		{pattern: "GET /admin/recovery/confirm", needs: ww, handle: a.asks("dashboard", a.recoveryQuestion)},
		{pattern: "POST /admin/recovery/confirm", needs: ww, handle: a.answers("dashboard", a.recoveryQuestion, a.recoveryConfirm)},

		{pattern: "GET /admin/mail", needs: er, handle: a.mailList},
		{pattern: "GET /admin/mail/{id}", needs: er, handle: a.mailShow},
		{pattern: "GET /admin/mail/{id}/resend", needs: sw, handle: a.asks("mail", a.resendQuestion)},
		{pattern: "POST /admin/mail/{id}/resend", needs: sw, handle: a.answers("mail", a.resendQuestion, a.mailResend)},
		{pattern: "GET /admin/mail/{id}/cancel", needs: sw, handle: a.asks("mail", a.mailCancelQuestion)},
		{pattern: "POST /admin/mail/{id}/cancel", needs: sw, handle: a.answers("mail", a.mailCancelQuestion, a.mailCancel)},

		{pattern: "GET /admin/webhooks", needs: er, handle: a.webhookList},
		{pattern: "GET /admin/webhooks/new", needs: ww, handle: a.webhookNew},
		{pattern: "POST /admin/webhooks", needs: ww, handle: a.webhookCreate},
		{pattern: "GET /admin/webhooks/{id}", needs: er, handle: a.webhookShow},
		{pattern: "GET /admin/webhooks/{id}/edit", needs: ww, handle: a.webhookEdit},
		{pattern: "POST /admin/webhooks/{id}", needs: ww, handle: a.webhookUpdate},
		{pattern: "POST /admin/webhooks/{id}/enable", needs: ww, handle: a.webhookEnable},
		{pattern: "GET /admin/webhooks/{id}/disable", needs: ww, handle: a.asks("webhooks", a.webhookAsks(webhookDisableQuestion))},
		{pattern: "POST /admin/webhooks/{id}/disable", needs: ww, handle: a.answers("webhooks", a.webhookAsks(webhookDisableQuestion), a.webhookDisable)},
		{pattern: "GET /admin/webhooks/{id}/rotate", needs: ww, handle: a.asks("webhooks", a.webhookAsks(webhookRotateQuestion))},
		{pattern: "POST /admin/webhooks/{id}/rotate", needs: ww, handle: a.webhookRotate},
		{pattern: "GET /admin/webhooks/{id}/delete", needs: ww, handle: a.asks("webhooks", a.webhookAsks(webhookDeleteQuestion))},
		{pattern: "POST /admin/webhooks/{id}/delete", needs: ww, handle: a.answers("webhooks", a.webhookAsks(webhookDeleteQuestion), a.webhookDelete)},
		{pattern: "GET /admin/deliveries", needs: er, handle: a.deliveryList},
		{pattern: "GET /admin/deliveries/{id}", needs: er, handle: a.deliveryShow},
		{pattern: "POST /admin/deliveries/{id}/replay", needs: ww, handle: a.deliveryReplay},

		{pattern: "GET /admin/taxes", needs: sr, handle: a.taxList},
		{pattern: "GET /admin/taxes/new", needs: ww, handle: a.taxNew},
		{pattern: "POST /admin/taxes", needs: ww, handle: a.taxCreate},
		{pattern: "GET /admin/taxes/{id}/edit", needs: ww, handle: a.taxEdit},
		{pattern: "POST /admin/taxes/{id}", needs: ww, handle: a.taxUpdate},
		{pattern: "GET /admin/taxes/{id}/delete", needs: ww, handle: a.asks("taxes", a.taxDeleteQuestion)},
		{pattern: "POST /admin/taxes/{id}/delete", needs: ww, handle: a.answers("taxes", a.taxDeleteQuestion, a.taxDelete)},

		{pattern: "GET /admin/price-updates", needs: sr, handle: a.priceUpdateList},
		{pattern: "GET /admin/price-updates/new", needs: sw, handle: a.priceUpdateNew},
		{pattern: "POST /admin/price-updates", needs: sw, handle: a.priceUpdatePreview},
		{pattern: "GET /admin/price-updates/{id}", needs: sr, handle: a.priceUpdateShow},
		{pattern: "GET /admin/price-updates/{id}/undo", needs: sw, handle: a.asks("subscriptions", a.priceUpdateUndoQuestion)},
		{pattern: "POST /admin/price-updates/{id}/undo", needs: sw, handle: a.answers("subscriptions", a.priceUpdateUndoQuestion, a.priceUpdateUndo)},

		{pattern: "GET /admin/revenue", needs: sr, handle: a.revenue},
	}
}
