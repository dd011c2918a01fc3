package arrows

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/carillon-fhir/carillon"

// room says what the packages of one folder, tests left out, may import of this
// module, and what they must not reach at all, not even through others.
type room struct {
	folder string // a package, or with a trailing slash all below it
	may    []string
	never  []string
}

// heavy are dependencies that only the leaf package which needs them may bring in.
var heavy = []string{"modernc.org/", "github.com/google/cel-go", "github.com/expr-lang/", "github.com/google/fhir", "github.com/coder/websocket", "github.com/jackc/", "github.com/go-jose/", "github.com/wneessen/", "go.opentelemetry.io/", "github.com/prometheus/"}

// impure is what the packages without I/O must not reach.
var impure = append([]string{"net", "net/http", "database/sql", "log", "log/slog"}, heavy...)

// without is heavy but for what the package is made for.
func without(dependency string) []string {
	return slices.DeleteFunc(slices.Clone(heavy), func(h string) bool { return h == dependency })
}

var rooms = []room{
	{"fhirpath", []string{"fhirpath/ucum"}, impure},
	{"fhirpath/ucum", nil, impure},
	{"topic", []string{"fhirpath", "topic/search", "internal/fhirjson"}, impure},
	{"topic/search", []string{"fhirpath", "fhirpath/ucum", "internal/union"}, impure},
	{"topic/celtopic", []string{"fhirpath", "topic", "internal/jsonequal", "internal/celtrigger"}, without("github.com/google/cel-go")},
	{"topic/exprtopic", []string{"fhirpath", "topic", "internal/jsonequal"}, without("github.com/expr-lang/")},
	{"topic/topictest", []string{"fhirpath", "topic"}, heavy},
	{"notification", []string{"fhirpath"}, impure},
	{"notification/receiver", []string{"notification", "fhirpath"}, heavy},
	{"notification/receiver/receivertest", []string{"notification", "notification/receiver", "fhirpath"}, heavy},
	{"notification/receiver/websocket", []string{"notification", "notification/receiver", "fhirpath"}, without("github.com/coder/websocket")},
	{"internal/jsonpatch", []string{"fhirpath"}, impure},
	{"internal/fhirjson", []string{"fhirpath"}, impure},
	{"subscription", []string{"fhirpath", "topic", "topic/search", "notification", "internal/jsonpatch", "internal/fhirjson"}, append([]string{"database/sql"}, heavy...)},
	{"subscription/console", []string{"topic", "subscription"}, append([]string{"database/sql"}, heavy...)},
	{"subscription/fhirproto", []string{"fhirpath", "topic", "notification", "subscription"}, append([]string{"database/sql"}, without("github.com/google/fhir")...)},
	{"subscription/fhirproto/protocel", []string{"fhirpath", "topic", "subscription/fhirproto", "internal/celtrigger"}, nil},
	{"subscription/opentelemetry", []string{"subscription"}, append([]string{"database/sql"}, without("go.opentelemetry.io/")...)},
	{"channel/egress", []string{"subscription"}, append([]string{"database/sql"}, without("github.com/go-jose/")...)},
	{"channel/resthook", []string{"subscription", "channel/egress"}, append([]string{"database/sql"}, without("github.com/go-jose/")...)},
	{"channel/websocket", []string{"subscription", "notification"}, append([]string{"database/sql"}, without("github.com/coder/websocket")...)},
	{"channel/message", []string{"subscription", "notification", "channel/egress"}, append([]string{"database/sql"}, without("github.com/go-jose/")...)},
	{"channel/email", []string{"subscription", "notification"}, append([]string{"database/sql"}, without("github.com/wneessen/")...)},
	{"channel/", []string{"subscription", "notification", "fhirpath"}, append([]string{"database/sql"}, heavy...)},
	{"store/storetest", []string{"subscription", "topic", "notification", "fhirpath"}, heavy},
	{"internal/due", nil, impure},
	{"store/memory", []string{"subscription", "topic", "internal/due"}, append([]string{"net/http/httptest", "database/sql"}, heavy...)},
	{"store/sqlite", []string{"subscription", "topic", "internal/due"}, heavy},
	{"store/sqlite/filelock", nil, heavy},
	{"store/sqlite/modernc", []string{"store/sqlite/filelock"}, nil},
	{"store/postgres", []string{"subscription", "topic"}, without("github.com/jackc/")},
	{"store/transfer", []string{"subscription"}, append([]string{"database/sql"}, heavy...)},
	{"docs/", nil, nil}, // tests only: what the guides quote
	{"internal/", []string{"fhirpath", "topic", "topic/search", "notification", "subscription", "store/", "channel/", "internal/", "examples/"}, nil},
	{"examples/", []string{"fhirpath", "topic", "topic/search", "topic/celtopic", "notification", "notification/receiver", "notification/receiver/websocket", "subscription", "subscription/console", "subscription/opentelemetry", "store/", "channel/", "examples/", "internal/"}, nil},
}

type pkg struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

func TestArrowsPointDown(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-json=ImportPath,Imports,Deps", module+"/...").Output()
	require.NoError(t, err)
	seen := map[string]bool{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else {
			require.NoError(t, err)
		}
		folder, ours := strings.CutPrefix(p.ImportPath, module+"/")
		if !ours {
			continue
		}
		i := slices.IndexFunc(rooms, func(r room) bool { return r.folder == folder })
		if i < 0 {
			i = slices.IndexFunc(rooms, func(r room) bool { return strings.HasSuffix(r.folder, "/") && strings.HasPrefix(folder, r.folder) })
		}
		require.GreaterOrEqual(t, i, 0, "%s has no room in the architecture", folder)
		seen[rooms[i].folder] = true
		for _, problem := range rooms[i].problems(p) {
			t.Errorf("%s %s", folder, problem)
		}
	}
	for _, r := range rooms {
		require.True(t, seen[r.folder], "%s: the room is empty", r.folder)
	}
}

// problems lists the arrows of p that its room does not allow.
func (r room) problems(p pkg) (list []string) {
	for _, imported := range p.Imports {
		folder, ours := strings.CutPrefix(imported, module+"/")
		allowed := slices.ContainsFunc(r.may, func(m string) bool {
			return folder == m || strings.HasSuffix(m, "/") && strings.HasPrefix(folder, m)
		})
		if ours && !allowed {
			list = append(list, "must not import "+folder)
		}
	}
	for _, dep := range p.Deps {
		if slices.ContainsFunc(r.never, func(n string) bool {
			return dep == n || strings.HasSuffix(n, "/") && strings.HasPrefix(dep, n) || strings.HasPrefix(dep, n+"/") && strings.Contains(n, ".")
		}) {
			list = append(list, "must not reach "+dep)
		}
	}
	return list
}

func TestUpwardArrowsAreFound(t *testing.T) {
	store := room{"store/sqlite", []string{"subscription"}, heavy}
	require.Len(t, store.problems(pkg{Imports: []string{module + "/channel/resthook", module + "/subscription", "fmt"}}), 1)
	require.Len(t, store.problems(pkg{Deps: []string{"modernc.org/sqlite", "modernc.org/libc", "database/sql"}}), 2)
	require.Len(t, room{never: impure}.problems(pkg{Deps: []string{"net/http", "net/url", "net/netip", "log"}}), 2)
}
