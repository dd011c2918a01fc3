package fhirserver

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic"
)

// Topics are offered to clients as resources of the form that the release has for them:
// Basic in R4, SubscriptionTopic in R4B and R5 (DISC-01, DISC-05). Their ids begin with topicPrefix, which the server keeps for
// itself.
const (
	topicPrefix = "topic-"
	topicsEnd   = "topic." // the least text behind all that have the prefix
)

// topicType is the type of the resources that topics are offered as.
func topicType(r fhirpath.Release) string {
	if r == fhirpath.R4 {
		return "Basic"
	}
	return "SubscriptionTopic"
}

var errReadOnly = refuse(http.StatusForbidden, "forbidden", "the server itself writes its topics; nobody else may")

// writable refuses writes to the server's topics, and Subscriptions, which are the
// engine's.
func (t *txn) writable(v *version) error {
	if v.resourceType == "Subscription" {
		return unsupported("Subscriptions are the engine's")
	}
	// Of SubscriptionTopics there are no others: what a client wrote would not be in force.
	if v.resourceType == topicType(t.release) && !t.offers && (t.release != fhirpath.R4 || strings.HasPrefix(v.id, topicPrefix)) {
		return errReadOnly.at(v.resourceType + ".id")
	}
	return nil
}

// offerTopics brings the tenant's resources in line with the server's topics,
// once in the server's life for each tenant: a topic that has not changed keeps its
// version.
func (s *Server) offerTopics(ctx context.Context, tenant string) error {
	if _, done := s.offered.Load(tenant); done {
		return nil
	}
	err := s.transact(ctx, tenant, func(ctx context.Context, t *txn) error {
		t.offers = true
		offered := map[string]bool{}
		for _, topic := range s.cfg.Topics {
			id := topicID(topic, offered)
			offered[id] = true
			if err := t.offer(ctx, topic, id); err != nil {
				return err
			}
		}
		return t.withdraw(ctx, offered)
	})
	if err == nil {
		s.offered.Store(tenant, true)
	}
	return err
}

func (t *txn) offer(ctx context.Context, topic *topic.Topic, id string) error {
	resourceType := topicType(t.release)
	resource, err := parseResource(topic.AppendResource(nil, t.release, id), resourceType)
	if err != nil {
		return err
	}
	before, err := t.latest(ctx, resourceType, id)
	if err != nil {
		return err
	}
	if before != nil && bytes.Equal(before.body, stamp(resource, id, before.number, before.updated)) {
		return nil
	}
	_, err = t.put(ctx, http.MethodPut, before, resource, id)
	return err
}

// withdraw deletes what an earlier start offered and this one does not.
func (t *txn) withdraw(ctx context.Context, offered map[string]bool) error {
	var gone []*version
	err := t.each(ctx, func(v *version) (bool, error) {
		if !offered[v.id] {
			gone = append(gone, v)
		}
		return true, nil
	}, `SELECT `+versionColumns+` FROM server_current c JOIN server_version v ON v.seq = c.seq
		WHERE c.tenant = $1 AND c.type = $4 AND c.id >= $2 AND c.id < $3 AND v.body IS NOT NULL`,
		t.tenant, topicPrefix, topicsEnd, topicType(t.release))
	for _, v := range gone {
		if err == nil {
			_, err = t.remove(ctx, v)
		}
	}
	return err
}

// topicID derives an id from the last segment of a topic's url, or from a hash of its
// canonical if another topic has taken that.
func topicID(t *topic.Topic, taken map[string]bool) string {
	id := topicPrefix + t.URL[strings.LastIndexAny(t.URL, "/:")+1:]
	if !fhirpath.IsID(id) || taken[id] {
		hash := sha256.Sum256([]byte(t.Canonical()))
		id = topicPrefix + hex.EncodeToString(hash[:16])
	}
	return id
}
