// SPDX-License-Identifier: Apache-2.0

package names_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/names"
)

func named(name string) *v1alpha1.PeerNode {
	p := &v1alpha1.PeerNode{}
	p.Name, p.Namespace = name, "peers"
	return p
}

func TestNamesFollowFromThePeerNode(t *testing.T) {
	p := named("alpha")
	got := []string{names.Workload(p), names.Pod(p), names.API(p), names.PeerService(p), names.ExternalAPI(p), names.Config(p), names.Data(p), names.Key(p, 1), names.Key(p, 12), names.Host("alpha", "peers")}
	want := []string{"alpha", "alpha-0", "alpha-api", "alpha-peer", "alpha-api-ext", "alpha-config", "alpha-data", "alpha-identity-1", "alpha-identity-12", "alpha.peers.svc"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}

// longest is the longest name that the rule of the CRD lets through.
var longest = strings.Repeat("a", 52)

func TestTheLongestNameLeavesRoomForEveryObject(t *testing.T) {
	p := named(longest)
	for what, c := range map[string]struct {
		name  string
		valid func(string) []string
	}{
		"Service":                 {names.Workload(p), validation.IsDNS1035Label},
		"Service of the API":      {names.API(p), validation.IsDNS1035Label},
		"Service of the outside":  {names.PeerService(p), validation.IsDNS1035Label},
		"API for the outside":     {names.ExternalAPI(p), validation.IsDNS1035Label},
		"pod, as its host name":   {names.Pod(p), validation.IsDNS1123Label},
		"ConfigMap":               {names.Config(p), validation.IsDNS1123Subdomain},
		"PersistentVolumeClaim":   {names.Data(p), validation.IsDNS1123Subdomain},
		"Secret of a late epoch":  {names.Key(p, 1<<62), validation.IsDNS1123Subdomain},
		"Job of a first key":      {names.KeyJob(p, 1), validation.IsValidLabelValue},
		"Job of a late key":       {names.KeyJob(p, 999_999), validation.IsValidLabelValue},
		"pod, as a label's value": {names.Pod(p), validation.IsValidLabelValue},
		// The StatefulSet controller labels pods and revisions with <name>-<hash of up to 10 characters>.
		"revision of the StatefulSet": {names.Workload(p) + "-" + strings.Repeat("f", 10), validation.IsValidLabelValue},
	} {
		if errs := c.valid(c.name); len(errs) > 0 {
			t.Errorf("%s %q is not valid: %v", what, c.name, errs)
		}
	}
}

// A Job is called as its Secret is, as long as that fits.
func TestTheJobOfAKeyIsCalledLikeItsSecret(t *testing.T) {
	if got := names.KeyJob(named("alpha"), 12); got != "alpha-identity-12" {
		t.Errorf("the Job is called %s", got)
	}
	if got := names.KeyJob(named(longest), 10); got != longest+"-key-10" {
		t.Errorf("the Job of a peer with a long name is called %s", got)
	}
}

func TestOneLetterMoreWouldBreakTheBudget(t *testing.T) {
	revision := longest + "a-" + strings.Repeat("f", 10)
	if len(validation.IsValidLabelValue(revision)) == 0 {
		t.Errorf("%q is a valid label: the rule on metadata.name is stricter than it needs to be", revision)
	}
}

func TestNamesOfOnePeerNodeDiffer(t *testing.T) {
	p := named("alpha")
	seen := map[string]bool{}
	for _, name := range []string{names.Workload(p), names.Pod(p), names.API(p), names.PeerService(p), names.ExternalAPI(p), names.Config(p), names.Data(p), names.Key(p, 1), names.Key(p, 2)} {
		if seen[name] {
			t.Errorf("%q names two things", name)
		}
		seen[name] = true
	}
}

func TestLabelsAreValidAndContainTheSelector(t *testing.T) {
	p := named(longest)
	labels := names.Labels(p, "peer")
	for key, value := range labels {
		if errs := append(validation.IsQualifiedName(key), validation.IsValidLabelValue(value)...); len(errs) > 0 {
			t.Errorf("label %s=%s is not valid: %v", key, value, errs)
		}
	}
	for key, value := range names.Selector(p.Name) {
		if labels[key] != value {
			t.Errorf("the selector wants %s=%s, the labels say %q", key, value, labels[key])
		}
	}
	if labels[v1alpha1.LabelManagedBy] != v1alpha1.ManagedBy {
		t.Error("the operator would not find its own object again")
	}
}

// A tracking label of a GitOps tool, copied down, would make it prune what it did not create.
func TestLabelsAndAnnotationsOfThePeerNodeAreNotCopiedDown(t *testing.T) {
	p := named("alpha")
	p.Labels = map[string]string{"argocd.argoproj.io/instance": "app", v1alpha1.LabelComponent: "mine"}
	want := map[string]string{
		"app.kubernetes.io/name":       "peernode",
		"app.kubernetes.io/instance":   "alpha",
		"app.kubernetes.io/managed-by": "peernode-operator",
		"app.kubernetes.io/component":  "data",
		"peernode.dev/peernode":        "alpha",
	}
	if diff := cmp.Diff(want, names.Labels(p, "data")); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
}

// A StatefulSet's selector can never be changed: this one is for ever.
func TestSelectorIsTheNameAlone(t *testing.T) {
	if diff := cmp.Diff(map[string]string{"peernode.dev/peernode": "alpha"}, names.Selector("alpha")); diff != "" {
		t.Errorf("selector (-want +got):\n%s", diff)
	}
}

func TestOfKeyReadsWhatKeyWrites(t *testing.T) {
	for _, peerNode := range []string{"a", "alpha", "alpha-0", "alpha-identity", "alpha-identity-1", longest} {
		for _, epoch := range []int64{1, 2, 10, 1 << 62} {
			name := names.Key(named(peerNode), epoch)
			if gotPeer, gotEpoch, ok := names.OfKey(name); !ok || gotPeer != peerNode || gotEpoch != epoch {
				t.Errorf("OfKey(%s) = %s, %d, %v; want %s, %d", name, gotPeer, gotEpoch, ok, peerNode, epoch)
			}
		}
	}
}

func TestOfKeyTakesNoNameForWhatItIsNot(t *testing.T) {
	for name, given := range map[string]string{
		"Nothing.":               "",
		"A PeerNode.":            "alpha",
		"Another of its objects": "alpha-data",
		"No epoch.":              "alpha-identity-",
		"No PeerNode.":           "-identity-1",
		"Epoch zero.":            "alpha-identity-0",
		"A negative epoch.":      "alpha-identity--1",
		"A leading zero.":        "alpha-identity-01",
		"A sign.":                "alpha-identity-+1",
		"A word.":                "alpha-identity-one",
		"More than a number.":    "alpha-identity-1-old",
		"An epoch of no size.":   "alpha-identity-99999999999999999999",
	} {
		if peerNode, epoch, ok := names.OfKey(given); ok || peerNode != "" || epoch != 0 {
			t.Errorf("%s OfKey(%q) = %q, %d, %v", name, given, peerNode, epoch, ok)
		}
	}
}

func TestAReservationIsNamedAfterTheKey(t *testing.T) {
	ed25519 := names.Reservation("libp2p", v1alpha1.IdentityEd25519, strings.Repeat("0f", 32))
	if want := "libp2p-ed25519-" + strings.Repeat("0f", 32); ed25519 != want {
		t.Errorf("got %s, want %s", ed25519, want)
	}
	for _, name := range []string{ed25519, names.Reservation(strings.Repeat("n", 32), v1alpha1.IdentitySecp256k1, strings.Repeat("0f", 33))} {
		if errs := validation.IsDNS1123Subdomain(name); len(errs) > 0 {
			t.Errorf("%s is not valid: %v", name, errs)
		}
	}
}
