// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/test/builders"
	"github.com/peernode/operator/test/cluster/audit"
	"github.com/peernode/operator/test/s3"
	"github.com/peernode/operator/test/testenv"
)

// neverSeen are grants that no request shows.
var neverSeen = map[string]string{
	"update peernode.dev/peernodes/finalizers":        ownersBlockDeletion,
	"update peernode.dev/peerfleets/finalizers":       ownersBlockDeletion,
	"update peernode.dev/peerbackups/finalizers":      ownersBlockDeletion,
	"update peernode.dev/peerbackupstores/finalizers": ownersBlockDeletion,
}

const ownersBlockDeletion = "the admission plugin OwnerReferencesPermissionEnforcement asks for it when an owner reference blocks deletion"

// TestEveryGrantIsUsed compares the operator's role with what the operator asked for in a life that touches
// everything it does. A grant without use is taken out.
func TestEveryGrantIsUsed(t *testing.T) {
	t.Parallel()
	log := audit.NewReader(env.AuditLogPath())
	liveThroughEverything(t)
	entries, err := log.Read()
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, e := range entries {
		if e.User != testenv.OperatorUser {
			continue
		}
		if e.Code == 403 {
			t.Errorf("the operator may not %s of %s/%s", audit.VerbAndResource(e), e.Namespace, e.Name)
		}
		used[grant(e.Verb, e.Group, e.Resource, e.Subresource)] = true
		if e.Verb == "patch" && e.Code == 201 { // An apply that creates is checked for both verbs.
			used[grant("create", e.Group, e.Resource, e.Subresource)] = true
		}
	}
	for granted := range grants(t) {
		// Caches begin with a watch that lists first; API servers that cannot do that are asked for a list instead.
		if kind, isList := strings.CutPrefix(granted, "list "); isList && used["watch "+kind] {
			continue
		}
		if _, excused := neverSeen[granted]; !used[granted] && !excused {
			t.Errorf("%q is granted in config/rbac/role.yaml and never used", granted)
		}
	}
}

func TestTheRoleHasNoWildcardsAndCannotReadKeys(t *testing.T) {
	for granted := range grants(t) {
		if strings.Contains(granted, "*") {
			t.Errorf("%q is a wildcard", granted)
		}
		if strings.HasSuffix(granted, " /secrets") && granted != "create /secrets" {
			t.Errorf("%q lets the operator at keys that exist", granted)
		}
	}
}

// liveThroughEverything makes the operator use each of its rights once.
func liveThroughEverything(t *testing.T) {
	s := &story{T: t, ns: namespace(t)}
	withFiles := func(p *v1alpha1.PeerNode) {
		builders.Custom(p)
		p.Spec.Software.Custom.Files = []v1alpha1.CustomFile{{Path: "/etc/peer/peer.conf", Content: "a=b"}}
	}
	alpha := s.serving("alpha", builders.API, builders.DeleteData, builders.DeleteKeys)
	beta := s.serving("beta", withFiles)

	s.edit(alpha, func(p *v1alpha1.PeerNode) { p.Spec.Network.API = v1alpha1.PeerAPI{} })
	s.gone("alpha-api", &corev1.Service{})
	s.edit(beta, func(p *v1alpha1.PeerNode) { p.Spec.Software.Custom.Files = nil })
	s.gone("beta-config", &corev1.ConfigMap{})

	// Two events of one kind within minutes are one event that is counted: a create, then a patch.
	s.serves(beta)
	time.Sleep(pause)
	s.patch("beta", &policyv1.PodDisruptionBudget{}, `{"spec":{"maxUnavailable":0}}`)
	s.eventually(func() error {
		budget := &policyv1.PodDisruptionBudget{}
		if err := s.get("beta", budget); err != nil || budget.Spec.MaxUnavailable.IntValue() != 1 {
			return fmt.Errorf("drift is not set right yet: %w", err)
		}
		return nil
	})
	s.patch("beta", &networkingv1.NetworkPolicy{}, `{"spec":{"egress":[{}]}}`)
	s.eventually(func() error {
		policy := &networkingv1.NetworkPolicy{}
		if err := s.get("beta", policy); err != nil || len(policy.Spec.Egress) != 1 || len(policy.Spec.Egress[0].To) == 0 {
			return fmt.Errorf("drift is not set right yet: %w", err)
		}
		return nil
	})
	// Recipients that change while a key is made: the Job goes, and another comes.
	env.KeyJobs.Hold(s.ns)
	gamma := s.create("gamma")
	s.eventually(func() error { return s.get("gamma-identity-1", &batchv1.Job{}) })
	s.edit(gamma, func(p *v1alpha1.PeerNode) {
		p.Spec.Identity = &v1alpha1.PeerIdentity{RecoveryRecipients: []string{offline(t).Recipient().String()}}
	})
	env.KeyJobs.Release(s.ns)
	s.serves(gamma)

	// A store that is named no longer: the way to it is closed.
	s.must(env.Admin.Create(s.Context(), &v1alpha1.PeerBackupStore{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "s3"},
		Spec:       v1alpha1.PeerBackupStoreSpec{Endpoint: "https://192.0.2.7", Bucket: "keys", Credentials: v1alpha1.BackupStoreCredentials{SecretName: "none"}},
	}))
	s.edit(gamma, func(p *v1alpha1.PeerNode) {
		p.Spec.Identity.Backup = &v1alpha1.KeyBackup{Stores: []v1alpha1.BackupStoreReference{{Name: "s3"}}}
	})
	s.eventually(func() error { return s.get("gamma-key-copies", &networkingv1.NetworkPolicy{}) })
	s.edit(gamma, func(p *v1alpha1.PeerNode) { p.Spec.Identity.Backup = nil })
	s.gone("gamma-key-copies", &networkingv1.NetworkPolicy{})

	backs := &copyStory{story: s, server: s3.Start(t, "backups"), holder: offline(t)}
	backs.authority()
	store := backs.store("backups", backs.server.Store)
	before := store.DeepCopy()
	store.Spec.Recipients = []string{backs.holder.Recipient().String()}
	s.must(env.Admin.Patch(s.Context(), store, client.MergeFrom(before)))
	s.must(env.Admin.Create(s.Context(), &v1alpha1.PeerBackup{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "daily"}, Spec: v1alpha1.PeerBackupSpec{
		PeerNodeRef: v1alpha1.PeerNodeReference{Name: "gamma"}, StoreRef: v1alpha1.BackupStoreReference{Name: "backups"},
	}}))
	s.backup("daily", v1alpha1.ReasonBackedUp)

	// A schedule comes, is due, and goes.
	s.edit(gamma, scheduledInto("backups"))
	s.runEnds(s.run("gamma", "now", ""), batchv1.JobComplete, v1alpha1.ReasonBackedUp, "gamma-")
	s.edit(gamma, func(p *v1alpha1.PeerNode) { p.Spec.Backup = nil })
	s.gone("gamma-backup", &batchv1.CronJob{})

	s.serving("relay-1", func(p *v1alpha1.PeerNode) { p.Labels = map[string]string{v1alpha1.LabelFleet: "relay"} })
	f := s.fleet(2) // takes relay-1 over, whose own budget goes
	s.editFleet(f, builders.Replicas(1))
	s.gone("relay-1", &v1alpha1.PeerNode{})
	s.editFleet(f, builders.Template(builders.WithImage(otherImage))) // The template before it is forgotten.
	s.allServe(f)
	s.oneTemplateOnRecord(f)

	time.Sleep(time.Second) // Events are sent beside everything else.
	s.remove(alpha)
	s.gone("alpha-data", &corev1.PersistentVolumeClaim{})
	s.eventually(func() error { return s.reservedFor("alpha", nil) })
}

// grants are the verbs of the operator's role, one by one.
func grants(t *testing.T) map[string]bool {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(testenv.Root(), "config", "rbac", "role.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var role rbacv1.ClusterRole
	if err := yaml.UnmarshalStrict(raw, &role); err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for _, rule := range role.Rules {
		for _, resource := range rule.Resources {
			resource, subresource, _ := strings.Cut(resource, "/")
			for _, verb := range rule.Verbs {
				out[grant(verb, strings.Join(rule.APIGroups, ","), resource, subresource)] = true
			}
		}
		if slices.Contains(rule.Resources, "*") || len(rule.NonResourceURLs) > 0 {
			out["*"] = true
		}
	}
	return out
}

func grant(verb, group, resource, subresource string) string {
	return strings.TrimSuffix(fmt.Sprintf("%s %s/%s/%s", verb, group, resource, subresource), "/")
}
