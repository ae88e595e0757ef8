// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/seal"
)

// opener is what opens the keys of peers that do without the unsealer.
const opener = "age1rw9p6halpghnrlprnm5pvvmq0tn7wha2ragtew3yx6kuukwvsuasn8qr30"

func recipientOf(t *testing.T, text string) seal.Recipient {
	t.Helper()
	r, err := seal.ParseRecipient(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func withSecret(p *v1alpha1.PeerNode) {
	p.Spec.Identity = &v1alpha1.PeerIdentity{Direct: &v1alpha1.DirectOpening{Recipient: opener, Secret: &v1alpha1.DirectSecret{Name: "opener-of-alpha"}}}
}

func withCSI(p *v1alpha1.PeerNode) {
	p.Spec.Identity = &v1alpha1.PeerIdentity{Direct: &v1alpha1.DirectOpening{Recipient: opener, CSI: &v1alpha1.DirectCSI{Driver: "csi.example.com", File: "identity.age"}}}
}

// withoutUnsealer is a PeerNode in an installation in which no unsealer publishes anything, and whose Job is at work.
func withoutUnsealer(t *testing.T, spec ...func(*v1alpha1.PeerNode)) *world {
	t.Helper()
	w := newborn(t, spec...)
	w.Sealing = nil
	w.carryOut()
	w.KeyFree = true
	w.carryOut()
	return w
}

// sealedTo lets the Job seal the key to others.
func sealedTo(recipients ...seal.Recipient) func(*seal.Binding, *v1alpha1.IdentityType, *[]seal.Recipient) {
	return func(_ *seal.Binding, _ *v1alpha1.IdentityType, to *[]seal.Recipient) { *to = recipients }
}

// mounting is a pod whose first container was not started yet.
func mounting(w *world) *world {
	w.unready().unsealing().State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "PodInitializing"}}
	w.identity().State = corev1.ContainerState{}
	return w
}

const inEtcd = "True OpenerInSecret"

var directs = map[string]situation{
	"The Job makes a key that the pod will open by itself.": {
		func(t *testing.T) *world { return withoutUnsealer(t, withSecret) }, waits("WaitingForKey", "IdentityInEtcd", inEtcd), "Secret opener-of-alpha opens the peer's key",
	},
	"What opens the key is in no Secret.": {
		func(t *testing.T) *world { return withoutUnsealer(t, withCSI) }, waits("WaitingForKey", "IdentityInEtcd", ""), "",
	},
	"The key is sealed to whom the spec names.": {
		func(t *testing.T) *world { return withoutUnsealer(t, withCSI).made(sealedTo(recipientOf(t, opener))) },
		waits("WaitingForVolume", "IdentityBound", "False KeyCreated"), "",
	},
	"The key was sealed to the unsealer.": {
		func(t *testing.T) *world {
			return withoutUnsealer(t, withCSI).made(sealedTo(sealing().Recipient))
		}, waits("WaitingForKey"), "made anew",
	},
	"There is a retained key that the pod opens by itself.": {
		func(t *testing.T) *world {
			w := newborn(t, withCSI).with(reserved())
			w.Sealing, w.KeyTaken = nil, true
			return w
		},
		waits("WaitingForVolume", "IdentityBound", "False KeyCreated"), "",
	},
	"A peer that opened its key by itself serves.": {
		isServing(func(w *world) { w.Sealing = nil }, withSecret), told(serves, settled, settled, "IdentityInEtcd", inEtcd), "whoever reads etcd, its backups or the Secrets of namespace peers has it",
	},
	"A peer whose key the unsealer opens has nothing in etcd.": {
		isServing(func(*world) {}), told(serves, settled, settled, "IdentityInEtcd", ""), "",
	},
	"The recipient in place of the unsealer is none.": {
		func(t *testing.T) *world {
			return newborn(t, withCSI, func(p *v1alpha1.PeerNode) { p.Spec.Identity.Direct.Recipient = "age1qqqq" })
		}, refused("InvalidRecipient"), "spec.identity.direct.recipient",
	},
	"The Secret that opens the key does not exist.": {
		isServing(func(w *world) { mounting(w).OpenerMissing = true }, withSecret), waits("WaitingForOpener", "IdentityInEtcd", inEtcd), "Secret opener-of-alpha, which spec.identity.direct.secret names",
	},
	"Neither the key nor what opens it is there.": {
		isServing(func(w *world) { mounting(w).OpenerMissing, w.KeyMissing = true, true }, withSecret), refused("IdentityMissing"), "Secret alpha-identity-1",
	},
	"The CSI driver brings nothing.": {
		isServing(func(w *world) { mounting(w).OpenerMissing = true }, withCSI), waits("WaitingForOpener"), "CSI driver csi.example.com",
	},
	"The image of the companion cannot be pulled by a pod with a CSI volume.": {
		isServing(func(w *world) {
			mounting(w).OpenerMissing = true
			w.unsealing().State.Waiting.Reason = "ImagePullBackOff"
		}, withCSI), waits("WaitingForImage"), "image registry.example.com/peer-companion:v1",
	},
	"The pod takes long to open its key by itself.": {
		isServing(func(w *world) {
			w.unready().unsealing().State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
			w.Unanswered = true
		}, withCSI), waits("WaitingForPod"), "",
	},
	"The volume lacks the file.": {
		isServing(func(w *world) {
			w.unready().unsealing().State.Terminated = &corev1.ContainerStateTerminated{ExitCode: 1, Message: "OpenerMissing: no such file"}
		}, withCSI), waits("WaitingForOpener"), "no such file",
	},
	"The private key is none.": {
		isServing(func(w *world) {
			w.unready().unsealing().State.Terminated = &corev1.ContainerStateTerminated{ExitCode: 1, Message: "IdentityUnreadable: this is no private key of age"}
		}, withCSI), refused("UnsealRefused"), "this is no private key of age",
	},
	"The key is sealed to somebody else.": {
		isServing(func(w *world) {
			w.unready().unsealing().State.Terminated = &corev1.ContainerStateTerminated{ExitCode: 1, Message: "EnvelopeNotForUs: none of the private keys"}
		}, withCSI), refused("UnsealRefused"), "EnvelopeNotForUs",
	},
}

func TestADirectKeyIsSealedToItsRecipientAndToThoseWhoRecoverIt(t *testing.T) {
	offline := newSealing().Recipient
	w := withoutUnsealer(t, withCSI, func(p *v1alpha1.PeerNode) {
		p.Spec.Identity.RecoveryRecipients = []string{opener, offline.String()}
	})
	var to []string
	for _, arg := range object[*batchv1.Job](w).Spec.Template.Spec.InitContainers[0].Args {
		if recipient, ok := strings.CutPrefix(arg, "--recipient="); ok {
			to = append(to, recipient)
		}
	}
	if diff := cmp.Diff([]string{opener, offline.String()}, to); diff != "" {
		t.Errorf("sealed to (-want +got):\n%s", diff)
	}
	w.made(sealedTo(recipientOf(t, opener), offline))
	if got := w.status().Identity; got == nil || got.Protection != v1alpha1.ProtectionDirect || got.PeerID == "" {
		t.Errorf("on record is %+v", got)
	}
}

// The unsealer may come, go, or exchange its certificate: those who do without it are left alone.
func TestTheUnsealerDoesNotMatterToAPeerThatDoesWithoutIt(t *testing.T) {
	w := serving(t, withSecret)
	for name, published := range map[string]func(){
		"It publishes nothing.":           func() { w.Sealing = nil },
		"It publishes something else.":    func() { w.Sealing = newSealing() },
		"It publishes what it did first.": func() { w.Sealing = sealing() },
	} {
		published()
		if got := applied(w.decide()); len(got) > 0 {
			t.Errorf("%s changed: %v", name, got)
		}
	}
	if got := len(object[*networkingv1.NetworkPolicy](w).Spec.Egress); got != 1 {
		t.Errorf("%d ways out, want the DNS alone", got)
	}
}
