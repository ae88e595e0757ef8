// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/enforcement"
	"github.com/peernode/operator/pkg/plan"
	"github.com/peernode/operator/pkg/settings"
)

// shown is a word of the probe.
func shown(ingress, egress, sources enforcement.Finding) func(*world) {
	return func(w *world) {
		w.Enforcement = enforcement.Word{Asked: true, Heard: true, Verdict: enforcement.Verdict{Ingress: ingress, Egress: egress, Sources: sources}}
	}
}

// fromRange lets a range of addresses in.
func fromRange(p *v1alpha1.PeerNode) {
	p.Spec.Network.Peer.AllowFrom = []v1alpha1.NetworkPeer{{IPBlock: &v1alpha1.IPBlock{CIDR: "10.0.0.0/8"}}}
}

// policed are situations of a network plugin. A peer serves in all of them.
var policed = map[string]situation{
	"Nobody looks whether NetworkPolicies are enforced.": {
		isServing(func(*world) {}), told(serves, settled, settled, "NetworkPolicyEnforced", "Unknown NotProbed"), "was started without --policy-probe",
	},
	"NetworkPolicies are enforced.": {
		isServing(shown("Yes", "Yes", "Yes")), told(serves, settled, settled, "NetworkPolicyEnforced", "True Enforced"), "in both directions",
	},
	"NetworkPolicies are a wish.": {
		isServing(shown("No", "No", "Yes")), told(serves, settled, settled, "NetworkPolicyEnforced", "False NotEnforced"), "every pod of the cluster reaches every port of the peer",
	},
	"Who comes in is not limited.": {
		isServing(shown("No", "Yes", "Yes")), told(serves, settled, settled, "NetworkPolicyEnforced", "False IngressNotEnforced"), "",
	},
	"Who gets out is not limited.": {
		isServing(shown("Yes", "No", "Yes")), told(serves, settled, settled, "NetworkPolicyEnforced", "False EgressNotEnforced"), "",
	},
	"Source NAT hides pods, and the peer lets in a range of addresses.": {
		isServing(shown("Yes", "Yes", "No"), fromRange), told(serves, settled, settled, "NetworkPolicyEnforced", "False SourceAddressHidden"), "may let in whom they do not name",
	},
	"Source NAT hides pods, and the peer lets in none.": {
		isServing(shown("Yes", "Yes", "No")), told(serves, settled, settled, "NetworkPolicyEnforced", "True Enforced"), "source NAT hides the addresses of pods",
	},
	"The peer lets in a range of addresses.": {
		isServing(shown("Yes", "Yes", "Yes"), fromRange), told(serves, settled, settled, "NetworkPolicyEnforced", "True Enforced"), "arrives with that of a node",
	},
	"The probe cannot be reached.": {
		isServing(shown("", "", "")), told(serves, settled, settled, "NetworkPolicyEnforced", "Unknown ProbeUnreachable"), "look at its pod",
	},
	"The operator has not heard the probe yet.": {
		isServing(func(w *world) {
			shown("Yes", "Yes", "Yes")(w)
			w.PeerNode.Status = w.status()
			w.Enforcement = enforcement.Word{Asked: true}
		}), told(serves, settled, settled, "NetworkPolicyEnforced", "True Enforced"), "in both directions",
	},
}

// The condition is no news of the peer itself: it waits for company, as any small change does, and is then silent.
func TestWhatIsKnownOfTheNetworkIsToldOnce(t *testing.T) {
	w := serving(t)
	before := w.PeerNode.Status
	shown("No", "No", "Yes")(w)
	next := w.status()
	if got, want := plan.ToTell(before, next, now, settings.DefaultSettle), (plan.Telling{After: settings.DefaultSettle}); got != want {
		t.Errorf("at once: %+v, want %+v", got, want)
	}
	if got := plan.ToTell(before, next, now.Add(settings.DefaultSettle), settings.DefaultSettle); !got.Write {
		t.Errorf("in the end: %+v, want a write", got)
	}
	w.PeerNode.Status = next
	if got := plan.ToTell(next, w.status(), now.Add(time.Hour), settings.DefaultSettle); got != (plan.Telling{}) {
		t.Errorf("afterwards: %+v, want silence", got)
	}
}

func TestEventsTellWhenAPeerIsLessClosedThanItsSpecSays(t *testing.T) {
	status := func(status metav1.ConditionStatus, reason string) v1alpha1.PeerNodeStatus {
		return statusOf(serves, settled, settled, known, func(s *v1alpha1.PeerNodeStatus) {
			s.Conditions = append(s.Conditions, conditions.New(v1alpha1.ConditionNetworkPolicyEnforced, status, reason, reason+"!"))
		})
	}
	enforced, not, hidden := status(metav1.ConditionTrue, "Enforced"), status(metav1.ConditionFalse, "NotEnforced"), status(metav1.ConditionFalse, "SourceAddressHidden")
	nobodyKnows := status(metav1.ConditionUnknown, "ProbeUnreachable")
	warning := func(reason string) []conditions.Event {
		return []conditions.Event{{Type: corev1.EventTypeWarning, Reason: reason, Action: "Probe", Message: reason + "!"}}
	}
	for name, c := range map[string]struct {
		before, next v1alpha1.PeerNodeStatus
		want         []conditions.Event
	}{
		"It was never known, and is as it should be.": {up, enforced, nil},
		"It was never known, and is not.":             {up, not, warning("NotEnforced")},
		"It stays as it is.":                          {not, not, nil},
		"It was, and is not any more.":                {enforced, not, warning("NotEnforced")},
		"It is wrong in another way.":                 {not, hidden, warning("SourceAddressHidden")},
		"It is again.":                                {not, enforced, []conditions.Event{{Type: corev1.EventTypeNormal, Reason: "Enforced", Action: "Probe", Message: "Enforced!"}}},
		"Nobody knows any more.":                      {enforced, nobodyKnows, nil},
		"It is known again.":                          {nobodyKnows, enforced, nil},
		"A new peer is told at once.":                 {fresh, not, warning("NotEnforced")},
	} {
		if diff := cmp.Diff(c.want, plan.Events(c.before, c.next)); diff != "" {
			t.Errorf("%s Events (-want +got):\n%s", name, diff)
		}
	}
}
