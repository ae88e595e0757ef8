// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
)

// foreignClaim is one that somebody else made under the name that the peer needs.
func foreignClaim(w *world) { w.claim().Labels = nil }

var refusals = map[string]situation{
	"A claim of somebody else has the name that is needed.": {
		isServing(func(w *world) { w.unready(); foreignClaim(w) }), refused("ForeignObject"), "PersistentVolumeClaim peers/alpha-data exists and was not made by this operator",
	},
	"A StatefulSet of another peer has the name that is needed.": {
		isServing(func(w *world) { w.unready(); w.set().Labels[v1alpha1.LabelPeerNode] = "beta" }), refused("ForeignObject"), "StatefulSet peers/alpha exists",
	},
	"An object of an earlier PeerNode of this name is still there.": {
		isServing(func(w *world) { w.Pod = nil; w.set().OwnerReferences[0].UID = "uid-0" }), waits("WaitingForPreviousPeerNode"), "is still going away",
	},
	"An object is on its way out.": {
		isServing(func(w *world) { w.Pod = nil; w.set().DeletionTimestamp = &metav1.Time{Time: now} }), waits("WaitingForPreviousPeerNode"), "is still going away",
	},
	"The patch of the pod lifts a safeguard.": {
		isServing(func(w *world) {
			w.unready()
			patchedWith(`{"spec":{"automountServiceAccountToken":true}}`)(w.PeerNode)
		}), refused("InvalidPodTemplate"), "automountServiceAccountToken must stay false",
	},
	"The patch of the pod is wrong; what runs keeps serving.": {
		isServing(func(w *world) { patchedWith(`{"spec":{"nodeSelector":7}}`)(w.PeerNode) }), told(serves, settled, "True InvalidPodTemplate"), "",
	},
	"Neither the spec nor the operator names an image.": {
		func(t *testing.T) *world { return newborn(t, func(p *v1alpha1.PeerNode) { p.Spec.Image = "" }) }, refused("NoImage"), "--default-p2p-agent-image",
	},
	"No software is chosen, whatever admission.": {
		func(t *testing.T) *world {
			return newborn(t, func(p *v1alpha1.PeerNode) { p.Spec.Software = v1alpha1.PeerSoftware{} })
		}, refused("InvalidSoftware", "IdentityBound", ""), "names no software",
	},
	"A probe names a port that does not exist.": {
		func(t *testing.T) *world {
			return newborn(t, custom, func(p *v1alpha1.PeerNode) {
				p.Spec.Software.Custom.Probes.Liveness = &v1alpha1.CustomProbe{TCPSocket: &v1alpha1.TCPSocketProbe{}}
			})
		}, refused("InvalidSoftware"), "spec.software.custom.probes.liveness",
	},
	"The software refuses its key.": {
		isServing(func(w *world) {
			w.unready().identity().State.Terminated = &corev1.ContainerStateTerminated{ExitCode: 1, Message: "bad key"}
		}), refused("IdentityRefused"), "the software refuses its key: exit code 1: bad key",
	},
	"The software refused its key and is asked again.": {
		isServing(func(w *world) {
			w.unready().identity().State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}
			w.identity().LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: 1, Message: "bad key"}
		}), refused("IdentityRefused"), "bad key",
	},
	"The files are more than a ConfigMap holds.": {
		func(t *testing.T) *world { return newborn(t, largeFile) }, refused("FilesTooLarge"), "2097152 bytes of files",
	},
	"The Secret of the recorded key is gone.": {
		isServing(func(w *world) { w.unready(); w.KeyMissing = true }), refused("IdentityMissing"), "Secret alpha-identity-1, which held the peer's key, is gone",
	},
}

// waitsForFleet is a peer of a fleet under another release of the operator.
func waitsForFleet(t *testing.T) *world {
	w := serving(t, ofFleet)
	w.Options.Resources.HostUsers = true
	return w
}

// seesBeta declares beta and observes it.
func seesBeta(other *v1alpha1.PeerNode) func(*testing.T) *world {
	return func(t *testing.T) *world {
		w := newborn(t, declaring("beta")).sees(other)
		w.PeerNode.Status.Identity = recorded()
		w.carryOut()
		w.claim().Status = corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimBound, Capacity: w.claim().Spec.Resources.Requests}
		w.set().Status.ObservedGeneration = 1
		w.Pod = readyPod()
		return w
	}
}

// largeFile gives custom software a file of 2 MiB.
func largeFile(p *v1alpha1.PeerNode) {
	custom(p)
	p.Spec.Software.Custom.Files = []v1alpha1.CustomFile{{Path: "/etc/peer/genesis.json", Content: strings.Repeat("x", 2<<20)}}
}

// peers never keep a peer from serving: a network in which everybody waits for everybody would never start.
var peers = map[string]situation{
	"Every declared peer is known.":   {seesBeta(beta()), told(serves, settled, settled, "PeersResolved", "True AllKnown"), ""},
	"A declared peer does not exist.": {seesBeta(nil), told(serves, settled, settled, "PeersResolved", "False PeerMissing"), ""},
	"A declared peer is where the operator does not look.": {
		func(t *testing.T) *world {
			w := seesBeta(nil)(t)
			w.Options.Namespaces = []string{"elsewhere"}
			return w
		}, told(serves, settled, settled, "PeersResolved", "False PeerNotWatched"), "",
	},
	"A declared peer is on its way out.": {
		seesBeta(beta(func(p *v1alpha1.PeerNode) { p.DeletionTimestamp = &metav1.Time{Time: now} })), told(serves, settled, settled, "PeersResolved", "False PeerMissing"), "",
	},
	"A declared peer does not declare this one.": {
		seesBeta(beta(func(p *v1alpha1.PeerNode) { p.Spec.Network.Peers = nil })), told(serves, settled, settled, "PeersResolved", "False PeerOneSided"), "",
	},
	"A declared peer declares one of this name elsewhere.": {
		seesBeta(beta(func(p *v1alpha1.PeerNode) { p.Spec.Network.Peers[0].Namespace = "elsewhere" })), told(serves, settled, settled, "PeersResolved", "False PeerOneSided"), "",
	},
	"A declared peer has not shown its identity.": {
		seesBeta(beta(func(p *v1alpha1.PeerNode) { p.Status.Identity = nil })), told(serves, settled, settled, "PeersResolved", "False PeerUnknown"), "",
	},
	"A declared peer of custom software has no identity to show.": {
		seesBeta(beta(custom, func(p *v1alpha1.PeerNode) { p.Status.Identity = nil })), told(serves, settled, settled, "PeersResolved", "True AllKnown"), "",
	},
	"The fleet has not let it have its next pod yet.": {waitsForFleet, told(serves, "True WaitingForFleet", settled), "PeerFleet relay has not let it yet"},
	"No peers are declared.":                          {isServing(func(*world) {}), told(serves, settled, settled, "PeersResolved", ""), ""},
}
