// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// line is an entry as kube-apiserver writes it, shortened to what matters.
func line(verb, agent, user, resource, subresource string) string {
	return fmt.Sprintf(`{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"1","stage":"ResponseComplete","requestURI":"/x","verb":%q,`+
		`"user":{"username":%q,"groups":["g"]},"userAgent":%q,"objectRef":{"resource":%q,"subresource":%q,"namespace":"n","name":"o","apiGroup":"apps"},`+
		`"responseStatus":{"code":200},"requestReceivedTimestamp":"2026-01-02T03:04:05.000006Z","stageTimestamp":"2026-01-02T03:04:06.000006Z"}`+"\n",
		verb, user, agent, resource, subresource)
}

func writeLog(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "audit.log")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// What is left out is not even parsed, so that damage in it does not matter.
func TestReaderLeavesOutWhatOthersAskedFor(t *testing.T) {
	reader := NewReader(writeLog(t, line("get", "a", "u", "pods", "")+`{"user":{"username":"v"}`+"\n"+line("list", "a", "u2", "pods", "")+line("create", "b", "u", "pods", ""))).Only("u")
	entries, err := reader.Read()
	if err != nil || len(entries) != 2 || entries[0].Verb != "get" || entries[1].Verb != "create" {
		t.Errorf("read %+v, %v; want the get and the create of u", entries, err)
	}
}

func TestReaderGoesOnWhereItStopped(t *testing.T) {
	first, second := line("get", "a", "u", "pods", ""), line("create", "b", "u", "pods", "")
	path := writeLog(t, first+second[:20])
	reader := NewReader(path)
	for step, want := range []struct {
		append string
		verbs  []string
	}{
		{"", []string{"get"}},
		{second[20:], []string{"create"}},
		{"", nil},
	} {
		file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.WriteString(want.append); err != nil {
			t.Fatal(err)
		}
		_ = file.Close()
		entries, err := reader.Read()
		if err != nil {
			t.Fatal(err)
		}
		var verbs []string
		for _, e := range entries {
			verbs = append(verbs, e.Verb)
		}
		if diff := cmp.Diff(want.verbs, verbs); diff != "" {
			t.Errorf("step %d (-want +got):\n%s", step, diff)
		}
	}
	if again, err := NewReaderAt(path, int64(len(first))).Read(); err != nil || len(again) != 1 || again[0].Verb != "create" {
		t.Errorf("from an offset: got %v, %v; want the second entry", again, err)
	}
}

func TestReaderRefusesWhatIsNoEntry(t *testing.T) {
	if _, err := NewReader(writeLog(t, "not JSON\n")).Read(); err == nil {
		t.Error("no error")
	}
}

func TestReaderTakesAMissingLogForAnEmptyOne(t *testing.T) {
	if entries, err := NewReader(filepath.Join(t.TempDir(), "none")).Read(); err != nil || entries != nil {
		t.Errorf("got %v, %v", entries, err)
	}
}

func TestMutations(t *testing.T) {
	log := line("create", "operator/v1 x", "op", "statefulsets", "") + line("patch", "operator/v1 x", "op", "peernodes", "status") +
		line("update", "operator/v1 x", "op", "leases", "") + line("delete", "kubectl", "admin", "pods", "") +
		line("get", "operator/v1 x", "op", "pods", "") + line("watch", "operator/v1 x", "op", "pods", "") +
		line("create", "operator/v1 x", "op", "serviceaccounts", "token") + line("create", "operator/v1 x", "op", "subjectaccessreviews", "") +
		strings.Replace(line("create", "operator/v1 x", "op", "secrets", ""), `"/x"`, `"/x?dryRun=All&fieldManager=op"`, 1)
	entries, err := NewReader(writeLog(t, log)).Read()
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		filters []Filter
		want    map[string]int
	}{
		"reads, tokens, questions and dry runs are no mutations": {nil, map[string]int{
			"create statefulsets": 1, "patch peernodes/status": 1, "update leases": 1, "delete pods": 1}},
		"one user":                           {[]Filter{ByUser("admin")}, map[string]int{"delete pods": 1}},
		"one program, leader election apart": {[]Filter{ByUserAgent("operator/"), Except("leases")}, map[string]int{"create statefulsets": 1, "patch peernodes/status": 1}},
		"nobody":                             {[]Filter{ByUser("nobody")}, map[string]int{}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, CountBy(Mutations(entries, test.filters...), VerbAndResource)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnImpersonatedUserCounts(t *testing.T) {
	log := `{"verb":"create","user":{"username":"admin"},"impersonatedUser":{"username":"alice","groups":["readers"]},"objectRef":{"resource":"pods"}}` + "\n"
	entries, err := NewReader(writeLog(t, log)).Read()
	if err != nil {
		t.Fatal(err)
	}
	want := []Entry{{Verb: "create", User: "alice", Groups: []string{"readers"}, Resource: "pods"}}
	if diff := cmp.Diff(want, entries); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
