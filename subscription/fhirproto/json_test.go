package fhirproto_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/fhir/go/proto/google/fhir/proto/r4/core/codes_go_proto"
	"github.com/google/fhir/go/proto/google/fhir/proto/r4/core/datatypes_go_proto"
	bundles "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/bundle_and_contained_resource_go_proto"
	"github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/encounter_go_proto"
	"github.com/google/fhir/go/proto/google/fhir/proto/stu3/resources_go_proto"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"github.com/carillon-fhir/carillon/internal/shared"
	"github.com/carillon-fhir/carillon/subscription/fhirproto"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Real resources, every fourth, become protos and come back as what they were; those that can't are
// errors, never something else.
func TestRealResourcesSurvive(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared.Dir(t), "data", "*.ndjson"))
	require.NoError(t, err)
	read, refused := 0, 0
	for _, name := range files {
		file, err := os.Open(name)
		require.NoError(t, err)
		lines := bufio.NewScanner(file)
		lines.Buffer(nil, 64<<20)
		for line := 0; lines.Scan(); line++ {
			if line%4 != 0 {
				continue
			}
			resource, err := fhirproto.FromJSON(lines.Bytes())
			if err != nil {
				require.ErrorIs(t, err, fhirproto.ErrUnreadable)
				require.Equal(t, fhirproto.ErrUnreadable.Error(), err.Error(), "nothing of the resource")
				refused++
				continue
			}
			raw, err := fhirproto.ToJSON(resource)
			require.NoError(t, err)
			again, err := fhirproto.FromJSON(raw)
			require.NoError(t, err)
			require.True(t, proto.Equal(resource, again))
			read++
		}
		require.NoError(t, file.Close())
	}
	t.Logf("resources=%d read=%d refused=%d", read+refused, read, refused)
	require.Greater(t, read, 400)
}

func TestEveryDigitIsKept(t *testing.T) {
	for _, value := range []string{"1.50", "0.000000000000000000000000001", "1.5e3", "100000000000000000000000000000.10"} {
		raw := json.RawMessage(`{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":` + value + `}}`)
		resource, err := fhirproto.FromJSON(raw)
		require.NoError(t, err, value)
		out, err := fhirproto.ToJSON(resource)
		require.NoError(t, err)
		require.Contains(t, string(out), `"value":`+value+`}`)
	}
}

func TestFromJSONRefuses(t *testing.T) {
	for name, raw := range map[string]string{
		"nothing":                   ``,
		"no JSON":                   `{`,
		"no resource":               `{}`,
		"another release's type":    `{"resourceType":"SubscriptionTopic"}`,
		"another release's element": `{"resourceType":"Encounter","status":"finished","class":{"code":"AMB"},"actualPeriod":{}}`,
		"an unknown code":           `{"resourceType":"Encounter","status":"completed","class":{"code":"AMB"}}`,
		"a code in another case":    `{"resourceType":"Encounter","status":"Finished","class":{"code":"AMB"}}`,
		"a list for one":            `{"resourceType":"Encounter","status":["finished"],"class":{"code":"AMB"}}`,
		"a name twice":              `{"resourceType":"Encounter","status":"planned","status":"finished"}`,
		"a number for a text":       `{"resourceType":"Patient","id":"1","gender":1}`,
		"bytes behind":              `{"resourceType":"Patient","id":"1"} x`,
	} {
		_, err := fhirproto.FromJSON(json.RawMessage(raw))
		require.ErrorIs(t, err, fhirproto.ErrUnreadable, name)
	}
}

func TestToJSONRefuses(t *testing.T) {
	var none *encounter_go_proto.Encounter
	for name, c := range map[string]struct {
		message proto.Message
		want    error
	}{
		"nil":             {nil, fhirproto.ErrUnwritable},
		"a nil pointer":   {none, fhirproto.ErrUnwritable},
		"empty container": {&bundles.ContainedResource{}, fhirproto.ErrUnwritable},
		"a data type":     {&datatypes_go_proto.HumanName{}, fhirproto.ErrRelease},
		"STU3":            {&resources_go_proto.Patient{}, fhirproto.ErrRelease},
		"a bad code": {&encounter_go_proto.Encounter{Status: &encounter_go_proto.Encounter_StatusCode{
			Value: codes_go_proto.EncounterStatusCode_Value(999),
		}}, fhirproto.ErrUnwritable},
	} {
		_, err := fhirproto.ToJSON(c.message)
		require.ErrorIs(t, err, c.want, name)
	}
}
