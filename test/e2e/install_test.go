// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/test/cluster/audit"
	"github.com/peernode/operator/test/testenv"
)

// deployments are those of the operator, the unsealer and the probe of NetworkPolicies.
var deployments = []string{"peernode-operator", "peernode-unsealer", "peernode-policy-probe"}

// operatorAccount is the operator's name in the audit log.
const operatorAccount = "system:serviceaccount:" + systemNamespace + ":" + release

func TestTheOperatorIsKilledMidWay(t *testing.T) {
	ns := namespace(t)
	var peers []*v1alpha1.PeerNode
	for i := range 4 {
		peers = append(peers, agent(t, ns, fmt.Sprintf("peer-%d", i)))
		_, err := run("kubectl", "delete", "pods", "-n", systemNamespace, "-l", "app.kubernetes.io/name=peernode-operator", "--grace-period=0", "--force", "--wait=false")
		must(t, err)
	}
	for _, p := range peers {
		awaitReady(t, p)
		pods := &corev1.PodList{}
		must(t, admin.List(t.Context(), pods, client.InNamespace(ns), client.MatchingLabels(names.PodSelector(p.Name))))
		if len(pods.Items) != 1 {
			t.Errorf("%s has %d pods", p.Name, len(pods.Items))
		}
	}
}

func TestTheSamplesRun(t *testing.T) {
	folder := overlay(t, "config/samples", "config/samples/images.yaml",
		transform("registry.peernode.dev/p2p-agent", imageAgent)+transform("registry.peernode.dev/serf", imageSerf))
	_, err := run("kubectl", "apply", "--server-side", "-k", folder)
	must(t, err)
	t.Cleanup(func() { _, _ = run("kubectl", "delete", "--wait=false", "-k", folder) })
	list := &v1alpha1.PeerNodeList{}
	must(t, admin.List(t.Context(), list, client.InNamespace("peers")))
	if len(list.Items) < 5 {
		t.Fatalf("the samples hold %d peers", len(list.Items))
	}
	byName := map[string]*v1alpha1.PeerNode{}
	for i := range list.Items {
		awaitReady(t, &list.Items[i])
		byName[list.Items[i].Name] = &list.Items[i]
	}
	fleet := &v1alpha1.PeerFleet{}
	must(t, admin.Get(t.Context(), client.ObjectKey{Namespace: "peers", Name: "relay"}, fleet))
	awaitAllServe(t, fleet)
	awaitConnected(t, byName["alpha"], byName["beta"])
	awaitConnected(t, byName["beta"], byName["gamma"])
	members := []string{"exec", "-n", "peers", "serf-0", "--", "/serf", "members", "-rpc-addr=127.0.0.1:7373"}
	if out, err := run("kubectl", members...); err == nil || !strings.Contains(err.Error(), "for the group peernode-break-glass alone") {
		t.Errorf("somebody ran a command in the pod of a peer: %v\n%s", err, out)
	}
	out, err := run("kubectl", slices.Concat(breakGlass, members)...)
	must(t, err)
	if !strings.Contains(out, "alive") {
		t.Errorf("serf is not alive: %s", out)
	}
}

// TestInstallUpgradeUninstall takes the operator through its life while a peer runs on, untouched.
func TestInstallUpgradeUninstall(t *testing.T) {
	p := agent(t, namespace(t), "alpha")
	awaitReady(t, p)
	awaitWordOnPolicies(t, p)
	pod := podOf(t, p).UID
	same := func(when string) {
		t.Helper()
		awaitReady(t, p)
		if podOf(t, p).UID != pod {
			t.Fatalf("%s replaced the peer's pod", when)
		}
	}

	log := audit.NewReader(auditLog)
	must(t, log.SkipToEnd())
	must(t, installByHelm("--set", "replicas=2", "--set", "logLevel=debug"))
	same("helm upgrade")
	silent(t, log, p.Namespace, "helm upgrade to two replicas, a new leader")

	_, err := run("helm", "uninstall", release, "--namespace", systemNamespace, "--wait")
	must(t, err)
	must(t, admin.Get(t.Context(), client.ObjectKeyFromObject(p), p))
	if podOf(t, p).UID != pod {
		t.Fatal("helm uninstall replaced the peer's pod")
	}

	folder := overlay(t, "config/default", "config/default/images.yaml",
		transform("registry.peernode.dev/peernode-operator", imageOperator)+
			transform("registry.peernode.dev/peer-companion", imageCompanion)+
			transform("registry.peernode.dev/p2p-agent", imageAgent))
	_, err = run("kubectl", "apply", "--server-side", "--force-conflicts", "-k", folder)
	must(t, err)
	for _, deployment := range deployments {
		_, err = run("kubectl", "rollout", "status", "deployment/"+deployment, "-n", systemNamespace, "--timeout=2m")
		must(t, err)
	}
	same("kubectl apply -k config/default")
	silent(t, log, p.Namespace, "the operator installed by kustomize")
	beta := agent(t, p.Namespace, "beta")
	awaitReady(t, beta)
	awaitWordOnPolicies(t, beta)
	must(t, log.SkipToEnd())

	// The Deployments' selectors differ and cannot be changed; all the rest is taken over.
	_, err = run("kubectl", append([]string{"delete", "-n", systemNamespace, "deployment"}, deployments...)...)
	must(t, err)
	must(t, installByHelm("--take-ownership", "--force-conflicts"))
	same("helm install over kustomize")
	silent(t, log, p.Namespace, "helm install over kustomize")
}

// silent fails when the operator wrote anything in the namespace, events aside, since the log was read last. Peers of
// other tests may still be on their way out elsewhere, and their neighbours follow.
func silent(t *testing.T, log *audit.Reader, ns, after string) {
	t.Helper()
	time.Sleep(10 * time.Second)
	entries, err := log.Read()
	must(t, err)
	writes := slices.DeleteFunc(audit.Mutations(entries, audit.ByUser(operatorAccount), audit.Except("events")),
		func(e audit.Entry) bool { return e.Namespace != ns })
	if len(writes) > 0 {
		t.Errorf("after %s the operator wrote: %v", after, audit.CountBy(writes, audit.VerbAndResource))
	}
}

// overlay writes a kustomization over one of config's that sets the images.
func overlay(t *testing.T, base, configuration, images string) string {
	t.Helper()
	folder := t.TempDir()
	target, err := filepath.Rel(folder, filepath.Join(testenv.Root(), base))
	must(t, err)
	raw, err := os.ReadFile(filepath.Join(testenv.Root(), configuration))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(folder, "images.yaml"), raw, 0o644))
	text := "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [" + target +
		"]\nconfigurations: [images.yaml]\nimages:\n" + images
	must(t, os.WriteFile(filepath.Join(folder, "kustomization.yaml"), []byte(text), 0o644))
	return folder
}

func transform(name, reference string) string {
	repository, digest, _ := strings.Cut(reference, "@")
	return fmt.Sprintf("  - {name: %s, newName: %s, digest: %q}\n", name, repository, digest)
}
