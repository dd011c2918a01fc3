package subscription_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

// A feed that adjusts filters stores what is left with status error, sends nothing, and
// goes on when the client agrees by status requested (USE-01).
// spec: USE-01
func TestFiltersAreAdjusted(t *testing.T) {
	feed := strings.Replace(anyPatientText, `"status":"active"`, `"status":"active","extension":[{"url":"`+topic.AdjustFiltersURL+`","valueBoolean":true}]`, 1)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, withTopics(parseTopic(t, feed)))
		id := w.subscribe(anyPatient, filter("Patient?gender=female&favourite-colour=red", "CareTeam?patient=1"))
		require.Equal(t, "error filters-adjusted", w.status(id))
		stored, err := w.Get(t.Context(), "", id)
		require.NoError(t, err)
		require.Contains(t, string(stored.Resource), "gender=female")
		require.NotContains(t, string(stored.Resource), "favourite")
		require.NotContains(t, string(stored.Resource), "CareTeam")
		w.write("p1", 1)
		time.Sleep(time.Minute)
		require.Empty(t, w.peer.attempts, "no handshake, no event")

		require.ErrorContains(t, w.Resume(t.Context(), "", id), "client", "an operator can't agree in its place")
		require.Equal(t, "error filters-adjusted", w.status(id))
		agreed := strings.Replace(string(stored.Resource), `"status":"error"`, `"status":"requested"`, 1)
		_, _, err = w.Update(t.Context(), "", id, json.RawMessage(agreed), "")
		require.NoError(t, err)
		time.Sleep(time.Second)
		require.Equal(t, "active", w.status(id))
		require.NoError(t, w.OnResourceChange(t.Context(), subscription.ResourceChange{Interaction: subscription.Create,
			Resource: json.RawMessage(`{"resourceType":"Patient","id":"p2","gender":"female"}`)}))
		time.Sleep(time.Second)
		require.Equal(t, 1, w.peer.checker.Received(id))

		// Nothing left would be everything: refused.
		_, err = w.Create(t.Context(), "", json.RawMessage(subscriptionJSON(anyPatient, filter("CareTeam?patient=1"))))
		require.Error(t, err)
	})
}
