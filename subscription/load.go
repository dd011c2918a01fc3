package subscription

import (
	"context"
	"errors"
	"strings"
)

const pageOfSubscriptions = 1000

func loadMatcher(ctx context.Context, e *Engine, shard, shards int) (*matcher, error) {
	m := &matcher{engine: e, shard: shard, shards: shards, topics: e.topics.Load(), entries: map[int64]*entry{}, indexes: map[indexKey]*tenantIndex{}, stencils: map[string]*stencil{}}
	return m, e.pages(ctx, func(page []Record) {
		for i := range page {
			r := &page[i]
			if !m.owns(r.Key) {
				continue
			}
			if err := m.apply(r.Key, r.Tenant, r.Sequenced); err != nil {
				e.unservableNow(ctx, r.Key, r.Tenant, r.ID, r.Sequenced, err)
			}
			m.entries[r.Key].count, m.entries[r.Key].sequencedTo = r.Count, r.SequencedTo
		}
	})
}

// pages calls f with what the sequencer needs of all Subscriptions, some at a time, in the
// order of their keys. The next ones are read while f looks at the last.
func (e *Engine) pages(ctx context.Context, f func([]Record)) error {
	type listed struct {
		page []Record
		err  error
	}
	list := func(after int64) <-chan listed {
		l := make(chan listed, 1)
		go func() {
			defer close(l)
			bounded, cancel := e.bounded(ctx)
			defer cancel()
			page, err := e.cfg.Store.ListSubscriptions(bounded, ListQuery{AllTenants: true, Sequenced: true, After: after, Limit: pageOfSubscriptions})
			l <- listed{page, err}
		}()
		return l
	}
	next := list(0)
	defer func() { <-next }() // also if a function of the host's ends this goroutine
	for {
		l, ok := <-next
		if !ok {
			return errors.New("subscription: the store ended the goroutine in which it was to list")
		}
		full := len(l.page) == pageOfSubscriptions
		if l.err == nil && full {
			next = list(l.page[len(l.page)-1].Key)
		}
		if f(l.page); l.err != nil || !full {
			return l.err
		}
	}
}

// apply puts a Spec in force; an empty one ends what was. Its error says why the
// subscription can't be served: it then gets no events.
func (m *matcher) apply(key int64, tenant string, spec []byte) error {
	en := m.entries[key]
	if en == nil {
		en = new(entry)
		m.entries[key] = en
	}
	if en.stencil != nil {
		en.index.Remove(key)
		m.leave(en)
	}
	if len(spec) == 0 {
		return nil
	}
	st, texts, err := m.take(tenant, spec)
	if err != nil {
		return err
	}
	return m.index(key, en, tenant, st, texts)
}

func (m *matcher) index(key int64, en *entry, tenant string, st *stencil, texts string) error {
	s := *st.model
	m.filters = append(m.filters[:0], s.Filters...)
	s.Filters = m.filters
	st.put(texts, &s)
	t := m.topics.of(&s)
	if t == nil {
		return errors.New("its topic is not loaded")
	}
	if m.engine.channels[s.ChannelType] == nil {
		return errors.New("its channel type is not registered")
	}
	filters, err := t.compileFilters(&s, m.engine.cfg.topicOptions())
	if err != nil {
		return err
	}
	at := indexKey{tenant, t.canonical}
	if m.indexes[at] == nil {
		index := &tenantIndex{tenant: strings.Clone(tenant)}
		index.OnUnanswered = func(err error) {
			m.engine.cfg.Logger.Error("filters can't be evaluated over a resource and let nothing through", "topic", t.canonical, "error", err)
		}
		m.indexes[at] = index
	}
	en.stencil, en.texts, en.index = st, texts, m.indexes[at]
	if st.users++; st.outline != "" {
		m.stencils[st.outline] = st
	}
	en.index.Add(key, filters)
	return nil
}

// take returns the stencil of a Spec, and its texts.
func (m *matcher) take(tenant string, spec []byte) (st *stencil, texts string, err error) {
	if !m.cut.read(spec) {
		s, err := m.engine.restoreSpec(tenant, spec)
		return alone(s), "", err
	}
	if st = m.stencils[string(m.cut.outline)]; st == nil {
		if st, err = m.engine.stencilOf(tenant, spec, &m.cut); err != nil {
			return nil, "", err
		}
	}
	return st, string(m.cut.texts), nil
}

// leave takes an entry from its stencil, and that away with the last.
func (m *matcher) leave(en *entry) {
	if en.stencil.users--; en.stencil.users == 0 {
		delete(m.stencils, en.stencil.outline)
	}
	en.stencil, en.recalled = nil, nil
}
