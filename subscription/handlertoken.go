package subscription

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// bindingToken serves $get-ws-binding-token; id is "" at the type level. It answers GET
// as well as POST (AMB-23).
func (h *handler) bindingToken(w http.ResponseWriter, r *http.Request, id string) (answer, error) {
	names := []string{"id"}
	if id != "" {
		names = nil
	}
	in, err := h.parameters(w, r, names, nil)
	if err != nil {
		return answer{}, err
	}
	ids := []string{id}
	if id == "" {
		ids = nil
		for _, asked := range in["id"] {
			ids = append(ids, strings.TrimPrefix(asked, "Subscription/")) // OP-14
		}
	}
	token, err := h.engine.BindingToken(r.Context(), h.tenant(r), ids)
	if err != nil {
		return answer{}, err
	}
	w.Header().Set("Cache-Control", "no-store")
	return answer{status: http.StatusOK, body: token.parameters()}, nil
}

// parameters is the answer as the standard's example has it.
func (t *BindingToken) parameters() json.RawMessage {
	type parameter struct {
		Name          string `json:"name"`
		ValueString   string `json:"valueString,omitempty"`
		ValueDateTime string `json:"valueDateTime,omitempty"`
		ValueURL      string `json:"valueUrl,omitempty"`
	}
	list := []parameter{
		{Name: "token", ValueString: t.Token},
		{Name: "expiration", ValueDateTime: t.Expiration.UTC().Format(time.RFC3339)},
	}
	for _, id := range t.Subscriptions {
		list = append(list, parameter{Name: "subscription", ValueString: id})
	}
	list = append(list, parameter{Name: "websocket-url", ValueURL: t.URL})
	raw, _ := json.Marshal(struct { // strings only: can't fail
		ResourceType string      `json:"resourceType"`
		Parameter    []parameter `json:"parameter"`
	}{"Parameters", list})
	return raw
}
