// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/sealingkey"
	"github.com/peernode/operator/test/builders"
)

func TestTheSmallestPeerIsReadyRestrictedAndClosed(t *testing.T) {
	p := agent(t, namespace(t), "alpha")
	awaitReady(t, p)
	if p.Status.Identity == nil || p.Status.Identity.PeerID == "" {
		t.Errorf("the peer has shown no identity: %+v", p.Status.Identity)
	}
	pod := podOf(t, p)
	for _, v := range pod.Spec.Volumes {
		if v.Projected != nil {
			isForTheUnsealerAlone(t, pod, v)
		}
	}
	if pod.Spec.HostUsers == nil || *pod.Spec.HostUsers {
		t.Error("the pod shares the host's user namespace")
	}
	policy := &networkingv1.NetworkPolicy{}
	must(t, admin.Get(t.Context(), client.ObjectKeyFromObject(p), policy))
	if len(policy.Spec.PolicyTypes) != 2 || len(policy.Spec.Ingress) != 0 || len(policy.Spec.Egress) != 2 {
		t.Errorf("want both directions denied but for DNS and the unsealer, got %+v", policy.Spec)
	}
	if out, err := run("kubectl", "logs", "-n", p.Namespace, "alpha-0"); err != nil || out == "" {
		t.Errorf("kubectl logs shows nothing: %v", err)
	}
}

// isForTheUnsealerAlone fails for a volume with a token that the API server would take, and for one that the peer's software
// could read.
func isForTheUnsealerAlone(t *testing.T, pod *corev1.Pod, v corev1.Volume) {
	t.Helper()
	for _, source := range v.Projected.Sources {
		if source.ServiceAccountToken != nil && source.ServiceAccountToken.Audience != sealingkey.Audience {
			t.Errorf("volume %s holds a token for %q: no API token may be near a peer", v.Name, source.ServiceAccountToken.Audience)
		}
	}
	for _, c := range pod.Spec.Containers {
		if slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == v.Name }) {
			t.Errorf("container %s mounts volume %s", c.Name, v.Name)
		}
	}
}

func TestDataSurvivesThePod(t *testing.T) {
	p := agent(t, namespace(t), "alpha")
	awaitReady(t, p)
	before := asked(t, p)
	old := podOf(t, p)
	must(t, admin.Delete(t.Context(), old))
	eventually(t, func() error {
		pod := &corev1.Pod{}
		if err := admin.Get(t.Context(), client.ObjectKeyFromObject(old), pod); err != nil {
			return err
		}
		if pod.UID == old.UID {
			return errStill("the old pod")
		}
		return nil
	})
	awaitReady(t, p)
	after := asked(t, p)
	if after.PeerID != before.PeerID || after.Sequence < before.Sequence || after.Starts != before.Starts+1 {
		t.Errorf("the peer came back as somebody else: before %+v, after %+v", before, after)
	}
}

func TestAVolumeGrowsWithItsDataInPlace(t *testing.T) {
	p := agent(t, namespace(t), "alpha", builders.WithSize("400Mi"))
	awaitReady(t, p)
	before := asked(t, p)
	edit(t, p, builders.WithSize("600Mi"))
	eventually(t, func() error {
		if err := admin.Get(t.Context(), client.ObjectKeyFromObject(p), p); err != nil {
			return err
		}
		if c := p.Status.Storage.Capacity; c == nil || c.Value() < 600<<20 {
			return errStill("the smaller volume")
		}
		return nil
	})
	awaitReady(t, p)
	if after := asked(t, p); after.PeerID != before.PeerID || after.Sequence < before.Sequence {
		t.Errorf("growing lost data: before %+v, after %+v", before, after)
	}
}

func TestASuspendedPeerComesBackAsItself(t *testing.T) {
	p := agent(t, namespace(t), "alpha")
	awaitReady(t, p)
	before := asked(t, p)
	edit(t, p, builders.Suspended)
	awaitReason(t, p, v1alpha1.ConditionReady, v1alpha1.ReasonSuspended)
	gone(t, &corev1.Pod{ObjectMeta: podMeta(p)})
	edit(t, p, func(p *v1alpha1.PeerNode) { p.Spec.Suspend = false })
	awaitReady(t, p)
	if after := asked(t, p); after.PeerID != before.PeerID || after.Sequence < before.Sequence || after.Starts != before.Starts+1 {
		t.Errorf("resumed as somebody else: before %+v, after %+v", before, after)
	}
}

func TestABadImageIsNamedAndItsCorrectionIsAppliedAtOnce(t *testing.T) {
	p := agent(t, namespace(t), "alpha")
	awaitReady(t, p)
	edit(t, p, builders.WithImage("registry.example.invalid/nothing:v1"))
	awaitReason(t, p, v1alpha1.ConditionReady, v1alpha1.ReasonWaitingForImage)
	edit(t, p, builders.WithImage(imageAgent))
	awaitReady(t, p)
}

func TestACrashingPeerShowsItsLastWords(t *testing.T) {
	p := builders.PeerNode(namespace(t), "crash", builders.WithImage(imageSerf), builders.Custom, func(p *v1alpha1.PeerNode) {
		p.Spec.Software.Custom.Args = []string{"agent", "-no-such-flag"}
	})
	must(t, admin.Create(t.Context(), p))
	awaitReason(t, p, v1alpha1.ConditionReady, v1alpha1.ReasonCrashLooping)
	t.Log(p.Status.Conditions[0].Message)
}

func TestALostKeyStopsThePeerAndIsNeverReplaced(t *testing.T) {
	p := agent(t, namespace(t), "alpha")
	awaitReady(t, p)
	id := p.Status.Identity.PeerID
	secret := &corev1.Secret{}
	must(t, admin.Get(t.Context(), client.ObjectKey{Namespace: p.Namespace, Name: p.Status.Identity.SecretName}, secret))
	must(t, admin.Delete(t.Context(), secret.DeepCopy()))
	must(t, admin.Delete(t.Context(), podOf(t, p)))
	awaitReason(t, p, v1alpha1.ConditionStalled, v1alpha1.ReasonIdentityMissing)
	if err := admin.Get(t.Context(), client.ObjectKeyFromObject(secret), &corev1.Secret{}); err == nil {
		t.Fatal("a new key was made in place of the lost one")
	}
	secret.ResourceVersion, secret.UID = "", ""
	must(t, admin.Create(t.Context(), secret))
	// The kubelet tries a missing volume again at growing intervals; a new pod tries at once.
	must(t, admin.Delete(t.Context(), podOf(t, p)))
	awaitReady(t, p)
	if p.Status.Identity.PeerID != id {
		t.Errorf("the peer is %s, it was %s", p.Status.Identity.PeerID, id)
	}
}

// Whoever puts another key under the name of a peer that expects one has stopped it, and not made another peer of it.
func TestAPeerDoesNotStartWithAnotherKeyThanItExpects(t *testing.T) {
	ns := namespace(t)
	p, other := agent(t, ns, "alpha"), agent(t, ns, "beta")
	awaitReady(t, p)
	awaitReady(t, other)
	id := p.Status.Identity.PeerID
	expecting := func(key string) func(*v1alpha1.PeerNode) {
		return func(p *v1alpha1.PeerNode) { p.Spec.Identity = &v1alpha1.PeerIdentity{ExpectedPublicKey: key} }
	}
	edit(t, p, expecting(other.Status.Identity.PublicKey))
	awaitReason(t, p, v1alpha1.ConditionStalled, v1alpha1.ReasonIdentityRefused)
	edit(t, p, expecting(p.Status.Identity.PublicKey))
	awaitReady(t, p)
	if p.Status.Identity.PeerID != id {
		t.Errorf("the peer is %s, it was %s", p.Status.Identity.PeerID, id)
	}
}

func TestASecp256k1KeyIsAKeyToo(t *testing.T) {
	p := agent(t, namespace(t), "alpha", func(p *v1alpha1.PeerNode) {
		p.Spec.Identity = &v1alpha1.PeerIdentity{Type: v1alpha1.IdentitySecp256k1}
	})
	awaitReady(t, p)
	if id := p.Status.Identity.PeerID; !strings.HasPrefix(id, "16Uiu2HA") {
		t.Errorf("peer ID %s is not that of a secp256k1 key", id)
	}
}
