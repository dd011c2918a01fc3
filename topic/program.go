package topic

import "context"

// Program is what a TopicEvaluator makes of a topic. It is safe for concurrent
// use. The caller has checked the trigger's resource type and interactions; the
// program evaluates criteria only.
type Program interface {
	// Fires reports whether the topic's ResourceTriggers[trigger] fires for c. An
	// error means that the question could not be answered, not "no".
	Fires(ctx context.Context, trigger int, c *Change) (bool, error)
	// NeedsPrevious reports whether that trigger reads the previous state on an update.
	NeedsPrevious(trigger int) bool
	// NeedsHost reports whether that trigger asks the host for more than the change,
	// such as a referenced resource or the members of a value set, so that Fires may
	// take as long as the host does.
	NeedsHost(trigger int) bool
}
