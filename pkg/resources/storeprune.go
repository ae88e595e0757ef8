// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	applybatchv1 "k8s.io/client-go/applyconfigurations/batch/v1"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	applymetav1 "k8s.io/client-go/applyconfigurations/meta/v1"
	applynetworkingv1 "k8s.io/client-go/applyconfigurations/networking/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/defaults"
	"github.com/peernode/operator/pkg/names"
)

// ContainerStorePrune removes old backups from a store.
const ContainerStorePrune = "store-prune"

// pruneDeadline ends a run that hangs, in seconds. The next one goes on where it was.
const pruneDeadline = 3600

// PruneInput is what the Job that removes old backups follows from.
type PruneInput struct {
	// Store is from where.
	Store *v1alpha1.PeerBackupStore
	// Trust are the public keys of the peers, and Keep the backups that stay whatever the rules say, as NAMESPACE/NAME:NUMBER.
	Trust, Keep []string
	// Options are the operator's own settings.
	Options Options
}

// StorePruneJob removes old backups of the peers whose public keys are given, and leaves in the termination message of its
// pod what it did. It alone has the credentials of spec.retention, and not the store's own. It tries once, as a check does.
func StorePruneJob(in PruneInput) *applybatchv1.JobApplyConfiguration {
	store := in.Store
	labels := names.StoreLabels(store.Name, names.ComponentStorePrune)
	return applybatchv1.Job(names.StorePruneJob(store), store.Namespace).
		WithLabels(labels).
		WithOwnerReferences(storeOwner(store)).
		WithSpec(applybatchv1.JobSpec().
			WithCompletions(1).
			WithParallelism(1).
			WithBackoffLimit(0).
			WithActiveDeadlineSeconds(pruneDeadline).
			WithPodReplacementPolicy(batchv1.Failed).
			WithPodFailurePolicy(disruptionIsNoFailure()).
			WithTTLSecondsAfterFinished(600).
			WithTemplate(applycorev1.PodTemplateSpec().
				WithLabels(labels).
				WithSpec(storePrunePod(in))))
}

func storePrunePod(in PruneInput) *applycorev1.PodSpecApplyConfiguration {
	as := defaults.PeerBackupStore(in.Store)
	as.Spec.Credentials = as.Spec.Retention.Credentials
	args := append([]string{
		"prune",
		"--keep-for=" + string(as.Spec.Retention.KeepFor),
		fmt.Sprintf("--keep-last=%d", as.Spec.Retention.KeepLast),
		"--termination-log=" + corev1.TerminationMessagePathDefault,
	}, storeArgs(as)...)
	for _, key := range in.Trust {
		args = append(args, "--trust="+key)
	}
	for _, sequence := range in.Keep {
		args = append(args, "--keep-sequence="+sequence)
	}
	return companionPod(in.Options.HostUsers).
		WithServiceAccountName("default").
		WithVolumes(storeVolumes(as)...).
		WithContainers(companion(ContainerStorePrune, in.Options.CompanionImage).
			WithArgs(args...).
			WithResources(applycorev1.ResourceRequirements().
				WithRequests(corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("10m"), corev1.ResourceMemory: resource.MustParse("64Mi")}).
				WithLimits(corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("512Mi")})).
			WithVolumeMounts(storeMounts(as)...))
}

// StorePrunePolicy opens the way to DNS and to the store for the pods that remove old backups, and no other in either direction.
func StorePrunePolicy(store *v1alpha1.PeerBackupStore, o Options) *applynetworkingv1.NetworkPolicyApplyConfiguration {
	return applynetworkingv1.NetworkPolicy(names.StorePrune(store), store.Namespace).
		WithLabels(names.StoreLabels(store.Name, names.ComponentStorePrune)).
		WithOwnerReferences(storeOwner(store)).
		WithSpec(applynetworkingv1.NetworkPolicySpec().
			WithPodSelector(applymetav1.LabelSelector().WithMatchLabels(names.StorePruneSelector(store.Name))).
			WithPolicyTypes(networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress).
			WithEgress(dns(o.DNSCIDRs), toURL(store.Spec.Endpoint, store.Spec.AllowTo)))
}

// StorePruneDone is how the container of a pod of StorePruneJob ended that did its work, with its message; nil for any other
// pod.
func StorePruneDone(pod *corev1.Pod) *corev1.ContainerStateTerminated {
	return done(statusesOf(pod, ContainerStorePrune))
}

// StorePruneFailure says why a pod of StorePruneJob failed, false for a pod that has not.
func StorePruneFailure(pod *corev1.Pod) (string, bool) {
	return failure(pod, statusesOf(pod, ContainerStorePrune))
}
