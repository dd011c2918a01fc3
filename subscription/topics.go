package subscription

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/carillon-fhir/carillon/topic"
)

// topicSet holds the topics in force and finds the triggers that a change may
// fire. It is immutable.
type topicSet struct {
	all     []*loadedTopic
	exact   map[string]*loadedTopic // by url|version
	newest  map[string]*loadedTopic // by url
	routes  map[string]*route       // by resource type
	classic *loadedTopic            // of query criteria; nil if there are none
	others  *route                  // for types that no trigger names
	events  map[topic.Coding][]eventTrigger
}

type loadedTopic struct {
	*topic.Topic
	canonical string
	id        string // of the resource that shows it
	program   topic.Program
	shapes    *topic.Shapes

	tellsEvents bool // filters may ask for events
}

// route lists the triggers for one resource type, by interaction.
type route [topic.Delete + 1][]trigger

type trigger struct {
	topic         *loadedTopic
	index         int            // in Topic.ResourceTriggers
	events        []topic.Coding // which a change is that fires it, if filters may ask for that
	needsPrevious bool
	needsHost     bool // left to the sequencer: the hook asks nobody
}

// loadTopics compiles topics. Its error lists everything that is wrong with any.
func loadTopics(cfg Config, topics []*topic.Topic) (*topicSet, error) {
	s := &topicSet{
		exact:  map[string]*loadedTopic{},
		newest: map[string]*loadedTopic{},
		routes: map[string]*route{},
		others: new(route),
		events: map[topic.Coding][]eventTrigger{},
	}
	var errs []error
	for i, t := range topics {
		if t == nil {
			errs = append(errs, fmt.Errorf("subscription: topic %d of the list is nil", i))
			continue
		}
		program, err := compileTopic(cfg, t)
		if err != nil {
			errs = append(errs, fmt.Errorf("subscription: topic %s: %w", t.Canonical(), err))
			continue
		}
		loaded := &loadedTopic{Topic: t, canonical: t.Canonical(), program: program, tellsEvents: tellsEvents(t, &cfg)}
		for _, warning := range t.Review(cfg.topicOptions()) {
			cfg.Logger.Warn("a topic may not do what its author meant", "topic", loaded.canonical, "element", warning.Element, "problem", warning.Problem)
		}
		var ignored []string
		if loaded.shapes, ignored = t.CompileShapes(cfg.topicOptions()); len(ignored) > 0 {
			cfg.Logger.Warn("includes of a topic's notificationShape can't be followed and are left out", "topic", loaded.canonical, "includes", ignored)
		}
		if s.exact[loaded.canonical] != nil {
			errs = append(errs, fmt.Errorf("subscription: two topics are called %s", loaded.canonical))
			continue
		}
		s.exact[loaded.canonical] = loaded
		s.all = append(s.all, loaded)
		if old := s.newest[t.URL]; old == nil || preferred(loaded, old) {
			s.newest[t.URL] = loaded
		}
	}
	if err := s.addClassic(cfg); err != nil {
		errs = append(errs, err)
	}
	for _, t := range s.all {
		if err := s.derivation(t); err != nil {
			errs = append(errs, fmt.Errorf("subscription: topic %s: %w", t.canonical, err))
		}
	}
	s.route()
	s.identify()
	return s, errors.Join(errs...)
}

func compileTopic(cfg Config, t *topic.Topic) (topic.Program, error) {
	for _, ev := range cfg.Evaluators {
		if ev == nil {
			continue // complete has said so
		}
		program, err := ev.Compile(t)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", ev.Language(), err)
		}
		if program != nil {
			return program, nil
		}
	}
	return topic.Compile(t, cfg.topicOptions())
}

// preferred reports whether a, rather than b, is meant by their common url without
// a version: active topics before others, then the higher version (DISC-12).
func preferred(a, b *loadedTopic) bool {
	if (a.Status == "active") != (b.Status == "active") {
		return a.Status == "active"
	}
	return compareVersions(a.Version, b.Version) > 0
}

// compareVersions compares dotted versions part by part, as numbers where both are.
func compareVersions(a, b string) int {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(as), len(bs)) {
		x, y := strings.TrimLeft(as[i], "0"), strings.TrimLeft(bs[i], "0")
		if digits(x) && digits(y) && len(x) != len(y) {
			return cmp.Compare(len(x), len(y))
		}
		if x != y {
			return cmp.Compare(x, y)
		}
	}
	return cmp.Compare(len(as), len(bs))
}

func digits(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

// route builds the look-up tables. A trigger on an abstract type stands in the
// route of every type that has one of its own, and in others.
func (s *topicSet) route() {
	concrete := map[string]bool{"Bundle": true, "Parameters": true, "Binary": true} // no DomainResources
	for _, t := range s.triggering() {
		for _, tr := range t.ResourceTriggers {
			concrete[tr.Resource] = true
		}
	}
	delete(concrete, "Resource")
	delete(concrete, "DomainResource")
	for name := range concrete {
		r := new(route)
		s.fill(r, name)
		s.routes[name] = r
	}
	s.fill(s.others, "")
	s.routeEvents()
}

func (s *topicSet) fill(r *route, resourceType string) {
	for _, t := range s.triggering() {
		for i, tr := range t.ResourceTriggers {
			if !tr.Covers(resourceType) {
				continue
			}
			var events []topic.Coding
			if t.tellsEvents {
				events = tr.Event
			}
			for _, i9n := range []Interaction{Create, Update, Delete} {
				if len(tr.Interactions) == 0 || slices.Contains(tr.Interactions, i9n) {
					r[i9n] = append(r[i9n], trigger{
						topic: t, index: i, events: events, needsPrevious: t.program.NeedsPrevious(i), needsHost: t.program.NeedsHost(i)})
				}
			}
		}
	}
}

// triggers returns what a change of that type may fire. It does not allocate.
func (s *topicSet) triggers(resourceType []byte, i Interaction) []trigger {
	if i < Create || i > Delete {
		return nil
	}
	if r, ok := s.routes[string(resourceType)]; ok {
		return r[i]
	}
	return s.others[i]
}

// find returns the topic that a client's canonical means: the exact version if it
// has one, else the newest active one.
func (s *topicSet) find(canonical string) *loadedTopic {
	if t := s.exact[canonical]; t != nil && strings.Contains(canonical, "|") {
		return t
	}
	return s.newest[canonical]
}

// successor is find for a canonical that was recorded earlier: if that version is
// no longer loaded, the newest topic of the same url stands in for it.
func (s *topicSet) successor(canonical string) *loadedTopic {
	if t := s.exact[canonical]; t != nil {
		return t
	}
	url, _, _ := strings.Cut(canonical, "|")
	return s.newest[url]
}
