// SPDX-License-Identifier: Apache-2.0

package unseal

import (
	"net/netip"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/seal"
)

// Observed is all that a decision looks at. Objects are read past every cache, after the token was reviewed; nil where
// there is none.
type Observed struct {
	Caller Caller
	// Pod is the caller's by its name; StatefulSet and PeerNode are those of the name that the pod belongs to.
	Pod         *corev1.Pod
	StatefulSet *appsv1.StatefulSet
	PeerNode    *v1alpha1.PeerNode
	// Reservation is that of the public key in the envelope.
	Reservation *v1alpha1.PeerIdentityReservation
	// Header is that of the envelope. That it is true shows when the envelope is opened.
	Header seal.Header
	// Source is where the request comes from, the zero Addr where that is not to be looked at.
	Source netip.Addr
}

// Decide returns nil if the caller may have the key in the envelope, or the first reason why not.
func Decide(o Observed) *Refusal {
	for _, check := range []func(Observed) *Refusal{checkPod, checkOwners, checkTemplate, checkPeer, checkReservation, checkMoment, checkSource} {
		if refusal := check(o); refusal != nil {
			return refusal
		}
	}
	return nil
}

func checkPod(o Observed) *Refusal {
	pod := o.Pod
	switch {
	case pod == nil:
		return refuse(PodGone, "there is no pod %s/%s any more", o.Caller.Namespace, o.Caller.Pod)
	case string(pod.UID) != o.Caller.PodUID:
		return refuse(PodGone, "the pod of the token is gone; %s/%s is another one by now", pod.Namespace, pod.Name)
	case pod.DeletionTimestamp != nil:
		return refuse(PodDeleting, "the pod %s/%s is being deleted; its successor gets the key", pod.Namespace, pod.Name)
	case pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed:
		return refuse(PodDeleting, "the pod %s/%s has ended; delete it, and its successor gets the key", pod.Namespace, pod.Name)
	case pod.Spec.ServiceAccountName != o.Caller.ServiceAccount:
		return refuse(WrongServiceAccount, "the pod %s/%s runs under the ServiceAccount %s, the token is that of %s", pod.Namespace, pod.Name, pod.Spec.ServiceAccountName, o.Caller.ServiceAccount)
	}
	return nil
}

// checkOwners follows the chain of controllers by UID, up to the PeerNode.
func checkOwners(o Observed) *Refusal {
	name, ok := o.Caller.PeerNode()
	if !ok {
		return refuse(NotAPeersPod, "no PeerNode has a pod of the name %s; each has one, <peernode>-0", o.Pod.Name)
	}
	set, p := o.StatefulSet, o.PeerNode
	switch {
	case set == nil || !controls(set, "StatefulSet", o.Pod):
		return refuse(NotOfStatefulSet, "the pod %s/%s is not controlled by the StatefulSet %s that exists; delete the pod, the StatefulSet makes another", o.Pod.Namespace, o.Pod.Name, name)
	case p == nil || !controls(p, "PeerNode", set):
		return refuse(NotOfPeerNode, "the StatefulSet %s/%s is not controlled by the PeerNode %s that exists; see the conditions of the PeerNode", set.Namespace, set.Name, name)
	case set.Name != names.Workload(p) || o.Pod.Name != names.Pod(p):
		return refuse(NotAPeersPod, "the pod of the PeerNode %s/%s is %s, not %s", p.Namespace, p.Name, names.Pod(p), o.Pod.Name)
	case set.Spec.Replicas != nil && *set.Spec.Replicas == 0:
		return refuse(Stopped, "the peer is to be stopped: its StatefulSet %s/%s wants no pod", set.Namespace, set.Name)
	}
	return nil
}

// controls reports whether owner, as it exists, is the controller of an object of the same namespace.
func controls(owner metav1.Object, kind string, object metav1.Object) bool {
	ref := metav1.GetControllerOf(object)
	return ref != nil && ref.Kind == kind && ref.Name == owner.GetName() && ref.UID == owner.GetUID() &&
		owner.GetNamespace() == object.GetNamespace()
}

func checkTemplate(o Observed) *Refusal {
	if what := differs(o.Pod.Spec, o.StatefulSet.Spec.Template.Spec); what != "" {
		return refuse(PodChanged, "the pod %s/%s does not run what its StatefulSet says: %s; delete the pod, and see who changes pods in this cluster", o.Pod.Namespace, o.Pod.Name, what)
	}
	return nil
}

// checkPeer compares the envelope with the peer.
func checkPeer(o Observed) *Refusal {
	p, has := o.PeerNode, o.Header.Binding
	want := seal.Binding{Namespace: p.Namespace, PeerNode: p.Name, Role: seal.RoleIdentity, Epoch: has.Epoch}
	if has != want {
		return refuse(WrongPeer, "the envelope is for %s, the pod is that of %s; mount the peer's own envelope", has, want)
	}
	return checkEpoch(p, o.Header)
}

// checkEpoch sees that the key is in use, or the one of before and not compromised, and that it is the one on record.
func checkEpoch(p *v1alpha1.PeerNode, h seal.Header) *Refusal {
	key, latest := onRecord(p, h.Binding.Epoch)
	switch {
	case h.Binding.Epoch > latest, key.Stage == v1alpha1.KeyPending, key.Stage == v1alpha1.KeyPublished:
		return refuse(EpochNotInUse, "the key of %s/%s of epoch %d is not in use yet", p.Namespace, p.Name, h.Binding.Epoch)
	case key.Stage != v1alpha1.KeyActive && key.Stage != v1alpha1.KeyRetiring:
		return refuse(EpochRevoked, "the key of %s/%s of epoch %d is one of before, and is not handed out any more", p.Namespace, p.Name, h.Binding.Epoch)
	case p.Status.Identity != nil && h.Binding.Epoch < p.Status.Identity.MinimumEpoch:
		return refuse(EpochRevoked, "the key of %s/%s of epoch %d is compromised, and is not handed out any more", p.Namespace, p.Name, h.Binding.Epoch)
	case key.PeerID != "" && h.PeerID != key.PeerID:
		return refuse(WrongKey, "the envelope holds the key of peer ID %s, that of %s/%s is %s; somebody has exchanged the Secret", h.PeerID, p.Namespace, p.Name, key.PeerID)
	}
	return nil
}

// onRecord is what is on record of an epoch, and which epoch is the latest. A peer of which no stages are on record yet
// has one key, the one in use.
func onRecord(p *v1alpha1.PeerNode, epoch int64) (key v1alpha1.KeyEpoch, latest int64) {
	id := p.Status.Identity
	if id == nil {
		id = &v1alpha1.PeerIdentityStatus{}
	}
	epochs := id.Epochs
	if len(epochs) == 0 {
		epochs = []v1alpha1.KeyEpoch{{Epoch: max(1, id.Epoch), Stage: v1alpha1.KeyActive, PeerID: id.PeerID}}
	}
	for _, e := range epochs {
		if latest = max(latest, e.Epoch); e.Epoch == epoch {
			key = e
		}
	}
	return key, latest
}

// checkReservation sees that no other PeerNode of the cluster can be running with the key: whose it is says its
// reservation, and one that was deleted says so only to the PeerNode that held it then.
func checkReservation(o Observed) *Refusal {
	p, r := o.PeerNode, o.Reservation
	switch {
	case r == nil || r.Spec.PublicKey != o.Header.PublicKey:
		return refuse(NotReserved, "no PeerIdentityReservation says yet that the identity %s is that of %s/%s; see the conditions of the PeerNode", o.Header.PeerID, p.Namespace, p.Name)
	case !r.Names(p):
		return refuse(ReservedForAnother, "the identity %s is that of %s/%s, as PeerIdentityReservation %s says", o.Header.PeerID, r.Spec.Holder.Namespace, r.Spec.Holder.Name, r.Name)
	case !r.HeldBy(p):
		return refuse(NotReserved, "PeerIdentityReservation %s was deleted before %s/%s was made, and may be another's in a moment", r.Name, p.Namespace, p.Name)
	}
	return nil
}

// checkMoment sees that the init container that should ask is running. The condition PodInitialized would not do: the
// kubelet leaves it True when init containers run again after a restart of the node. As status is reported a little
// late, this may have to be asked again.
func checkMoment(o Observed) *Refusal {
	for _, s := range o.Pod.Status.InitContainerStatuses {
		if s.Name == Container && s.State.Running != nil {
			return nil
		}
	}
	return refuse(NotUnsealing, "the init container %s of the pod %s/%s is not reported as running; a key is handed out while it runs, and not later", Container, o.Pod.Namespace, o.Pod.Name)
}

func checkSource(o Observed) *Refusal {
	if !o.Source.IsValid() {
		return nil
	}
	var addresses []string
	for _, ip := range o.Pod.Status.PodIPs {
		addresses = append(addresses, ip.IP)
	}
	isPod := func(text string) bool {
		addr, err := netip.ParseAddr(text)
		return err == nil && addr.Unmap() == o.Source.Unmap()
	}
	switch {
	case len(addresses) == 0:
		return refuse(AddressUnknown, "the address of the pod %s/%s is not reported yet", o.Pod.Namespace, o.Pod.Name)
	case !slices.ContainsFunc(addresses, isPod):
		return refuse(WrongAddress, "the request comes from %s, the pod %s/%s has %v; where the network hides the addresses of pods, start the unsealer with --check-source-address=false", o.Source, o.Pod.Namespace, o.Pod.Name, addresses)
	}
	return nil
}
