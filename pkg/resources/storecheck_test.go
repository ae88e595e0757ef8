// SPDX-License-Identifier: Apache-2.0

package resources_test

import (
	"os"
	"path/filepath"
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

// storeChecks is the folder with the stores, and the goldens of what checks them.
const storeChecks = "testdata/store-check"

func checkedStore(t *testing.T, name string) *v1alpha1.PeerBackupStore {
	t.Helper()
	return storeIn(t, storeChecks, name)
}

func storeIn(t *testing.T, folder, name string) *v1alpha1.PeerBackupStore {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(folder, name+".store.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	store := &v1alpha1.PeerBackupStore{}
	if err := yaml.UnmarshalStrict(raw, store); err != nil {
		t.Fatal(err)
	}
	return store
}

var storeOptions = map[string]resources.Options{
	"small": {CompanionImage: companionImage},
	"full":  {CompanionImage: companionImage, HostUsers: true, DNSCIDRs: []string{"169.254.20.10/32"}},
}

func TestWhatChecksAStoreIsAsShownInTheGoldenFiles(t *testing.T) {
	written := map[string]bool{}
	for name, o := range storeOptions {
		store := checkedStore(t, name)
		for what, object := range map[string]any{"job": resources.StoreCheckJob(store, o), "networkpolicy": resources.StoreCheckPolicy(store, o)} {
			got, err := yaml.Marshal(object)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(storeChecks, what+"-"+name+".golden.yaml")
			written[path] = true
			compareGolden(t, path, got)
		}
	}
	refuseStale(t, storeChecks, written)
}

func TestThePodThatChecksAStoreHasNothingButItsCredentials(t *testing.T) {
	for name, o := range storeOptions {
		store := checkedStore(t, name)
		var job batchv1.Job
		convert(t, resources.StoreCheckJob(store, o), &job)
		spec := job.Spec.Template.Spec
		if !isFalse(spec.AutomountServiceAccountToken) || !isFalse(spec.EnableServiceLinks) || spec.HostUsers == nil || *spec.HostUsers != o.HostUsers || spec.RestartPolicy != corev1.RestartPolicyNever {
			t.Errorf("%s: the pod is %+v", name, spec)
		}
		c := spec.Containers[0]
		if len(spec.Containers) != 1 || len(c.Env)+len(c.EnvFrom) > 0 || !isTrue(c.SecurityContext.ReadOnlyRootFilesystem) {
			t.Errorf("%s: the container is %+v", name, c)
		}
		for _, m := range c.VolumeMounts {
			if !m.ReadOnly {
				t.Errorf("%s: %s is mounted to be written", name, m.Name)
			}
		}
		for _, v := range spec.Volumes {
			if v.Secret == nil && v.ConfigMap == nil || v.Secret != nil && *v.Secret.DefaultMode&0o077 != 0 {
				t.Errorf("%s: volume %+v", name, v)
			}
		}
	}
}

// By the labels its policy finds the pod, and neither a peer nor a copy of keys is taken for it.
func TestTheWayOfACheckIsOpenForItAlone(t *testing.T) {
	store := checkedStore(t, "full")
	var job batchv1.Job
	var policy networkingv1.NetworkPolicy
	convert(t, resources.StoreCheckJob(store, storeOptions["full"]), &job)
	convert(t, resources.StoreCheckPolicy(store, storeOptions["full"]), &policy)
	selects := labels.SelectorFromSet(policy.Spec.PodSelector.MatchLabels)
	if !selects.Matches(labels.Set(job.Spec.Template.Labels)) {
		t.Error("the policy does not hold for the pod that checks")
	}
	in := scenarios["key-copies"].input(t, "key-copies")
	if selects.Matches(labels.Set(keyCopyJob(t, "s3").Spec.Template.Labels)) || selects.Matches(labels.Set(names.Labels(in.PeerNode, names.ComponentPeer))) {
		t.Error("the policy holds for pods of a peer")
	}
	if len(policy.Spec.Ingress) > 0 || len(policy.Spec.PolicyTypes) != 2 || len(policy.Spec.Egress) != 2 {
		t.Errorf("the policy is %+v", policy.Spec)
	}
}

func TestAFailedCheckIsToldInItsOwnWords(t *testing.T) {
	pod := func(phase corev1.PodPhase, exitCode int32, message string) *corev1.Pod {
		end := &corev1.ContainerStateTerminated{ExitCode: exitCode, Message: message, Reason: "Error"}
		return &corev1.Pod{Status: corev1.PodStatus{Phase: phase, ContainerStatuses: []corev1.ContainerStatus{
			{Name: "injected", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{}}}, {Name: "store-check", State: corev1.ContainerState{Terminated: end}},
		}}}
	}
	well, badly := pod(corev1.PodSucceeded, 0, "report"), pod(corev1.PodFailed, 1, "error: no bucket\n")
	if end := resources.StoreCheckDone(well); end == nil || end.Message != "report" {
		t.Errorf("a check that is done has ended as %v", end)
	}
	if why, failed := resources.StoreCheckFailure(well); failed {
		t.Errorf("a check that is done has failed: %s", why)
	}
	if why, failed := resources.StoreCheckFailure(badly); !failed || why != "no bucket" || resources.StoreCheckDone(badly) != nil {
		t.Errorf("a check that failed says %q", why)
	}
}
