package topic

import "slices"

// Covers reports whether the trigger is about resources of that type, by its name or an
// abstract type's (TOP-04).
func (t *ResourceTrigger) Covers(resourceType string) bool {
	return standsFor(t.Resource, resourceType)
}

// Covers reports whether the trigger is about resources of that type, by its name or an
// abstract type's.
func (t *EventTrigger) Covers(resourceType string) bool { return standsFor(t.Resource, resourceType) }

// standsFor reports whether focus is resourceType, or the abstract type of it.
func standsFor(focus, resourceType string) bool {
	switch focus {
	case resourceType, "Resource":
		return true
	case "DomainResource":
		return resourceType != "Binary" && resourceType != "Bundle" && resourceType != "Parameters"
	}
	return false
}

func isAbstract(resourceType string) bool {
	return resourceType == "Resource" || resourceType == "DomainResource"
}

// focusTypes lists the types that the topic's triggers name, each once.
func (t *Topic) focusTypes() []string {
	var names []string
	add := func(name string) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for i := range t.ResourceTriggers {
		add(t.ResourceTriggers[i].Resource)
	}
	for i := range t.EventTriggers {
		add(t.EventTriggers[i].Resource)
	}
	return names
}
