package topictest_test

import (
	"context"
	"errors"

	"github.com/carillon-fhir/carillon/topic"
)

// question is what a program is asked.
type question struct {
	*topic.Change
	criterion string
	program   topic.Program // the built-in one
	trigger   int
}

func (q question) ask(ctx context.Context) (bool, error) {
	return q.program.Fires(ctx, q.trigger, q.Change)
}

// currently returns the text of an element of the current state.
func (q question) currently(path ...string) string { return q.Current.Path(path...).Text() }

// override is the built-in evaluator with some of its methods replaced.
type override struct {
	builtin
	language      string
	compile       func(t *topic.Topic) (topic.Program, error)
	fires         func(ctx context.Context, q question) (bool, error)
	needsPrevious func(criterion string) bool
	needsHost     bool
}

func (o *override) Language() string {
	if o.language != "" {
		return o.language
	}
	return o.builtin.Language()
}

func (o *override) Compile(t *topic.Topic) (topic.Program, error) {
	compile := o.compile
	if compile == nil {
		compile = o.builtin.Compile
	}
	p, err := compile(t)
	if p == nil {
		return nil, err
	}
	return &program{Program: p, override: o, topic: t}, err
}

type program struct {
	topic.Program
	*override
	topic *topic.Topic
}

func (p *program) criterion(trigger int) string { return p.topic.ResourceTriggers[trigger].FHIRPath }

func (p *program) Fires(ctx context.Context, trigger int, c *topic.Change) (bool, error) {
	if p.fires == nil {
		return p.Program.Fires(ctx, trigger, c)
	}
	return p.fires(ctx, question{c, p.criterion(trigger), p.Program, trigger})
}

func (p *program) NeedsPrevious(trigger int) bool {
	if p.needsPrevious == nil {
		return p.Program.NeedsPrevious(trigger)
	}
	return p.needsPrevious(p.criterion(trigger))
}

func (p *program) NeedsHost(trigger int) bool { return p.needsHost || p.Program.NeedsHost(trigger) }

// answers gives that answer where when says so and there would be another one.
func answers(answer bool, when func(q question) bool) *override {
	return &override{fires: func(ctx context.Context, q question) (bool, error) {
		fired, err := q.ask(ctx)
		if err == nil && when(q) {
			return answer, nil
		}
		return fired, err
	}}
}

// fails ends with err where when says so.
func fails(err error, when func(q question) bool) *override {
	return &override{fires: func(ctx context.Context, q question) (bool, error) {
		if when(q) {
			return false, err
		}
		return q.ask(ctx)
	}}
}

// after replaces what is given where evaluation ends with an error.
func after(failure error, give func(q question, err error) (bool, error)) *override {
	return &override{fires: func(ctx context.Context, q question) (bool, error) {
		fired, err := q.ask(ctx)
		if errors.Is(err, failure) {
			return give(q, err)
		}
		return fired, err
	}}
}

// passesOver leaves out the second trigger where when says so.
func passesOver(when func(tr topic.ResourceTrigger) bool) *override {
	return &override{compile: func(t *topic.Topic) (topic.Program, error) {
		if len(t.ResourceTriggers) == 2 && when(t.ResourceTriggers[1]) {
			kept := *t
			kept.ResourceTriggers = t.ResourceTriggers[:1]
			t = &kept
		}
		return builtin{}.Compile(t)
	}}
}
