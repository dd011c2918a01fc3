package sweep

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

// Subscribe creates a Subscription to patients, or to all if none is named, and
// insists.
func (c *Cluster) Subscribe(id string, batch int, patients ...string) {
	c.listen(id, batch, matching(patients))
	c.ears[id].json = subscriptionJSON(id, batch, patients)
	c.Turn(id, "requested")
}

func matching(patients []string) func(patient string) bool {
	return func(p string) bool { return len(patients) == 0 || slices.Contains(patients, p) }
}

// Turn gives a Subscription the status requested or off, and insists. A write of a
// Subscription ends its claim on every node: what was sent at that moment is sent again.
func (c *Cluster) Turn(id, status string) {
	raw := strings.Replace(c.ears[id].json, `"status":"requested"`, `"status":"`+status+`"`, 1)
	c.insist(func(ctx context.Context, e *subscription.Engine) error {
		_, _, err := e.Update(ctx, "", id, json.RawMessage(raw), "")
		return err
	})
	r, err := c.store().GetSubscription(c.Context(), "", id)
	require.NoError(c, err)
	c.ears[id].key = r.Key
	c.ears[id].checker.Excuse(c.ears[id].batch)
}

// Edit changes the text of a Subscription and asks for it, and insists.
func (c *Cluster) Edit(id, old, replacement string) {
	c.ears[id].json = strings.Replace(c.ears[id].json, old, replacement, 1)
	c.Turn(id, "requested")
}

// Status returns the status of a Subscription as it is stored.
func (c *Cluster) Status(id string) subscription.Status {
	r, err := c.store().GetSubscription(c.Context(), "", id)
	require.NoError(c, err)
	return r.Status
}

// Delete removes a Subscription, and insists.
func (c *Cluster) Delete(id string) {
	c.insist(func(ctx context.Context, e *subscription.Engine) error {
		err := e.Delete(ctx, "", id, "")
		if errors.Is(err, subscription.ErrNotFound) {
			return nil
		}
		return err
	})
	c.deaf(id)
}

// insist asks one node after the other until one has done it.
func (c *Cluster) insist(f func(ctx context.Context, e *subscription.Engine) error) {
	for tries := 0; ; tries++ {
		e, _ := c.counter()
		err := f(c.Context(), e)
		if err == nil {
			return
		}
		if tries > 1000 {
			require.NoError(c, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func subscriptionJSON(id string, batch int, patients []string) string {
	criteria := ""
	if len(patients) > 0 {
		criteria = `"_criteria":{"extension":[{"url":"` + backport + `backport-filter-criteria","valueString":"Patient?_id=` + strings.Join(patients, ",") + `"}]},`
	}
	return `{"resourceType":"Subscription","id":"` + id + `","status":"requested","reason":"test","criteria":"` + topicURL + `",` + criteria +
		`"channel":{"type":"rest-hook","endpoint":"https://subscriber.example.org/hook","payload":"application/fhir+json",` +
		`"extension":[{"url":"` + backport + `backport-max-count","valuePositiveInt":` + fmt.Sprint(batch) + `}],` +
		`"_payload":{"extension":[{"url":"` + backport + `backport-payload-content","valueCode":"full-resource"}]}}}`
}
