// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"github.com/peernode/operator/test/cluster/audit"
	"github.com/peernode/operator/test/testenv"
)

// reads begins to read what everybody asks of the API server from now on.
func (s *story) reads() *audit.Reader {
	s.Helper()
	log := audit.NewReader(env.AuditLogPath())
	s.must(log.SkipToEnd())
	return log
}

// asked is what the janitor asked for since it was read last.
func (j *janitor) asked(log *audit.Reader) (out []audit.Entry) {
	j.Helper()
	entries, err := log.Read()
	j.must(err)
	for _, e := range entries {
		if e.User == j.user {
			if e.Code == http.StatusForbidden {
				j.Errorf("the janitor may not %s of %s/%s", audit.VerbAndResource(e), e.Namespace, e.Name)
			}
			j.used[grant(e.Verb, e.Group, e.Resource, e.Subresource)] = true
			out = append(out, e)
		}
	}
	return out
}

// writes are those since it was looked last.
func (j *janitor) writes(log *audit.Reader) (out []string) {
	j.Helper()
	for _, e := range audit.Mutations(j.asked(log)) {
		out = append(out, audit.VerbAndResource(e)+" "+e.Name)
	}
	return out
}

// everyGrantIsUsed compares the janitor's role with what it asked for. A grant without use is taken out.
func (j *janitor) everyGrantIsUsed(log *audit.Reader) {
	j.Helper()
	j.asked(log)
	for _, granted := range j.grants() {
		// As for the operator: caches begin with a watch that lists first.
		if kind, isList := strings.CutPrefix(granted, "list "); isList && j.used["watch "+kind] {
			continue
		}
		if !j.used[granted] {
			j.Errorf("%q is granted in config/janitor and never used", granted)
		}
	}
}

// grants are the verbs of the janitor's role, one by one.
func (j *janitor) grants() []string {
	j.Helper()
	var role rbacv1.ClusterRole
	raw, err := os.ReadFile(filepath.Join(testenv.Root(), "config", "janitor", "role.yaml"))
	j.must(err)
	j.must(yaml.UnmarshalStrict(raw, &role))
	var out []string
	for _, rule := range role.Rules {
		for _, resource := range rule.Resources {
			resource, subresource, _ := strings.Cut(resource, "/")
			for _, verb := range rule.Verbs {
				out = append(out, grant(verb, strings.Join(rule.APIGroups, ","), resource, subresource))
			}
		}
	}
	return out
}

func TestTheJanitorsRoleLetsItReadNoSecret(t *testing.T) {
	j := &janitor{story: &story{T: t}}
	want := []string{
		"create events.k8s.io/events", "delete /secrets", "get peernode.dev/peernodes", "list peernode.dev/peernodes",
		"patch peernode.dev/peernodes/status", "watch peernode.dev/peernodes",
	}
	got := j.grants()
	slices.Sort(got)
	if !slices.Equal(want, got) {
		t.Errorf("granted is %q, want %q", got, want)
	}
}
