// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/plan"
)

// applied are the objects that a plan changes, in its order.
func applied(p plan.Plan) []string {
	var out []string
	for _, c := range p.Apply {
		out = append(out, c.Kind+" "+c.Name)
	}
	return out
}

func deleted(p plan.Plan) []string {
	var out []string
	for _, o := range p.Delete {
		out = append(out, o.GetName())
	}
	return out
}

// What a pod needs is there before the StatefulSet that makes it, the policy above all.
func TestANewPeerGetsItsObjectsInTheOrderOfNeed(t *testing.T) {
	for name, c := range map[string]struct {
		spec []func(*v1alpha1.PeerNode)
		want []string
	}{
		"A p2p-agent.": {nil, []string{
			"ServiceAccount alpha", "ConfigMap alpha-config", "PersistentVolumeClaim alpha-data", "Service alpha", "NetworkPolicy alpha", "PodDisruptionBudget alpha",
		}},
		"A p2p-agent with an API.": {[]func(*v1alpha1.PeerNode){withAPI}, []string{
			"ServiceAccount alpha", "ConfigMap alpha-config", "PersistentVolumeClaim alpha-data", "Service alpha", "Service alpha-api", "NetworkPolicy alpha", "PodDisruptionBudget alpha", "Certificate alpha-api",
		}},
		"A p2p-agent that is exposed.": {[]func(*v1alpha1.PeerNode){balanced}, []string{
			"ServiceAccount alpha", "ConfigMap alpha-config", "PersistentVolumeClaim alpha-data", "Service alpha", "NetworkPolicy alpha", "PodDisruptionBudget alpha", "Service alpha-peer",
		}},
		"Custom software without files.": {[]func(*v1alpha1.PeerNode){custom}, []string{
			"ServiceAccount alpha", "PersistentVolumeClaim alpha-data", "Service alpha", "NetworkPolicy alpha", "PodDisruptionBudget alpha", "StatefulSet alpha",
		}},
	} {
		p := newborn(t, c.spec...).decide()
		if diff := cmp.Diff(c.want, applied(p)); diff != "" {
			t.Errorf("%s objects (-want +got):\n%s", name, diff)
		}
		if len(p.Delete) > 0 || p.Blocked != nil {
			t.Errorf("%s the plan deletes %v and is blocked by %v", name, deleted(p), p.Blocked)
		}
	}
}

func TestAConvergedPeerNeedsNothing(t *testing.T) {
	for name, spec := range map[string][]func(*v1alpha1.PeerNode){
		"A p2p-agent.":             nil,
		"A p2p-agent with an API.": {withAPI},
		"A peer on a node.":        {onNode},
		"A load balancer.":         {exposedAs(corev1.ServiceTypeLoadBalancer, ofClass("a"))},
		"Custom software.":         {custom},
		"A suspended peer.":        {suspended},
		"A patched pod.":           {patchedWith(`{"spec":{"hostNetwork":false,"nodeSelector":{"disk":"fast"}}}`)},
	} {
		p := serving(t, spec...).decide()
		if len(p.Apply) > 0 || len(p.Delete) > 0 || p.Store != nil || p.Blocked != nil {
			t.Errorf("%s the plan applies %v, deletes %v, stores %v, is blocked by %v", name, applied(p), deleted(p), p.Store, p.Blocked)
		}
	}
}

func TestAnEditTouchesOnlyWhatItIsAbout(t *testing.T) {
	for name, c := range map[string]struct {
		spec   []func(*v1alpha1.PeerNode)
		change func(*world)
		apply  []string
		remove []string
	}{
		"An image.":                     {change: func(w *world) { w.PeerNode.Spec.Image = "registry.example.com/p2p-agent:v2" }, apply: []string{"StatefulSet alpha"}},
		"A backup that holds the peer.": {change: heldByDaily, apply: []string{"StatefulSet alpha"}},
		"A suspension.":                 {change: func(w *world) { w.PeerNode.Spec.Suspend = true }, apply: []string{"StatefulSet alpha"}},
		"A number of peers replaces the pod, because the agent reads it at its start.": {
			change: func(w *world) { w.PeerNode.Spec.Software.P2PAgent.MaxPeers = 7 }, apply: []string{"ConfigMap alpha-config", "StatefulSet alpha"},
		},
		"An allowed peer does not, because the agent follows that file.": {
			change: func(w *world) { w.PeerNode.Spec.Software.P2PAgent.AllowedPeers = []v1alpha1.PeerID{peerID} }, apply: []string{"ConfigMap alpha-config"},
		},
		"A declared peer that exists is let in and out and put on the list.": {
			change: func(w *world) { declaring("beta")(w.PeerNode); w.sees(beta()) }, apply: []string{"ConfigMap alpha-config", "NetworkPolicy alpha"},
		},
		"A declared peer that does not exist is let in, for when it comes.": {
			change: func(w *world) { declaring("beta")(w.PeerNode); w.sees(nil) }, apply: []string{"NetworkPolicy alpha"},
		},
		"A declared peer on its way out is nobody's neighbour any more.": {
			change: func(w *world) {
				declaring("beta")(w.PeerNode)
				w.sees(beta(func(p *v1alpha1.PeerNode) { p.DeletionTimestamp = &metav1.Time{Time: now} }))
			}, apply: []string{"NetworkPolicy alpha"},
		},
		"An API is opened.": {
			change: func(w *world) { withAPI(w.PeerNode) },
			apply:  []string{"ConfigMap alpha-config", "Service alpha-api", "Certificate alpha-api", "StatefulSet alpha"},
		},
		"An API is closed.": {
			spec: []func(*v1alpha1.PeerNode){withAPI}, change: func(w *world) { w.PeerNode.Spec.Network.API.Enabled = false },
			apply: []string{"ConfigMap alpha-config", "StatefulSet alpha"}, remove: []string{"alpha-api", "alpha-api"},
		},
		"The names in a certificate replace no pod.": {
			spec: []func(*v1alpha1.PeerNode){withAPI}, change: func(w *world) { w.PeerNode.Spec.TLS.DNSNames = []string{"peer.example.com"} },
			apply: []string{"Certificate alpha-api"},
		},
		"Who may use an API replaces no pod.": {
			spec: []func(*v1alpha1.PeerNode){withAPI}, change: func(w *world) {
				w.PeerNode.Spec.Network.API.AllowFrom = []v1alpha1.NetworkPeer{{IPBlock: &v1alpha1.IPBlock{CIDR: "10.0.0.0/8"}}}
			}, apply: []string{"NetworkPolicy alpha"},
		},
		"A rate of the edge replaces the pod, because the edge reads it at its start.": {
			spec: []func(*v1alpha1.PeerNode){withAPI}, change: func(w *world) {
				w.PeerNode.Spec.Edge = &v1alpha1.PeerEdge{RateLimit: &v1alpha1.EdgeRateLimit{Burst: 7}}
			}, apply: []string{"ConfigMap alpha-config", "StatefulSet alpha"},
		},
		"Another keeps the certificate.": {
			spec: []func(*v1alpha1.PeerNode){withAPI}, change: func(w *world) { w.PeerNode.Spec.TLS = &v1alpha1.PeerTLS{SecretName: "ours"} },
			apply: []string{"StatefulSet alpha"}, remove: []string{"alpha-api"},
		},
		"Without cert-manager nothing is asked of it.": {
			change: func(w *world) { withAPI(w.PeerNode); w.CertManager = false },
			apply:  []string{"ConfigMap alpha-config", "Service alpha-api", "StatefulSet alpha"},
		},
		"An API Service that is going already is not deleted again.": {
			spec: []func(*v1alpha1.PeerNode){withAPI}, change: func(w *world) {
				w.PeerNode.Spec.Network.API.Enabled = false
				for ref, o := range w.Objects {
					if ref.Name == "alpha-api" {
						o.SetDeletionTimestamp(&metav1.Time{Time: now})
					}
				}
			}, apply: []string{"ConfigMap alpha-config", "StatefulSet alpha"},
		},
		"An API Service of somebody else is not deleted.": {
			spec: []func(*v1alpha1.PeerNode){withAPI}, change: func(w *world) {
				w.PeerNode.Spec.Network.API.Enabled = false
				for ref, o := range w.Objects {
					if ref.Name == "alpha-api" {
						o.SetOwnerReferences(nil)
					}
				}
			}, apply: []string{"ConfigMap alpha-config", "StatefulSet alpha"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := serving(t, c.spec...)
			c.change(w)
			p := w.decide()
			if diff := cmp.Diff(c.apply, applied(p)); diff != "" {
				t.Errorf("applied (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.remove, deleted(p)); diff != "" {
				t.Errorf("deleted (-want +got):\n%s", diff)
			}
		})
	}
}

func TestABlockedPlanDoesNothingAtAll(t *testing.T) {
	blocked := 0
	for name, s := range situations() {
		p := s.observe(t).decide()
		if p.Blocked == nil {
			continue
		}
		blocked++
		if len(p.Apply) > 0 || len(p.Delete) > 0 || p.Store != nil {
			t.Errorf("%s the plan is blocked, and applies %v, deletes %v, stores %v", name, applied(p), deleted(p), p.Store)
		}
	}
	if blocked < 6 {
		t.Errorf("only %d situations block the plan", blocked)
	}
}

// A volume is deleted by the finalizer alone, never because a plan has no use for it.
func TestNoPlanDeletesAVolume(t *testing.T) {
	for name, s := range situations() {
		for _, o := range s.observe(t).decide().Delete {
			if _, volume := o.(*corev1.PersistentVolumeClaim); volume {
				t.Errorf("%s the plan deletes %s", name, o.GetName())
			}
		}
	}
}

func TestEveryObjectOfAPlanIsAmongTheOwned(t *testing.T) {
	for name, spec := range map[string]func(*v1alpha1.PeerNode){"p2pAgent": withAPI, "custom": custom, "exposed": balanced} {
		w := newborn(t, spec)
		owned := map[string]bool{}
		for _, ref := range plan.Owned(w.PeerNode) {
			owned[ref.String()] = true
		}
		for _, c := range w.decide().Apply {
			if !owned[c.Ref.String()] {
				t.Errorf("%s: %s is applied and not observed, so it would be made again and again", name, c.Ref)
			}
		}
	}
}
