package licenseapi

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/license"
)

// The codes of the contract that this room makes itself; those of a license come with license's errors.
const (
	codeInvalidRequest = "INVALID_REQUEST"
	codeRateLimited    = "RATE_LIMITED"
	codeInternal       = "INTERNAL_ERROR"
	codeUnavailable    = "SERVICE_UNAVAILABLE"
	codeLicenseInvalid = "LICENSE_INVALID" // LicenseDock 1.9's word for unknown and inactive keys
)

type errorBody struct {
	Error errorMembers `json:"error"`
}

type errorMembers struct {
	Code            string `json:"code"`
	Message         string `json:"message"`
	ActivationLimit *int64 `json:"activation_limit,omitempty"`
	ActivationsUsed *int64 `json:"activations_used,omitempty"`
	Lease           string `json:"lease,omitempty"`
}

// renderError is the one place that turns an error into an answer of the license API.
func renderError(w http.ResponseWriter, _ *http.Request, e *fail.Error) {
	status, m := e.Kind.Status(), errorMembers{Code: e.Code, Message: e.Detail}
	switch e.Kind {
	case fail.KindInternal:
		m.Code, m.Message = codeInternal, "Something went wrong on our side. Please try again later."
	case fail.KindUnavailable:
		m.Code, m.Message = codeUnavailable, "The license server can't answer right now. Please try again later."
	case fail.KindInvalid:
		// The contract knows one answer to bad input.
		status, m.Code = http.StatusBadRequest, codeInvalidRequest
		if e.Field != "" {
			m.Message = e.Field + ": " + e.Detail
		}
	}
	var full *license.LimitReached
	if errors.As(e, &full) {
		m.ActivationLimit, m.ActivationsUsed = &full.Limit, &full.Used
	}
	var signed *leased
	if errors.As(e, &signed) {
		m.Lease = signed.lease
	}
	h := w.Header()
	h["Content-Type"] = jsonType
	h["Cache-Control"] = noStore
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(errorBody{m}) // a client that went away needs no answer
}
