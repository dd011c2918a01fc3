package search

import "context"

// Values returns the texts of what the criterion's parameter searches in a resource,
// complex elements as their JSON, at most limit of them: the answer to "what was it
// compared with?". They are content of the resource.
func (c *Criterion) Values(ctx context.Context, v *View, limit int) ([]string, error) {
	if c.definition == nil || c.definition.compile.expression == nil {
		return nil, nil
	}
	elements, err := v.elements(ctx, c.definition)
	if err != nil {
		return nil, err
	}
	var values []string
	for _, e := range elements[:min(len(elements), limit)] {
		if object, ok := e.object(); ok {
			values = append(values, string(object.Raw()))
			continue
		}
		values = append(values, string(e.text()))
	}
	return values, nil
}
