// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/handover"
	"github.com/peernode/operator/pkg/identity"
	"github.com/peernode/operator/pkg/plan"
	"github.com/peernode/operator/pkg/resources"
	"github.com/peernode/operator/pkg/seal"
	"github.com/peernode/operator/pkg/sealingkey"
)

// sealing is what an unsealer publishes.
var sealing = sync.OnceValue(newSealing)

func newSealing() *sealingkey.Published {
	secret, err := sealingkey.NewSecret("peernode-system", 1, now)
	if err != nil {
		panic(err)
	}
	key, err := sealingkey.Read(secret.Data)
	if err != nil {
		panic(err)
	}
	return new(sealingkey.Ring{key}.Published())
}

// The key that Jobs of these tests make.
const madePeerID = "12D3KooWKyforJFNv4V3o7mDYWVi8qiPfJS1B7MhaxkFXwcNgn8x"

// ordered is a PeerNode whose Job is at work.
func ordered(t *testing.T, spec ...func(*v1alpha1.PeerNode)) *world {
	t.Helper()
	w := guarded(t, spec...)
	w.KeyFree = true
	w.carryOut()
	return w
}

// guarded is a PeerNode that has all that comes before its key.
func guarded(t *testing.T, spec ...func(*v1alpha1.PeerNode)) *world {
	t.Helper()
	w := newborn(t, spec...)
	w.carryOut()
	return w
}

func (w *world) job() *batchv1.Job { return object[*batchv1.Job](w) }

// ends lets the Job end with a condition.
func (w *world) ends(conditionType batchv1.JobConditionType, message string) *world {
	w.job().Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobSuspended, Status: corev1.ConditionFalse}, {Type: conditionType, Status: corev1.ConditionTrue, Message: message}}
	return w
}

// made lets the Job hand over a key, as it was ordered unless changed.
func (w *world) made(change ...func(*seal.Binding, *v1alpha1.IdentityType, *[]seal.Recipient)) *world {
	w.t.Helper()
	binding := seal.Binding{Namespace: "peers", PeerNode: "alpha", Role: seal.RoleIdentity, Epoch: 1}
	keyType, to := v1alpha1.IdentityEd25519, []seal.Recipient{sealing().Recipient}
	for _, c := range change {
		c(&binding, &keyType, &to)
	}
	key, err := identity.New(keyType, strings.NewReader(strings.Repeat("entropy.", 8)))
	if err != nil {
		w.t.Fatal(err)
	}
	envelope, err := seal.Seal(key, binding, to)
	if err != nil {
		w.t.Fatal(err)
	}
	messages, err := handover.Split(envelope, handover.Parts(to))
	if err != nil {
		w.t.Fatal(err)
	}
	return w.handedOver(messages...)
}

// handedOver lets a pod of the Job end well with its messages.
func (w *world) handedOver(messages ...string) *world {
	pod := &corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodSucceeded}}
	for i, message := range messages {
		name := resources.ContainerKeygen
		if i > 0 {
			name = handover.PartName(i + 1)
		}
		pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses,
			corev1.ContainerStatus{Name: name, State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Message: message}}})
	}
	w.KeyPods = append(w.KeyPods, pod)
	return w
}

// tried lets a pod of the Job end badly.
func (w *world) tried(message string) *world {
	w.KeyPods = append(w.KeyPods, &corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodFailed, ContainerStatuses: []corev1.ContainerStatus{
		{Name: "keygen", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1, Message: message}}},
	}}})
	return w
}

func boundTo(peerNode string) func(*seal.Binding, *v1alpha1.IdentityType, *[]seal.Recipient) {
	return func(b *seal.Binding, _ *v1alpha1.IdentityType, _ *[]seal.Recipient) { b.PeerNode = peerNode }
}

func ofType(keyType v1alpha1.IdentityType) func(*seal.Binding, *v1alpha1.IdentityType, *[]seal.Recipient) {
	return func(_ *seal.Binding, t *v1alpha1.IdentityType, _ *[]seal.Recipient) { *t = keyType }
}

func withRecovery(recipients ...string) func(*v1alpha1.PeerNode) {
	return func(p *v1alpha1.PeerNode) { p.Spec.Identity = &v1alpha1.PeerIdentity{RecoveryRecipients: recipients} }
}

var keys = map[string]situation{
	"The unsealer has published nothing.": {
		func(t *testing.T) *world { w := newborn(t); w.Sealing = nil; return w },
		waits("WaitingForUnsealer", "IdentityBound", ""), "the unsealer in namespace peernode-system has not published",
	},
	"What the unsealer published is damaged.": {
		func(t *testing.T) *world {
			w := newborn(t)
			w.Sealing, w.SealingDamage = nil, "ConfigMap peernode-unsealer: recipient: malformed"
			return w
		},
		waits("WaitingForUnsealer", "IdentityBound", ""), "has yet to publish it anew: ConfigMap peernode-unsealer: recipient: malformed",
	},
	"The Job makes the key.": {
		func(t *testing.T) *world { return ordered(t) }, waits("WaitingForKey", "IdentityBound", ""), "Job alpha-identity-1 makes the peer's key",
	},
	"A try of the Job failed.": {
		func(t *testing.T) *world { return ordered(t).tried("error: no entropy") }, waits("WaitingForKey"), "a try of it failed: no entropy",
	},
	"The Job failed.": {
		func(t *testing.T) *world {
			return ordered(t).tried("error: no entropy").ends(batchv1.JobFailed, "backoff limit")
		},
		refused("KeyJobFailed"), "failed (backoff limit); a try of it failed: no entropy. Delete the Job",
	},
	"No node takes the pod of the Job.": {
		func(t *testing.T) *world {
			w := ordered(t)
			w.KeyPods = []*corev1.Pod{{Status: corev1.PodStatus{Conditions: []corev1.PodCondition{
				{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable, Message: "no room"},
			}}}}
			return w
		}, waits("WaitingForNode"), "no room",
	},
	"The image of the companion cannot be pulled.": {
		func(t *testing.T) *world {
			w := ordered(t)
			w.KeyPods = []*corev1.Pod{{Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{
				{Image: "registry.example.com/peer-companion:v1", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ErrImagePull"}}},
			}}}}
			return w
		}, waits("WaitingForImage"), "image registry.example.com/peer-companion:v1 cannot be had",
	},
	"The pod of the Job was lost before it told.": {
		func(t *testing.T) *world { return ordered(t).ends(batchv1.JobComplete, "") }, waits("WaitingForKey"), "was lost before it told",
	},
	"The key is made.": {
		func(t *testing.T) *world { return ordered(t).made() }, waits("WaitingForVolume", "IdentityBound", "False KeyCreated"), "",
	},
	"The recipients have changed while the key was made.": {
		func(t *testing.T) *world {
			return ordered(t).made(func(_ *seal.Binding, _ *v1alpha1.IdentityType, to *[]seal.Recipient) {
				(*to)[0] = newSealing().Recipient
			})
		},
		waits("WaitingForKey"), "made anew",
	},
	"The Job made a key for another peer.": {
		func(t *testing.T) *world { return ordered(t).made(boundTo("beta")) }, refused("KeyJobFailed"), "the envelope is bound to",
	},
	"The Job made a key of another type.": {
		func(t *testing.T) *world { return ordered(t).made(ofType(v1alpha1.IdentitySecp256k1)) }, refused("KeyJobFailed"), "of type Secp256k1, not Ed25519",
	},
	"The Job said something else.": {
		func(t *testing.T) *world { return ordered(t).handedOver("hello") }, refused("KeyJobFailed"), "what Job alpha-identity-1 made is not used",
	},
	"There is a key that somebody restored, and expects.": {
		func(t *testing.T) *world { w := newborn(t, expecting); w.KeyTaken = true; return w }, waits("WaitingForVolume", "IdentityBound", "False KeyCreated"), "",
	},
	"The record of the key was lost with an operator that was killed.": {
		isServing(func(w *world) { w.PeerNode.Status = v1alpha1.PeerNodeStatus{} }), told(serves, settled, settled, "IdentityBound", "True KeyProven"), "",
	},
	"A key that was never proven stays unproven while there is no pod.": {
		isServing(func(w *world) { w.Pod = nil; w.PeerNode.Status.Conditions = nil }), waits("WaitingForPod", "IdentityBound", "False KeyCreated"), "",
	},
	"The unsealer is gone; the peer that runs does without it.": {
		isServing(func(w *world) { w.Sealing = nil }), told(serves, settled, settled), "",
	},
	"The pod asks for its key in vain.": {
		isServing(func(w *world) {
			w.unready().unsealing().State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
			w.Unanswered = true
		}), waits("WaitingForUnsealer"), "the unsealer in namespace peernode-system does not give it",
	},
	"The unsealer was not there when the pod asked.": {
		isServing(func(w *world) {
			w.unready().unsealing().State.Terminated = &corev1.ContainerStateTerminated{ExitCode: 1, Message: "UnsealerUnreachable: no route"}
		}), waits("WaitingForUnsealer"), "no route",
	},
	"The unsealer refuses the pod.": {
		isServing(func(w *world) {
			w.unready().unsealing().State.Terminated = &corev1.ContainerStateTerminated{ExitCode: 1, Message: "EpochRevoked: not any more"}
		}), refused("UnsealRefused"), "EpochRevoked: not any more",
	},
	"The unsealer refused the pod before, and gives the key now.": {
		isServing(func(w *world) {
			w.unready().unsealing().LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: 1, Message: "EpochRevoked: not any more"}
		}), waits("WaitingForPod"), "",
	},
	"The software holds another key than the one on record.": {
		isServing(func(w *world) { w.PeerNode.Status.Identity.PeerID = madePeerID }), told(serves, settled, "True IdentityRefused"), "the peer that is on record is " + madePeerID,
	},
	"The key on record is not sealed.": {
		isServing(func(w *world) { w.PeerNode.Status.Identity.Protection = "" }), told(serves, settled, "True KeyNotSealed"), "Secret alpha-identity-1 holds the peer's key in plaintext",
	},
	"A recovery recipient is none.": {
		func(t *testing.T) *world { return newborn(t, withRecovery("age1qqqq")) }, refused("InvalidRecipient"), "spec.identity.recoveryRecipients[0]",
	},
	"The operator has no image of the companion.": {
		func(t *testing.T) *world { w := newborn(t); w.Options.Resources.CompanionImage = ""; return w }, refused("NoCompanion"), "--companion-image",
	},
	"A Job of somebody else has the name of ours.": {
		func(t *testing.T) *world { w := ordered(t); w.job().Labels = nil; return w }, refused("ForeignObject"), "alpha-identity-1",
	},
}

func TestAKeyIsMadeOnce(t *testing.T) {
	for name, c := range map[string]struct {
		observe func(t *testing.T) *world
		ordered bool
	}{
		"A new PeerNode.":                            {func(t *testing.T) *world { return newborn(t) }, false},
		"Nobody was asked for the Secret.":           {func(t *testing.T) *world { return guarded(t) }, false},
		"There is no Secret.":                        {func(t *testing.T) *world { w := guarded(t); w.KeyFree = true; return w }, true},
		"The Job is at work.":                        {func(t *testing.T) *world { return ordered(t) }, false},
		"The Job has failed.":                        {func(t *testing.T) *world { return ordered(t).ends(batchv1.JobFailed, "") }, false},
		"The key is made.":                           {func(t *testing.T) *world { return ordered(t).made() }, false},
		"The Secret is there.":                       {func(t *testing.T) *world { w := newborn(t); w.KeyTaken = true; return w }, false},
		"Nobody could open it.":                      {func(t *testing.T) *world { w := newborn(t); w.Sealing = nil; return w }, false},
		"The key is on record.":                      {isServing(func(*world) {}), false},
		"The key is on record, and the Secret gone.": {isServing(func(w *world) { w.KeyMissing = true }), false},
		"The key is on record, and all else gone.":   {isServing(func(w *world) { clear(w.Objects) }), false},
		"A pod was made, so there was a key.":        {isServing(func(w *world) { w.PeerNode.Status = v1alpha1.PeerNodeStatus{} }), false},
		"Custom software keeps its own.":             {func(t *testing.T) *world { return newborn(t, custom) }, false},
	} {
		p := c.observe(t).decide()
		got := false
		for _, change := range p.Apply {
			got = got || change.Kind == "Job"
		}
		if got != c.ordered {
			t.Errorf("%s a key is ordered: %v, want %v", name, got, c.ordered)
		}
	}
}

func TestTheServerIsAskedForAKeyOnlyWhileNothingElseTells(t *testing.T) {
	for name, c := range map[string]struct {
		world *world
		want  bool
	}{
		"A new PeerNode has nothing.":           {newborn(t), false},
		"It has its policy.":                    {guarded(t), true},
		"Its Job is at work.":                   {ordered(t), false},
		"Its key is on record.":                 {serving(t), false},
		"Its identity is reserved.":             {returning(t), false},
		"Its pod was made, the record is lost.": {func() *world { w := serving(t); w.PeerNode.Status.Identity = nil; return w }(), false},
	} {
		if got := plan.KeyUnknown(c.world.Observed); got != c.want {
			t.Errorf("%s asked: %v, want %v", name, got, c.want)
		}
	}
	if plan.KeepsKey(newborn(t, custom).Observed) || !plan.KeepsKey(newborn(t).Observed) {
		t.Error("the operator keeps the keys of agents, and not those of custom software")
	}
}

// A pod that starts without its key would wait for it at growing intervals.
func TestNoPodComesBeforeItsKey(t *testing.T) {
	for name, s := range keys {
		w := s.observe(t)
		p := w.decide()
		for _, change := range p.Apply {
			if change.Kind == "StatefulSet" && p.Store == nil && !w.KeyTaken && w.PeerNode.Status.Identity == nil {
				t.Errorf("%s a pod is made, and there is no key", name)
			}
		}
	}
}

func TestTheKeyThatWasMadeIsStoredAndRecorded(t *testing.T) {
	offline := newSealing().Recipient
	w := newborn(t, withRecovery(offline.String()), func(p *v1alpha1.PeerNode) {
		p.Spec.DeletionPolicy = v1alpha1.DeletionPolicy{Data: v1alpha1.RetentionDelete, Keys: v1alpha1.RetentionDelete}
	})
	w.carryOut()
	w.KeyFree = true
	w.carryOut()
	w.made(func(_ *seal.Binding, _ *v1alpha1.IdentityType, to *[]seal.Recipient) { *to = append(*to, offline) })
	secret := w.decide().Store
	if secret == nil || secret.Name != "alpha-identity-1" || secret.Immutable == nil || !*secret.Immutable {
		t.Fatalf("the Secret is %+v", secret)
	}
	if owner := metav1.GetControllerOf(secret); owner == nil || owner.UID != "uid-1" {
		t.Errorf("the key that goes with its PeerNode is owned by %v", owner)
	}
	envelope, err := seal.Read(bytes.NewReader(secret.Data["envelope"]))
	if err != nil {
		t.Fatal(err)
	}
	public, err := envelope.Header().Public()
	if err != nil {
		t.Fatal(err)
	}
	want := recorded()
	want.PeerID, want.PublicKey = public.PeerID(), public.LibP2P()
	want.Epochs[0].PeerID, want.Epochs[0].PublicKey = want.PeerID, want.PublicKey
	if diff := cmp.Diff(want, w.status().Identity); diff != "" {
		t.Errorf("on record (-want +got):\n%s", diff)
	}
	retained := ordered(t).made().decide().Store
	if len(retained.OwnerReferences) > 0 {
		t.Errorf("a key that is retained has the owners %v", retained.OwnerReferences)
	}
}

func TestAJobThatToldNothingIsTakenAway(t *testing.T) {
	for name, c := range map[string]struct {
		world *world
		want  []string
	}{
		"Its pod was lost.":     {ordered(t).ends(batchv1.JobComplete, ""), []string{"alpha-identity-1"}},
		"It is at work.":        {ordered(t), nil},
		"It has failed.":        {ordered(t).ends(batchv1.JobFailed, ""), nil},
		"Its key is stored.":    {ordered(t).made().ends(batchv1.JobComplete, ""), nil},
		"It is nobody's order.": {serving(t), nil},
	} {
		if diff := cmp.Diff(c.want, deleted(c.world.decide())); diff != "" {
			t.Errorf("%s deleted (-want +got):\n%s", name, diff)
		}
	}
}

// While the unsealer publishes nothing, its certificate in the ConfigMap of the peer must not be taken for one that is gone.
func TestPodsKeepKnowingTheUnsealerWhileItIsAway(t *testing.T) {
	w := serving(t)
	w.Sealing = nil
	if got := applied(w.decide()); len(got) > 0 {
		t.Errorf("without the unsealer %v are changed", got)
	}
	w.Sealing = newSealing()
	if diff := cmp.Diff([]string{"ConfigMap alpha-config"}, applied(w.decide())); diff != "" {
		t.Errorf("for another certificate (-want +got):\n%s", diff)
	}
}
