// SPDX-License-Identifier: Apache-2.0

package resources_test

import (
	"slices"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/resources"
)

// proofInput is the proof of the PeerBackup of a file.
func proofInput(t *testing.T, name string) resources.ProofInput {
	t.Helper()
	in := backupInput(t, name)
	workload := scenarios["p2p-agent-minimal"].input(t, "p2p-agent-minimal").Workload
	return resources.ProofInput{PeerBackup: in.PeerBackup, PeerNode: in.PeerNode, Workload: workload, Seconds: in.Seconds, Options: in.Options}
}

func TestThePodOfAProofHasNeitherKeyNorTokenNorNetwork(t *testing.T) {
	in := proofInput(t, "proven")
	var job batchv1.Job
	var policy networkingv1.NetworkPolicy
	convert(t, resources.ProofJob(in), &job)
	convert(t, resources.ProofPolicy(in.PeerBackup), &policy)
	spec := job.Spec.Template.Spec
	if !isFalse(spec.AutomountServiceAccountToken) || len(spec.InitContainers) > 0 || *spec.SecurityContext.RunAsUser != in.Workload.User {
		t.Errorf("the pod is %+v", spec)
	}
	for _, v := range spec.Volumes {
		if v.PersistentVolumeClaim == nil && v.EmptyDir == nil || v.PersistentVolumeClaim != nil && v.PersistentVolumeClaim.ClaimName != "proven-proof" {
			t.Errorf("it mounts %+v", v)
		}
	}
	if c := spec.Containers[0]; c.Image != in.PeerNode.Spec.Image || c.VolumeMounts[0].MountPath != in.Workload.DataPath || c.VolumeMounts[0].SubPath != "restored" {
		t.Errorf("it runs %+v", c)
	}
	if len(policy.Spec.Ingress) > 0 || len(policy.Spec.Egress) > 0 || len(policy.Spec.PolicyTypes) != 2 {
		t.Errorf("its policy is %+v", policy.Spec)
	}
	selects := labels.SelectorFromSet(policy.Spec.PodSelector.MatchLabels)
	if !selects.Matches(labels.Set(job.Spec.Template.Labels)) || selects.Matches(labels.Set(names.BackupLabels(in.PeerBackup, names.ComponentBackup))) {
		t.Error("the policy does not hold for the pod of the proof, or also for that of the backup")
	}
}

// What the backup restores on trial is what the proof looks at.
func TestTheVolumeOfAProofIsTheOneThatTheBackupFills(t *testing.T) {
	in := backupInput(t, "proven")
	var job batchv1.Job
	convert(t, resources.BackupJob(in), &job)
	spec := job.Spec.Template.Spec
	mount := slices.IndexFunc(spec.Containers[0].VolumeMounts, func(m corev1.VolumeMount) bool { return m.MountPath == "/proof" })
	if mount < 0 || !slices.Contains(spec.Containers[0].Args, "--trial-restore=/proof") {
		t.Fatalf("the pod of the backup restores nothing: %+v", spec.Containers[0])
	}
	name := spec.Containers[0].VolumeMounts[mount].Name
	if !slices.ContainsFunc(spec.Volumes, func(v corev1.Volume) bool {
		return v.Name == name && v.PersistentVolumeClaim != nil && v.PersistentVolumeClaim.ClaimName == "proven-proof"
	}) {
		t.Errorf("it restores to none of the claims of %+v", spec.Volumes)
	}
}

// Nothing else of the cluster takes the pod for the peer.
func TestThePodOfAProofIsNotThePeer(t *testing.T) {
	in := proofInput(t, "proven")
	var job batchv1.Job
	convert(t, resources.ProofJob(in), &job)
	if labels.SelectorFromSet(names.PodSelector(in.PeerNode.Name)).Matches(labels.Set(job.Spec.Template.Labels)) {
		t.Error("Services and policies of the peer choose it")
	}
}

func TestAScratchVolumeIsAsLargeAsThatOfThePeer(t *testing.T) {
	in := proofInput(t, "proven")
	live := &corev1.PersistentVolumeClaim{}
	live.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("300Gi")}
	var claim corev1.PersistentVolumeClaim
	convert(t, resources.ProofClaim(in.PeerBackup, in.PeerNode, live), &claim)
	if size := claim.Spec.Resources.Requests[corev1.ResourceStorage]; size.String() != "300Gi" {
		t.Errorf("it has %s", size.String())
	}
}

func TestAProofIsToldInTheWordsOfTheSoftware(t *testing.T) {
	pod := func(phase corev1.PodPhase, exitCode int32, message string) *corev1.Pod {
		end := &corev1.ContainerStateTerminated{ExitCode: exitCode, Message: message, Reason: "Error"}
		return &corev1.Pod{Status: corev1.PodStatus{Phase: phase, ContainerStatuses: []corev1.ContainerStatus{{Name: "check", State: corev1.ContainerState{Terminated: end}}}}}
	}
	if end := resources.ProofDone(pod(corev1.PodSucceeded, 0, "root 12ab")); end == nil || end.Message != "root 12ab" {
		t.Errorf("data that are good end as %v", end)
	}
	if why, failed := resources.ProofFailure(pod(corev1.PodFailed, 1, "error: no root\n")); !failed || why != "no root" {
		t.Errorf("data that are not good say %q", why)
	}
}
