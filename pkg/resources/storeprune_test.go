// SPDX-License-Identifier: Apache-2.0

package resources_test

import (
	"path/filepath"
	"slices"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"

	"github.com/peernode/operator/pkg/resources"
)

// storePrunes is the folder with the stores, and the goldens of what removes old backups from them.
const storePrunes = "testdata/store-prune"

var trusted = []string{"peers/alpha+0a1b2c3d+AXNvbWVib2R5J3MgcHVibGljIGtleSBvZiBFZDI1NTE5", "peers/beta+4e5f6071+AWFub3RoZXIncyBwdWJsaWMga2V5IG9mIEVkMjU1MTk="}

func TestWhatRemovesOldBackupsIsAsShownInTheGoldenFiles(t *testing.T) {
	written := map[string]bool{}
	for name, o := range storeOptions {
		store := storeIn(t, storePrunes, name)
		for what, object := range map[string]any{"job": resources.StorePruneJob(resources.PruneInput{Store: store, Trust: trusted, Keep: []string{"peers/alpha:12"}, Options: o}), "networkpolicy": resources.StorePrunePolicy(store, o)} {
			got, err := yaml.Marshal(object)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(storePrunes, what+"-"+name+".golden.yaml")
			written[path] = true
			compareGolden(t, path, got)
		}
	}
	refuseStale(t, storePrunes, written)
}

// Neither may have the credentials of the other: who writes backups must not be able to remove any.
func TestThePodThatRemovesOldBackupsHasTheCredentialsOfTheJanitorAlone(t *testing.T) {
	for name, o := range storeOptions {
		store := storeIn(t, storePrunes, name)
		var prune, check batchv1.Job
		convert(t, resources.StorePruneJob(resources.PruneInput{Store: store, Trust: trusted, Keep: []string{"peers/alpha:12"}, Options: o}), &prune)
		convert(t, resources.StoreCheckJob(store, o), &check)
		if got := secretsOf(prune); !slices.Equal(got, []string{store.Spec.Retention.Credentials.SecretName}) {
			t.Errorf("%s: who removes old backups has %v", name, got)
		}
		if got := secretsOf(check); !slices.Equal(got, []string{store.Spec.Credentials.SecretName}) {
			t.Errorf("%s: who checks the store has %v", name, got)
		}
		spec := prune.Spec.Template.Spec
		c := spec.Containers[0]
		if !isFalse(spec.AutomountServiceAccountToken) || len(spec.Containers) != 1 || len(c.Env)+len(c.EnvFrom) > 0 || !isTrue(c.SecurityContext.ReadOnlyRootFilesystem) {
			t.Errorf("%s: the pod is %+v", name, spec)
		}
		for _, m := range c.VolumeMounts {
			if !m.ReadOnly {
				t.Errorf("%s: %s is mounted to be written", name, m.Name)
			}
		}
	}
}

func secretsOf(job batchv1.Job) (names []string) {
	for _, v := range job.Spec.Template.Spec.Volumes {
		if v.Secret != nil {
			names = append(names, v.Secret.SecretName)
		}
	}
	return names
}

func TestTheWaysOfACheckAndOfARemovalAreTwo(t *testing.T) {
	store, o := storeIn(t, storePrunes, "full"), storeOptions["full"]
	var prune, check batchv1.Job
	var pruning, checking networkingv1.NetworkPolicy
	convert(t, resources.StorePruneJob(resources.PruneInput{Store: store, Trust: trusted, Keep: []string{"peers/alpha:12"}, Options: o}), &prune)
	convert(t, resources.StoreCheckJob(store, o), &check)
	convert(t, resources.StorePrunePolicy(store, o), &pruning)
	convert(t, resources.StoreCheckPolicy(store, o), &checking)
	for _, c := range []struct {
		policy networkingv1.NetworkPolicy
		pod    corev1.PodTemplateSpec
		want   bool
	}{
		{pruning, prune.Spec.Template, true}, {pruning, check.Spec.Template, false}, {checking, check.Spec.Template, true}, {checking, prune.Spec.Template, false},
	} {
		if got := labels.SelectorFromSet(c.policy.Spec.PodSelector.MatchLabels).Matches(labels.Set(c.pod.Labels)); got != c.want {
			t.Errorf("policy %s holds for %v: %v", c.policy.Name, c.pod.Labels, got)
		}
	}
	if len(pruning.Spec.Ingress) > 0 || len(pruning.Spec.PolicyTypes) != 2 || len(pruning.Spec.Egress) != 2 {
		t.Errorf("the policy is %+v", pruning.Spec)
	}
}

func TestAFailedRemovalIsToldInItsOwnWords(t *testing.T) {
	pod := func(phase corev1.PodPhase, exitCode int32, message string) *corev1.Pod {
		end := &corev1.ContainerStateTerminated{ExitCode: exitCode, Message: message, Reason: "Error"}
		return &corev1.Pod{Status: corev1.PodStatus{Phase: phase, ContainerStatuses: []corev1.ContainerStatus{{Name: "store-prune", State: corev1.ContainerState{Terminated: end}}}}}
	}
	well, badly := pod(corev1.PodSucceeded, 0, "report"), pod(corev1.PodFailed, 1, "error: no bucket\n")
	if end := resources.StorePruneDone(well); end == nil || end.Message != "report" {
		t.Errorf("one that is done has ended as %v", end)
	}
	if why, failed := resources.StorePruneFailure(badly); !failed || why != "no bucket" || resources.StorePruneDone(badly) != nil {
		t.Errorf("one that failed says %q", why)
	}
}
