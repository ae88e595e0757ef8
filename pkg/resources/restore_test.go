// SPDX-License-Identifier: Apache-2.0

package resources_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/resources"
)

// restoreInput is the restore with which the peer of a scenario begins, from the store in a file beside it; false where it begins
// with nothing.
func restoreInput(t *testing.T, in resources.Input) (resources.RestoreInput, bool) {
	t.Helper()
	bootstrap := in.PeerNode.Spec.Bootstrap
	if bootstrap == nil {
		return resources.RestoreInput{}, false
	}
	from := bootstrap.Restore.From
	raw, err := os.ReadFile(filepath.Join("testdata", "restored", from.StoreRef.Name+".store.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	store := &v1alpha1.PeerBackupStore{}
	if err := yaml.UnmarshalStrict(raw, store); err != nil {
		t.Fatal(err)
	}
	set, err := resources.StatefulSet(in)
	if err != nil {
		t.Fatal(err)
	}
	return resources.RestoreInput{
		PeerNode: in.PeerNode, User: in.Workload.User, Peer: set.Spec.Template.Spec, Store: store, RecoveryKey: bootstrap.Restore.RecoveryKey, Options: in.Options,
		Backup: resources.RestoredBackup{Namespace: from.Namespace, PeerNode: from.PeerNode, At: in.PeerNode.CreationTimestamp.Time, Trust: from.Trust},
	}, true
}

// restore are the objects that fill the volume of a scenario.
func restore(t *testing.T, in resources.Input) map[string]any {
	t.Helper()
	order, begins := restoreInput(t, in)
	if !begins {
		return nil
	}
	return map[string]any{"restorejob": resources.RestoreJob(order), "networkpolicy-restore": resources.RestorePolicy(order)}
}

func restored(t *testing.T) resources.RestoreInput {
	t.Helper()
	in, begins := restoreInput(t, scenarios["restored"].input(t, "restored"))
	if !begins {
		t.Fatal("the scenario begins with nothing")
	}
	return in
}

func restoreJob(t *testing.T, in resources.RestoreInput) batchv1.Job {
	t.Helper()
	var job batchv1.Job
	convert(t, resources.RestoreJob(in), &job)
	return job
}

func TestThePodThatRestoresHasNoTokenAndWritesToTheVolumeAlone(t *testing.T) {
	in := restored(t)
	spec := restoreJob(t, in).Spec.Template.Spec
	if !isFalse(spec.AutomountServiceAccountToken) || !isFalse(spec.EnableServiceLinks) || spec.RestartPolicy != corev1.RestartPolicyNever {
		t.Errorf("the pod is %+v", spec)
	}
	if *spec.SecurityContext.RunAsUser != in.User || *spec.SecurityContext.FSGroup != in.User {
		t.Errorf("it runs as %+v", spec.SecurityContext)
	}
	for _, v := range spec.Volumes {
		if v.Projected != nil {
			t.Errorf("volume %s may hold a token", v.Name)
		}
	}
	for _, m := range spec.Containers[0].VolumeMounts {
		if !m.ReadOnly && m.Name != "data" {
			t.Errorf("%s is mounted to be written", m.Name)
		}
	}
	if c := spec.Containers[0]; len(c.Env) > 0 || len(c.EnvFrom) > 0 {
		t.Errorf("container %s has an environment, which others can read", c.Name)
	}
}

// A volume may be made where the first pod is that wants it.
func TestThePodThatRestoresGoesWhereThePeerMayGo(t *testing.T) {
	in := restored(t)
	spec := restoreJob(t, in).Spec.Template.Spec
	if spec.NodeSelector["disk"] != "fast" || len(spec.Tolerations) != 1 || spec.Tolerations[0].Key != "dedicated" {
		t.Errorf("it goes to %v, and bears %v", spec.NodeSelector, spec.Tolerations)
	}
}

func TestABackupIsNamedByWhatIsKnownOfIt(t *testing.T) {
	at := time.Date(2026, 11, 27, 13, 0, 0, 0, time.FixedZone("", 3600))
	for name, c := range map[string]struct {
		backup resources.RestoredBackup
		want   []string
	}{
		"One on record.": {
			resources.RestoredBackup{Namespace: "peers", PeerNode: "alpha", Sequence: 7, RecordSHA256: "ab", Trust: []string{"k"}, At: at},
			[]string{"--namespace=peers", "--peernode=alpha", "--sequence=7", "--record-sha256=ab", "--trust=k"},
		},
		"One of a time.": {
			resources.RestoredBackup{Namespace: "peers", PeerNode: "alpha", At: at, Trust: []string{"k", "l"}},
			[]string{"--namespace=peers", "--peernode=alpha", "--at=2026-11-27T12:00:00Z", "--trust=k", "--trust=l"},
		},
	} {
		in := restored(t)
		in.Backup = c.backup
		args := slices.DeleteFunc(restoreJob(t, in).Spec.Template.Spec.Containers[0].Args, func(arg string) bool {
			flag, _, _ := strings.Cut(arg, "=")
			return !slices.Contains([]string{"--namespace", "--peernode", "--sequence", "--at", "--record-sha256", "--trust"}, flag)
		})
		if diff := cmp.Diff(c.want, args); diff != "" {
			t.Errorf("%s arguments (-want +got):\n%s", name, diff)
		}
	}
}

func TestAFailedRestoreIsToldInItsOwnWords(t *testing.T) {
	pod := func(phase corev1.PodPhase, exitCode int32, message string) *corev1.Pod {
		end := &corev1.ContainerStateTerminated{ExitCode: exitCode, Message: message, Reason: "Error"}
		return &corev1.Pod{Status: corev1.PodStatus{Phase: phase, ContainerStatuses: []corev1.ContainerStatus{
			{Name: "injected", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{}}}, {Name: "restore", State: corev1.ContainerState{Terminated: end}},
		}}}
	}
	if end := resources.RestoreDone(pod(corev1.PodSucceeded, 0, "receipt")); end == nil || end.Message != "receipt" {
		t.Errorf("a restore that is done has ended as %v", end)
	}
	if end := resources.RestoreDone(pod(corev1.PodFailed, 1, "receipt")); end != nil {
		t.Errorf("a restore that failed is done as %v", end)
	}
	if why, failed := resources.RestoreFailure(pod(corev1.PodFailed, 1, "error: it holds data already\n")); !failed || why != "it holds data already" {
		t.Errorf("a restore that failed says %q", why)
	}
}
