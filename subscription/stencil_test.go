package subscription

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	unreadable = -1
	single     = -2 // has a stencil alone
)

// specsOf are Specs in the forms that clients write Subscriptions in, each with how many
// gaps it should have.
func specsOf(r Release) (specs map[string]int) {
	if r == R5 {
		const head = `{"resourceType":"Subscription","id":"a1",`
		const tail = `"topic":"https://t.example.org/a|1","channelType":{"system":"http://terminology.hl7.org/CodeSystem/subscription-channel-type","code":"rest-hook"},"content":"id-only","contentType":"application/fhir+json"`
		return map[string]int{
			head + tail + `}`: 1,
			head + `"end":"2031-01-02T03:04:05.678901+02:00","filterBy":[{"filterParameter":"patient","value":"Patient/1"}],` + tail + `}`:                                                                                3,
			head + `"end":"soon","filterBy":[{"filterParameter":"patient","value":"Patient/1"}],` + tail + `}`:                                                                                                            unreadable,
			head + `"filterBy" : [ {"resourceType":"Observation", "filterParameter" : "code", "value" : "http://loinc.org|1975-2,b", "modifier":"not"},{"filterParameter":"patient","value":"Patient/1"} ],` + tail + `}`: 3,
			head + `"filterBy":[{"filterParameter":"value-quantity","comparator":"gt","value":"5"},{"value":"a \"b\"","filterParameter":"code"}],` + tail + `}`:                                                           2,
			head + `"filterBy":[{"filterParameter":"a","value":"x"},{"filterParameter":"b","value":"x"}],` + tail + `}`:                                                                                                   3,
			head + `"filterBy":[{"id":"f","filterParameter":"name","value":"Zoë +%2F%zz&x=1"}],` + tail + `}`:                                                                                                             2,
			head + `"filterBy":[{"filterParameter":"name","value":""}],` + tail + `}`:                                                                                                                                     unreadable,
			head + `"filterBy":[{"filterParameter":"name","value":"x","extension":[]}],` + tail + `}`:                                                                                                                     unreadable,
			head + tail + `,"_topic":{"id":"t"}}`: 1,
			head + `"topic":"https://t.example.org/a","channelType":{"code":"rest-hook","extension":[{"url":"https://x.example.org","valueString":"a=b"}]}}`: single,
			`{"owner":"Practitioner/7","resource":` + head + `"filterBy":[{"filterParameter":"patient","value":"Patient/1"}],` + tail + `}}`:                 2,
		}
	}
	const head = `{"resourceType":"Subscription","id":"a1",`
	const tail = `"criteria":"https://t.example.org/a?b=c","reason":"-","channel":{"_payload":{"extension":[{"url":"` + payloadContentURL + `","valueCode":"id-only"}]},"payload":"application/fhir+json","type":"rest-hook"}`
	const channel = `"reason":"-","channel":{"type":"rest-hook"}}`
	filter := func(texts ...string) (list string) {
		for i, text := range texts {
			if i > 0 {
				list += " , "
			}
			list += `{"url":"` + filterCriteriaURL + `","valueString":` + text + `}`
		}
		return `"_criteria":{"extension":[` + list + `]},`
	}
	return map[string]int{
		head + tail + `}`: 1,
		head + filter(`"patient=Patient/1"`) + tail + `}`:                                                                    2,
		head + filter(`"patient=Patient/1"`) + `"end":"2031-01-02T03:04:05Z",` + tail + `}`:                                  3,
		head + filter(`"Encounter?patient=Patient/1&status:not=finished"`, `"code=a%7Cb+c"`) + tail + `}`:                    4,
		head + filter(`"Encounter.patient=Patient/1"`, ` "name=\u00e4"`, `"name=ä"`) + tail + `}`:                            3,
		head + filter(`"a=1=2"`, `"a=x?y=z"`) + tail + `}`:                                                                   3,
		head + filter(`"a=%zz"`) + tail + `}`:                                                                                unreadable,
		head + filter(`"a="`) + tail + `}`:                                                                                   unreadable,
		head + filter(`"a"`) + tail + `}`:                                                                                    unreadable,
		head + filter(`"a=b&"`) + tail + `}`:                                                                                 unreadable,
		head + filter(`["a=b"]`) + tail + `}`:                                                                                unreadable,
		head + filter(`"a=b","valueString":"a=c"`) + tail + `}`:                                                              unreadable,
		head + filter(`"patient=Patient/1","id":"e"`) + tail + `}`:                                                           2,
		head + `"criteria":"Observation?code=http://loinc.org|1975-2&patient=Patient/1&_has:Group:member:code=x",` + channel: 4,
		head + `"criteria":"Observation?code=a&value-quantity=",` + channel:                                                  2,
		head + `"criteria":"/Observation",` + channel:                                                                        1,
		head + `"criteria":"a=b?c=d",` + channel:                                                                             unreadable,
		head + `"end":"2031-13-02T03:04:05Z",` + tail + `}`:                                                                  unreadable,
		head + tail + `,"_reason":{"extension":[{"url":"https://x.example.org","valueString":"a=b"}]}}`:                      single,
		`{"owner":"Practitioner/7","resource":` + head + filter(`"patient=Patient/1"`) + tail + `}}`:                         2,
		`{"owner":"","resource":` + head + tail + `}}`:                                                                       1,
		`{"owner":"\"7\"","resource":` + head + tail + `}}`:                                                                  single,
		`{"resource":` + head + tail + `},"owner":"7"}`:                                                                      single,
		`{"owner":"7","resource":` + head + tail + `},"resourceType":"Subscription"}`:                                        unreadable,
		`{"owner":"7"}`: unreadable, `{"owner":"`: unreadable, `{"resourceType":"Subscription`: unreadable, `[]`: unreadable, ``: unreadable,
	}
}

func readers(tb testing.TB) map[Release]*Engine {
	engines := map[Release]*Engine{}
	for _, r := range []Release{R4, R5} {
		cfg := Config{Store: &shelf{}, Release: r, BaseURL: "https://bench.example.org", Channels: []Channel{mute{}}, Authorizer: InsecureAllowAll{}}
		if r == R4 {
			cfg.Classic = []string{"Observation"}
		}
		e, err := New(cfg)
		require.NoError(tb, err)
		engines[r] = e
	}
	return engines
}

func newMatcher(e *Engine) *matcher {
	return &matcher{engine: e, topics: e.topics.Load(), entries: map[int64]*entry{}, indexes: map[indexKey]*tenantIndex{}, stencils: map[string]*stencil{}}
}

// keep is take, and puts the stencil where the next Spec finds it.
func (m *matcher) keep(tenant string, spec []byte) (*stencil, string, error) {
	st, texts, err := m.take(tenant, spec)
	if err == nil && st.outline != "" {
		m.stencils[st.outline] = st
	}
	return st, texts, err
}

// requireSame holds what stencils say of a Spec against what the reader says.
func requireSame(t *testing.T, m *matcher, tenant string, spec []byte) (st *stencil) {
	want, wrong := m.engine.restoreSpec(tenant, bytes.Clone(spec))
	st, texts, err := m.keep(tenant, spec)
	require.Equal(t, wrong == nil, err == nil, "%s\n%v\n%v", spec, wrong, err)
	if wrong != nil {
		return nil
	}
	require.Equal(t, want, st.subscription(tenant, texts), "%s", spec)
	filtered := *st.model
	filtered.Filters = slices.Clone(filtered.Filters)
	st.put(texts, &filtered)
	require.Equal(t, want.Filters, filtered.Filters)
	return st
}

// What stencils say of a Spec is what the reader says, whichever Spec came before: each
// is read by itself, and with other texts in its gaps after those with the first ones.
func TestStencil(t *testing.T) {
	texts := []string{"x", "Patient/2", "a b", "1=2", "a,b", "ü", "2032-02-03T04:05:06.5+01:00", "sample-", "sample-0", "%41", "%4", "+", "a&b=c", "?", "a:b", "a?b:c",
		`\"`, `\u0041`, "\xff", "\t", "\x00", "", `","x":"`, "&", "="}
	swapped, shared := 0, 0
	for r, e := range readers(t) {
		for spec, gaps := range specsOf(r) {
			m := newMatcher(e)
			st := requireSame(t, m, "t1", []byte(spec))
			switch {
			case st == nil:
				require.Equal(t, unreadable, gaps, spec)
			case st.outline == "":
				require.Equal(t, single, gaps, spec)
			default:
				require.Equal(t, gaps, len(st.gaps), spec)
			}
			if !m.cut.read([]byte(spec)) {
				continue
			}
			at := bytes.Index([]byte(spec), m.cut.resource)
			for _, s := range appendSpans(nil, m.cut.resource) {
				for _, text := range texts {
					other := spec[:at+s.from] + text + spec[at+s.to:]
					if got := requireSame(t, m, "t2", []byte(other)); got != nil && got == st {
						shared++
					}
					swapped++
				}
			}
			requireSame(t, m, "t3", []byte(spec))
		}
	}
	t.Logf("specs with other texts=%d, of these by the stencil of the first=%d", swapped, shared)
	require.Greater(t, shared, 500)
}

// A Spec with values like those by which the gaps are found is read as any other, and so is
// who comes after it: that would else be asked about, and matched by, another filter.
func TestStencilIsNotMisledByValues(t *testing.T) {
	m := newMatcher(readers(t)[R5])
	for _, other := range []string{"sample-0", "sample-00", "sample-", "Patient/2", "sample-000"} {
		for _, first := range []string{`sample-\u0030`, `sample-\u0030\u0030`, `\u0073ample-`} {
			requireSame(t, m, "t", fmt.Appendf(nil, `{"resourceType":"Subscription","id":"sample-","filterBy":[{"filterParameter":"code","value":"%s"},{"filterParameter":"patient","value":"%s"}],`+
				`"topic":"https://t.example.org/a","channelType":{"system":"http://terminology.hl7.org/CodeSystem/subscription-channel-type","code":"rest-hook"},"content":"id-only","contentType":"application/fhir+json"}`, first, other))
		}
	}
}

// Those who have nothing in common with others don't stay when they are gone, and those
// who have share a stencil.
func TestStencilsGo(t *testing.T) {
	e := newShelf(t, 0)
	spec := e.cfg.Store.(*shelf).spec
	m := newMatcher(e)
	for key := range int64(10) {
		require.NoError(t, m.apply(key, "a", bytes.ReplaceAll(spec, []byte("Patient/p0"), fmt.Appendf(nil, "Patient/p%d", key))))
	}
	require.Len(t, m.stencils, 1)
	require.Equal(t, "Patient/p7", m.recalled.subscription(m.entries[7]).Filters[0].Value)
	other := bytes.ReplaceAll(spec, []byte("full-resource"), []byte("id-only"))
	for key := range int64(10) {
		require.NoError(t, m.apply(key, "a", other))
		require.Len(t, m.stencils, 1+int(min(1, 9-key)))
	}
	require.Error(t, m.apply(3, "a", bytes.ReplaceAll(other, []byte("Patient/"), []byte("Nobody/"))))
	require.Nil(t, m.entries[3].stencil)
	for key := range int64(10) {
		require.NoError(t, m.apply(key, "a", nil))
	}
	require.Empty(t, m.stencils)
	require.Zero(t, m.indexes[indexKey{"a", "https://bench.example.org/observation"}].Len())
}

// A Spec whose outline is known is read as if nobody had come before.
func FuzzStencil(f *testing.F) {
	for _, r := range []Release{R4, R5} {
		for spec := range specsOf(r) {
			f.Add(spec, "Patient/2", 1)
		}
	}
	engines := readers(f)
	f.Fuzz(func(t *testing.T, spec, text string, n int) {
		for _, e := range engines {
			m := newMatcher(e)
			requireSame(t, m, "", []byte(spec))
			if m.cut.read([]byte(spec)) && len(m.cut.spans) > 0 {
				at := bytes.Index([]byte(spec), m.cut.resource)
				s := m.cut.spans[uint(n)%uint(len(m.cut.spans))]
				requireSame(t, m, "", []byte(spec[:at+s.from]+text+spec[at+s.to:]))
			}
		}
	})
}

// What is kept of those that the Authorizer was asked about is bounded, and goes when
// another Spec is in force.
func TestRecalled(t *testing.T) {
	e := newShelf(t, 0)
	spec := e.cfg.Store.(*shelf).spec
	m := newMatcher(e)
	withPatient := func(key int) []byte {
		return bytes.ReplaceAll(spec, []byte("Patient/p0"), fmt.Appendf(nil, "Patient/p%d", key))
	}
	for key := range recalledEntries + 10 {
		require.NoError(t, m.apply(int64(key), "a", withPatient(key)))
		s := m.recalled.subscription(m.entries[int64(key)])
		require.Equal(t, fmt.Sprintf("Patient/p%d", key), s.Filters[0].Value)
		require.Same(t, s, m.recalled.subscription(m.entries[int64(key)]))
	}
	kept := 0
	for _, en := range m.entries {
		if en.recalled != nil {
			kept++
		}
	}
	require.Equal(t, recalledEntries, kept)
	require.NoError(t, m.apply(77, "a", withPatient(78)))
	require.Equal(t, "Patient/p78", m.recalled.subscription(m.entries[77]).Filters[0].Value)

	long := bytes.ReplaceAll(spec, []byte("Patient/p0"), bytes.Repeat([]byte("a"), recalledBytes))
	require.NoError(t, m.apply(1, "a", long))
	require.NotSame(t, m.recalled.subscription(m.entries[1]), m.recalled.subscription(m.entries[1]))
}

// BenchmarkRestore is what it takes to tell the Authorizer of a Subscription.
func BenchmarkRestore(b *testing.B) {
	e := newShelf(b, 0)
	m := newMatcher(e)
	require.NoError(b, m.apply(1, "", e.cfg.Store.(*shelf).spec))
	en := m.entries[1]
	b.ReportAllocs()
	for b.Loop() {
		en.stencil.subscription("", en.texts)
	}
}
