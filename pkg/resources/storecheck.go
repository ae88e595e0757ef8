// SPDX-License-Identifier: Apache-2.0

package resources

import (
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	applybatchv1 "k8s.io/client-go/applyconfigurations/batch/v1"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	applymetav1 "k8s.io/client-go/applyconfigurations/meta/v1"
	applynetworkingv1 "k8s.io/client-go/applyconfigurations/networking/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/names"
)

// ContainerStoreCheck checks a store.
const ContainerStoreCheck = "store-check"

// StoreCheckJob checks a store, and leaves in the termination message of its pod what it found. It tries once: the pod itself
// has patience with a store, and another check follows. One that is evicted is made again. Somebody has ten minutes to read it.
func StoreCheckJob(store *v1alpha1.PeerBackupStore, o Options) *applybatchv1.JobApplyConfiguration {
	labels := names.StoreLabels(store.Name, names.ComponentStoreCheck)
	return applybatchv1.Job(names.StoreCheckJob(store), store.Namespace).
		WithLabels(labels).
		WithOwnerReferences(storeOwner(store)).
		WithSpec(applybatchv1.JobSpec().
			WithCompletions(1).
			WithParallelism(1).
			WithBackoffLimit(0).
			WithActiveDeadlineSeconds(storeDeadline).
			WithPodReplacementPolicy(batchv1.Failed).
			WithPodFailurePolicy(disruptionIsNoFailure()).
			WithTTLSecondsAfterFinished(600).
			WithTemplate(applycorev1.PodTemplateSpec().
				WithLabels(labels).
				WithSpec(storeCheckPod(store, o))))
}

// storeCheckPod has no ServiceAccount of its own, because it has nothing to ask of the API server.
func storeCheckPod(store *v1alpha1.PeerBackupStore, o Options) *applycorev1.PodSpecApplyConfiguration {
	args := append([]string{
		"check-store",
		"--name=" + names.StoreCheckObject(store),
		"--termination-log=" + corev1.TerminationMessagePathDefault,
	}, storeArgs(store)...)
	if len(store.Spec.Recipients) > 0 {
		args = append(args, "--multipart")
	}
	return companionPod(o.HostUsers).
		WithServiceAccountName("default").
		WithVolumes(storeVolumes(store)...).
		WithContainers(companion(ContainerStoreCheck, o.CompanionImage).WithArgs(args...).WithVolumeMounts(storeMounts(store)...))
}

// StoreCheckPolicy opens the way to DNS and to the store for the pods that check it, and no other in either direction.
func StoreCheckPolicy(store *v1alpha1.PeerBackupStore, o Options) *applynetworkingv1.NetworkPolicyApplyConfiguration {
	return applynetworkingv1.NetworkPolicy(names.StoreCheck(store), store.Namespace).
		WithLabels(names.StoreLabels(store.Name, names.ComponentStoreCheck)).
		WithOwnerReferences(storeOwner(store)).
		WithSpec(applynetworkingv1.NetworkPolicySpec().
			WithPodSelector(applymetav1.LabelSelector().WithMatchLabels(names.StoreCheckSelector(store.Name))).
			WithPolicyTypes(networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress).
			WithEgress(dns(o.DNSCIDRs), toURL(store.Spec.Endpoint, store.Spec.AllowTo)))
}

// StoreCheckDone is how the container of a pod of StoreCheckJob ended that did its work, with its message; nil for any other
// pod.
func StoreCheckDone(pod *corev1.Pod) *corev1.ContainerStateTerminated {
	return done(statusesOf(pod, ContainerStoreCheck))
}

// StoreCheckFailure says why a pod of StoreCheckJob failed, false for a pod that has not.
func StoreCheckFailure(pod *corev1.Pod) (string, bool) {
	return failure(pod, statusesOf(pod, ContainerStoreCheck))
}
