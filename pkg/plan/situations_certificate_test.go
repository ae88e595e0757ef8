// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"
	"time"

	certmanagerv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/plan"
)

// provided has the certificate from a Secret that somebody else keeps.
func provided(p *v1alpha1.PeerNode) {
	withAPI(p)
	p.Spec.TLS = &v1alpha1.PeerTLS{SecretName: "ours"}
}

// withEdge gives the pod the container of an edge, which serves or not.
func (w *world) withEdge(serves bool) *world {
	w.Pod.Status.ContainerStatuses = append(w.Pod.Status.ContainerStatuses, corev1.ContainerStatus{
		Name: "edge", Image: "registry.example.com/peer-companion:v1", Ready: serves, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}},
	})
	if !serves {
		w.Pod.Status.Conditions[1].Status = corev1.ConditionFalse
	}
	return w
}

// issued lets cert-manager say that the certificate holds for a month.
func (w *world) issued() *certmanagerv1.Certificate {
	c := object[*certmanagerv1.Certificate](w)
	c.Status = certmanagerv1.CertificateStatus{
		Revision: new(1), NotAfter: &metav1.Time{Time: now.Add(720 * time.Hour)}, RenewalTime: &metav1.Time{Time: now.Add(480 * time.Hour)},
		Conditions: []certmanagerv1.CertificateCondition{{Type: "Ready", Status: cmmeta.ConditionTrue, ObservedGeneration: 1, Message: "up to date"}},
	}
	return c
}

// asked lets cert-manager say that it has asked the issuer, who says something.
func (w *world) asked(says string) *certmanagerv1.Certificate {
	c := object[*certmanagerv1.Certificate](w)
	c.Status = certmanagerv1.CertificateStatus{Conditions: []certmanagerv1.CertificateCondition{
		{Type: "Issuing", Status: cmmeta.ConditionTrue, ObservedGeneration: 1, Message: "Issuing certificate as Secret does not exist"},
		{Type: "Ready", Status: cmmeta.ConditionFalse, ObservedGeneration: 1, Message: "Issuing certificate as Secret does not exist"},
	}}
	w.answered(says)
	return c
}

// answered is what the issuer says of the request.
func (w *world) answered(says string) {
	w.CertificateRequest = &certmanagerv1.CertificateRequest{ObjectMeta: metav1.ObjectMeta{Name: "alpha-api-1"}, Status: certmanagerv1.CertificateRequestStatus{
		Conditions: []certmanagerv1.CertificateRequestCondition{{Type: "Approved"}, {Type: "Ready", Status: cmmeta.ConditionFalse, Message: says}},
	}}
}

var certificates = map[string]situation{
	"The API has a certificate.": {
		isServing(func(w *world) { w.withEdge(true).issued() }, withAPI), told(serves, settled, settled, "CertificateReady", "True CertificateIssued"), "what Issuer ca has signed",
	},
	"There is no API, so there is no certificate.": {
		isServing(func(w *world) { w.PeerNode.Spec.Network.API.Enabled = false }, withAPI), told(serves, "True WaitingForRevision", settled, "CertificateReady", ""), "",
	},
	"The certificate was asked for a moment ago.": {
		isServing(func(w *world) { w.withEdge(false) }, withAPI),
		waits("WaitingForCertificate", "CertificateReady", "False WaitingForCertificate"), "cert-manager has not said anything of it yet",
	},
	"The Certificate is yet to be made.": {
		func(t *testing.T) *world { return newborn(t, withAPI) }, waits("WaitingForKey", "CertificateReady", "False WaitingForCertificate"), "cert-manager is being asked",
	},
	"The issuer does not exist.": {
		isServing(func(w *world) { w.withEdge(false).asked(`Referenced "Issuer" not found`) }, withAPI),
		waits("WaitingForCertificate", "CertificateReady", "False WaitingForCertificate"), `the peer runs; its API is not served: CertificateRequest alpha-api-1: Referenced "Issuer" not found`,
	},
	"The issuer is slow, and there is no request yet.": {
		isServing(func(w *world) { w.withEdge(false).asked(""); w.CertificateRequest = nil }, withAPI),
		waits("WaitingForCertificate", "CertificateReady", "False WaitingForCertificate"), "Certificate alpha-api: Issuing certificate as Secret does not exist",
	},
	"The issuer refuses.": {
		isServing(func(w *world) {
			c := w.withEdge(false).asked("the issuer says no")
			c.Status.LastFailureTime = &metav1.Time{Time: now}
		}, withAPI), waits("WaitingForCertificate", "CertificateReady", "False CertificateRefused"), "the issuer says no. cert-manager tries again by itself",
	},
	"There is no cert-manager.": {
		isServing(func(w *world) {
			w.withEdge(false).CertManager = false
			for ref := range w.Objects {
				if ref.Kind == "Certificate" {
					delete(w.Objects, ref)
				}
			}
		}, withAPI), waits("WaitingForCertificate", "CertificateReady", "False CertManagerMissing"), "Install cert-manager",
	},
	"The kubelet has yet to bring the certificate.": {
		isServing(func(w *world) { w.withEdge(false).issued() }, withAPI),
		waits("WaitingForCertificate", "CertificateReady", "True CertificateIssued"), "its edge has yet to see the certificate",
	},
	"The peer itself is not ready; that comes first.": {
		isServing(func(w *world) { w.unready().withEdge(false) }, withAPI), waits("WaitingForPod", "CertificateReady", "False WaitingForCertificate"), "does not report ready yet",
	},
	"The first certificate is for the names of before.": {
		isServing(func(w *world) { w.withEdge(true).issued().Generation = 2 }, withAPI),
		told(serves, settled, settled, "CertificateReady", "False WaitingForCertificate"), "",
	},
	"cert-manager has not looked at the newest names yet; what it said holds.": {
		isServing(func(w *world) {
			w.withEdge(true).issued()
			w.PeerNode.Status = w.status()
			object[*certmanagerv1.Certificate](w).Generation = 2
		}, withAPI), told(serves, settled, settled, "CertificateReady", "True CertificateIssued"), "",
	},
	"The certificate does not have the newest names.": {
		isServing(func(w *world) {
			w.withEdge(true).issued()
			w.PeerNode.Status = w.status()
			c := w.asked("")
			c.Generation, c.Status.Conditions[1].ObservedGeneration = 2, 2
		}, withAPI), told(serves, settled, settled, "CertificateReady", "False WaitingForCertificate"), "",
	},
	"The certificate holds, and cannot be renewed.": {
		isServing(func(w *world) {
			w.withEdge(true).issued().Status.LastFailureTime = &metav1.Time{Time: now}
			w.answered("quota exceeded")
		}, withAPI), told(serves, settled, settled, "CertificateReady", "True RenewalFailing"), "",
	},
	"The certificate has run out.": {
		isServing(func(w *world) { w.withEdge(true).issued().Status.NotAfter = &metav1.Time{Time: now} }, withAPI),
		told(serves, settled, settled, "CertificateReady", "False CertificateExpired"), "",
	},
	"Somebody else keeps the certificate, and the edge has it.": {
		isServing(func(w *world) { w.withEdge(true) }, provided), told(serves, settled, settled, "CertificateReady", "True CertificateProvided"), "",
	},
	"Somebody else keeps the certificate, and the edge does not find it.": {
		isServing(func(w *world) { w.withEdge(false) }, provided),
		waits("WaitingForCertificate", "CertificateReady", "False WaitingForCertificate"), "has not found a certificate in Secret ours yet",
	},
	"The edge has not been seen since; what was known of its Secret holds.": {
		isServing(func(w *world) {
			w.withEdge(true)
			w.PeerNode.Status = w.status()
			w.Pod = nil
		}, provided), waits("WaitingForPod", "CertificateReady", "True CertificateProvided"), "",
	},
	"What was known of a certificate holds while nothing may be done.": {
		isServing(func(w *world) {
			w.withEdge(true).issued()
			w.PeerNode.Status = w.status()
			foreignClaim(w)
		}, withAPI), told(serves, settled, "True ForeignObject", "CertificateReady", "True CertificateIssued"), "",
	},
	"An older operator let an API be without TLS.": {
		isServing(func(w *world) { w.PeerNode.Spec.Network.API.Enabled = true }), told(serves, settled, "True NoTLS"), "",
	},
	"The edge cannot serve what the software has.": {
		isServing(func(w *world) { w.unready(); withAPI(w.PeerNode) }, custom), refused("InvalidEdge"), "spec.edge: routes: is empty",
	},
	"The operator has no image of the edge.": {
		isServing(func(w *world) {
			w.unready()
			withAPI(w.PeerNode)
			w.Options.Resources.CompanionImage = ""
		}, custom), refused("NoCompanion"), "nothing can serve the API",
	},
}

func TestTheStatusShowsTheCertificateThatCertManagerKeeps(t *testing.T) {
	w := serving(t, withAPI)
	w.withEdge(true).issued()
	want := &v1alpha1.PeerCertificateStatus{SecretName: "alpha-api-tls", NotAfter: &metav1.Time{Time: now.Add(720 * time.Hour)}, RenewalTime: &metav1.Time{Time: now.Add(480 * time.Hour)}}
	if diff := cmp.Diff(want, w.status().Certificate); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	w.PeerNode.Spec.Network.API.Enabled = false
	if got := w.status().Certificate; got != nil {
		t.Errorf("without an API it still shows %+v", got)
	}
}

func TestTheIssuerIsAskedOnlyWhileACertificateIsMissing(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(w *world)
		request string
		due     time.Duration // 0 for never
	}{
		"It holds.":                     {func(w *world) { w.issued() }, "", 720 * time.Hour},
		"It is being made.":             {func(w *world) { w.asked("") }, "alpha-api-1", 10 * time.Second},
		"It was refused.":               {func(w *world) { w.asked("").Status.LastFailureTime = &metav1.Time{Time: now} }, "alpha-api-1", 0},
		"It holds, and is not renewed.": {func(w *world) { w.issued().Status.LastFailureTime = &metav1.Time{Time: now} }, "alpha-api-2", 720 * time.Hour},
		"It has run out.":               {func(w *world) { w.issued().Status.NotAfter = &metav1.Time{Time: now} }, "", 0},
	} {
		w := serving(t, withAPI)
		c.change(w)
		if got := plan.CertificateRequest(w.Observed).Name; got != c.request {
			t.Errorf("%s it asks for %q, want %q", name, got, c.request)
		}
		want := time.Time{}
		if c.due > 0 {
			want = now.Add(c.due)
		}
		if got := w.decide().CertificateDue(w.Observed, now); !got.Equal(want) {
			t.Errorf("%s it looks again at %s, want %s", name, got, want)
		}
	}
}

func TestTroubleWithACertificateIsAnEventOnce(t *testing.T) {
	w := serving(t, withAPI)
	w.withEdge(true).issued()
	good := w.status()
	w.issued().Status.NotAfter = &metav1.Time{Time: now}
	bad := w.status()
	for name, c := range map[string]struct {
		before, next v1alpha1.PeerNodeStatus
		want         []string
	}{
		"It runs out.":     {good, bad, []string{"Warning CertificateExpired"}},
		"It is as before.": {bad, bad, nil},
		"It is renewed.":   {bad, good, []string{"Normal CertificateIssued"}},
		"It goes well.":    {good, good, nil},
	} {
		var got []string
		for _, e := range plan.Events(c.before, c.next) {
			got = append(got, e.Type+" "+e.Reason)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s events (-want +got):\n%s", name, diff)
		}
	}
	if !plan.ToTell(good, bad, now, time.Hour).Write {
		t.Error("a certificate that has run out is held back")
	}
	if c := conditions.Find(bad.Conditions, v1alpha1.ConditionReady); c.Status != metav1.ConditionTrue {
		t.Errorf("the peer is not ready for a certificate that has run out: %+v", c)
	}
}
