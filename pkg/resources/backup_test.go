// SPDX-License-Identifier: Apache-2.0

package resources_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/resources"
)

// backups is the folder with PeerBackups, and the goldens of what makes them.
const backups = "testdata/backups"

var backupOptions = map[string]resources.Options{
	"small":  {CompanionImage: companionImage, UnsealerNamespace: "peernode-system"},
	"proven": {CompanionImage: companionImage, UnsealerNamespace: "peernode-system"},
	"full":   {CompanionImage: companionImage, UnsealerNamespace: "peernode-system", HostUsers: true, DNSCIDRs: []string{"169.254.20.10/32"}},
}

// backupInput is a PeerBackup of a file.
func backupInput(t *testing.T, name string) resources.BackupInput {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(backups, name+".backup.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	b := &v1alpha1.PeerBackup{}
	if err := yaml.UnmarshalStrict(raw, b); err != nil {
		t.Fatal(err)
	}
	in := scenarios["p2p-agent-minimal"].input(t, "p2p-agent-minimal")
	return resources.BackupInput{
		PeerBackup: b, PeerNode: in.PeerNode, User: in.Workload.User, Store: checkedStore(t, b.Spec.StoreRef.Name), UnsealerCA: "CA of the unsealer\n", Seconds: 21600, Options: backupOptions[name],
	}
}

func TestWhatMakesABackupIsAsShownInTheGoldenFiles(t *testing.T) {
	written := map[string]bool{}
	for name := range backupOptions {
		in := backupInput(t, name)
		objects := map[string]any{"job": resources.BackupJob(in), "networkpolicy": resources.BackupPolicy(in.PeerBackup, in.Store, in.Options)}
		if in.PeerBackup.Spec.Prove {
			objects["proof-job"], objects["proof-networkpolicy"] = resources.ProofJob(proofInput(t, name)), resources.ProofPolicy(in.PeerBackup)
			objects["proof-claim"] = resources.ProofClaim(in.PeerBackup, in.PeerNode, nil)
		}
		for what, object := range objects {
			got, err := yaml.Marshal(object)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(backups, name+"-"+what+".golden.yaml")
			written[path] = true
			compareGolden(t, path, got)
		}
	}
	refuseStale(t, backups, written)
}

func TestThePodOfABackupRunsAsWhoseTheDataAreAndHasNoTokenButTheUnsealers(t *testing.T) {
	for name := range backupOptions {
		in := backupInput(t, name)
		var job batchv1.Job
		convert(t, resources.BackupJob(in), &job)
		spec := job.Spec.Template.Spec
		if !isFalse(spec.AutomountServiceAccountToken) || !isFalse(spec.EnableServiceLinks) || spec.RestartPolicy != corev1.RestartPolicyNever {
			t.Errorf("%s: the pod is %+v", name, spec)
		}
		if *spec.SecurityContext.RunAsUser != in.User || *spec.SecurityContext.FSGroup != in.User {
			t.Errorf("%s: it runs as %+v", name, spec.SecurityContext)
		}
		var tokens []string
		for _, v := range spec.Volumes {
			if v.Projected == nil {
				continue
			}
			for _, s := range v.Projected.Sources {
				if s.ServiceAccountToken != nil {
					tokens = append(tokens, s.ServiceAccountToken.Audience)
				}
			}
		}
		if !slices.Equal(tokens, []string{"unsealer.peernode.dev"}) {
			t.Errorf("%s: it has tokens for %v", name, tokens)
		}
		for _, m := range spec.Containers[0].VolumeMounts {
			if !m.ReadOnly && m.Name != "data" && m.Name != "proof" {
				t.Errorf("%s: %s is mounted to be written", name, m.Name)
			}
		}
	}
}

func TestTheWayOfABackupIsOpenForItAlone(t *testing.T) {
	in := backupInput(t, "full")
	var job batchv1.Job
	var policy networkingv1.NetworkPolicy
	convert(t, resources.BackupJob(in), &job)
	convert(t, resources.BackupPolicy(in.PeerBackup, in.Store, in.Options), &policy)
	selects := labels.SelectorFromSet(policy.Spec.PodSelector.MatchLabels)
	another := in.PeerBackup.DeepCopy()
	another.Name = "another"
	if !selects.Matches(labels.Set(job.Spec.Template.Labels)) {
		t.Error("the policy does not hold for the pod that makes the backup")
	}
	if selects.Matches(labels.Set(names.BackupLabels(another, names.ComponentBackup))) || selects.Matches(labels.Set(names.Labels(in.PeerNode, names.ComponentPeer))) {
		t.Error("the policy holds for other pods")
	}
	if len(policy.Spec.Ingress) > 0 || len(policy.Spec.PolicyTypes) != 2 || len(policy.Spec.Egress) != 3 {
		t.Errorf("the policy is %+v", policy.Spec)
	}
}

func TestAFailedBackupIsToldInItsOwnWords(t *testing.T) {
	pod := func(phase corev1.PodPhase, exitCode int32, message string) *corev1.Pod {
		end := &corev1.ContainerStateTerminated{ExitCode: exitCode, Message: message, Reason: "Error"}
		return &corev1.Pod{Status: corev1.PodStatus{Phase: phase, ContainerStatuses: []corev1.ContainerStatus{
			{Name: "injected", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{}}}, {Name: "backup", State: corev1.ContainerState{Terminated: end}},
		}}}
	}
	if end := resources.BackupDone(pod(corev1.PodSucceeded, 0, "receipt")); end == nil || end.Message != "receipt" {
		t.Errorf("a backup that is done has ended as %v", end)
	}
	if why, failed := resources.BackupFailure(pod(corev1.PodFailed, 1, "error: no bucket\n")); !failed || why != "no bucket" {
		t.Errorf("a backup that failed says %q", why)
	}
}
