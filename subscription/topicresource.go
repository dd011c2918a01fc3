package subscription

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// topicType is the type of the resources by which a release shows topics to clients
// (DISC-01, DISC-05).
func topicType(r Release) string {
	if r == R4 {
		return "Basic"
	}
	return "SubscriptionTopic"
}

// GetTopic returns the resource of a topic in force, as SearchTopics shows it, or an error
// that is ErrNotFound.
func (e *Engine) GetTopic(_ context.Context, id string) (Stored, error) {
	for _, t := range e.topics.Load().all {
		if t.id == id {
			return e.topicResource(t), nil
		}
	}
	return Stored{}, ErrNotFound
}

// SearchTopics finds the topics in force by FHIR's search parameters for the resources
// that the host's release has for them: SubscriptionTopic in R4B and R5 (url,
// derived-or-self, resource, title, trigger-description, status …), Basic in R4
// (code=http://hl7.org/fhir/fhir-types|SubscriptionTopic). What isn't known is refused.
// Anybody may see them.
func (e *Engine) SearchTopics(ctx context.Context, asked url.Values) (Found, error) {
	q, err := e.readQuery(ctx, topicType(e.cfg.Release), asked)
	if err != nil {
		return Found{}, err
	}
	var found Found
	for _, t := range e.topics.Load().all {
		s := e.topicResource(t)
		ok, err := q.match(parsed(s.Resource))
		if err != nil {
			return Found{}, err
		}
		if ok {
			found.add(q, s)
		}
	}
	found.end(q, asked)
	return found, nil
}

func (e *Engine) topicResource(t *loadedTopic) Stored {
	return Stored{ID: t.id, Resource: json.RawMessage(t.AppendResource(nil, e.cfg.Release, t.id))}
}

// identify gives each topic the id of its resource: the last part of its url, or a hash of its
// canonical where that is no id, or is another's.
func (s *topicSet) identify() {
	taken := map[string]bool{}
	for _, t := range s.all {
		t.id = t.URL[strings.LastIndexAny(t.URL, "/:")+1:]
		if !fhirpath.IsID(t.id) || taken[t.id] {
			hash := sha256.Sum256([]byte(t.canonical))
			t.id = hex.EncodeToString(hash[:16])
		}
		taken[t.id] = true
	}
}
