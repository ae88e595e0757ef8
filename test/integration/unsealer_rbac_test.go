// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"crypto/tls"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/peernode/operator/test/cluster/audit"
)

// unsealerRoles are the files of config/unsealer that say what the unsealer may do.
var unsealerRoles = []string{"role.yaml", "namespaced_role.yaml"}

// everyGrantIsUsed compares the unsealer's roles with what it asked for. A grant without use is taken out.
func (u *unsealer) everyGrantIsUsed(log *audit.Reader) {
	u.Helper()
	entries, err := log.Read()
	u.must(err)
	used := map[string]bool{}
	for _, e := range entries {
		if e.User != unsealerUser {
			continue
		}
		if e.Code == http.StatusForbidden {
			u.Errorf("the unsealer may not %s of %s/%s", audit.VerbAndResource(e), e.Namespace, e.Name)
		}
		used[grant(e.Verb, e.Group, e.Resource, e.Subresource)] = true
		if e.Verb == "patch" && e.Code == http.StatusCreated { // An apply that creates is checked for both verbs.
			used[grant("create", e.Group, e.Resource, e.Subresource)] = true
		}
	}
	for _, granted := range u.grants() {
		if !used[granted] {
			u.Errorf("%q is granted in config/unsealer and never used", granted)
		}
	}
}

// grants are the verbs of the unsealer's roles, one by one.
func (u *unsealer) grants() []string {
	u.Helper()
	var out []string
	for _, file := range unsealerRoles {
		var role rbacv1.ClusterRole
		u.must(yaml.Unmarshal(u.manifest(file), &role))
		for _, rule := range role.Rules {
			for _, resource := range rule.Resources {
				for _, verb := range rule.Verbs {
					out = append(out, grant(verb, strings.Join(rule.APIGroups, ","), resource, ""))
				}
			}
		}
	}
	return out
}

func TestTheUnsealersRolesLetItAtNoSecret(t *testing.T) {
	u := &unsealer{story: &story{T: t}}
	want := []string{
		"create /configmaps", "create authentication.k8s.io/tokenreviews", "create authorization.k8s.io/subjectaccessreviews",
		"get /configmaps", "get /pods", "get apps/statefulsets", "get batch/jobs", "get peernode.dev/peerbackups", "get peernode.dev/peeridentityreservations", "get peernode.dev/peernodes", "patch /configmaps",
	}
	got := u.grants()
	slices.Sort(got)
	if !slices.Equal(want, got) {
		t.Errorf("granted is %q, want %q", got, want)
	}
}

func metricsReader(name string) *rbacv1.ClusterRole {
	return &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: []rbacv1.PolicyRule{{NonResourceURLs: []string{"/metrics"}, Verbs: []string{"get"}}}}
}

// metricsReaderBinding lets alpha's account read metrics.
func metricsReaderBinding(namespace string) *rbacv1.ClusterRoleBinding {
	return &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: namespace},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: namespace},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: "alpha"}},
	}
}

// scrape reads the metrics as a monitoring system does.
func (u *unsealer) scrape(token string) (status int, text string) {
	u.Helper()
	r, err := http.NewRequest(http.MethodGet, "https://"+u.metrics+"/metrics", http.NoBody)
	u.must(err)
	r.Header.Set("Authorization", "Bearer "+token)
	insecure := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}}
	response, err := insecure.Do(r)
	u.must(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	u.must(err)
	return response.StatusCode, string(body)
}
