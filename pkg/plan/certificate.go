// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"time"

	certmanagerv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/resources"
)

// certificateLook is how often to look at what an issuer says while there is no certificate yet.
const certificateLook = 10 * time.Second

// certificate returns the live Certificate of the API, nil where there is none.
func (o Observed) certificate() *certmanagerv1.Certificate {
	for _, object := range o.Objects {
		if certificate, ok := object.(*certmanagerv1.Certificate); ok {
			return certificate
		}
	}
	return nil
}

// CertificateRequest names the request by which cert-manager asks the issuer for what the Certificate of the API lacks,
// "" while it lacks nothing. A Certificate says that it is being issued; what the issuer says is in its request.
func CertificateRequest(o Observed) types.NamespacedName {
	c := o.certificate()
	if c == nil || holds(c) && c.Status.LastFailureTime == nil {
		return types.NamespacedName{}
	}
	next := 1
	if c.Status.Revision != nil {
		next = *c.Status.Revision + 1
	}
	return types.NamespacedName{Namespace: c.Namespace, Name: fmt.Sprintf("%s-%d", c.Name, next)}
}

// seen reports whether cert-manager has looked at the newest spec. Until then what it said of the one of before is no more
// than old.
func seen(c *certmanagerv1.Certificate) bool {
	return certificateCondition(c, certmanagerv1.CertificateConditionReady).ObservedGeneration >= c.Generation
}

// holds reports whether cert-manager says that the certificate is good for the newest spec.
func holds(c *certmanagerv1.Certificate) bool {
	return certificateCondition(c, certmanagerv1.CertificateConditionReady).Status == cmmeta.ConditionTrue && seen(c)
}

func certificateCondition(c *certmanagerv1.Certificate, conditionType certmanagerv1.CertificateConditionType) certmanagerv1.CertificateCondition {
	for _, is := range c.Status.Conditions {
		if is.Type == conditionType {
			return is
		}
	}
	return certmanagerv1.CertificateCondition{}
}

// certificateReady says whether the API has a certificate, nil where there is no API.
func (p Plan) certificateReady(o Observed, now time.Time) *metav1.Condition {
	was := conditions.Find(o.PeerNode.Status.Conditions, v1alpha1.ConditionCertificateReady)
	if p.Blocked != nil && was.Type != "" {
		return &was // Nothing is done, and nothing was looked at.
	}
	if p.Input.Edge == nil {
		return nil
	}
	if p.PeerNode.Spec.TLS.IssuerRef == nil {
		return p.certificateProvided(o, was)
	}
	is := func(status metav1.ConditionStatus, reason, message string) *metav1.Condition {
		return new(conditions.New(v1alpha1.ConditionCertificateReady, status, reason, message))
	}
	c := o.certificate()
	switch {
	case !o.CertManager:
		return is(metav1.ConditionFalse, v1alpha1.ReasonCertManagerMissing,
			"the API server knows no Certificate of cert-manager.io/v1. Install cert-manager, or name a Secret in spec.tls.secretName")
	case c == nil:
		return is(metav1.ConditionFalse, v1alpha1.ReasonWaitingForCertificate, "cert-manager is being asked for the certificate")
	case !seen(c) && was.Status == metav1.ConditionTrue && !expired(c, now):
		return &was
	case expired(c, now):
		return is(metav1.ConditionFalse, v1alpha1.ReasonCertificateExpired, "the certificate has run out, and cert-manager has not renewed it: "+issuerSays(o, c))
	case holds(c) && c.Status.LastFailureTime != nil:
		return is(metav1.ConditionTrue, v1alpha1.ReasonRenewalFailing, "the certificate holds, and could not be renewed: "+issuerSays(o, c))
	case holds(c):
		return is(metav1.ConditionTrue, v1alpha1.ReasonCertificateIssued, fmt.Sprintf("Secret %s holds what %s %s has signed", c.Spec.SecretName, c.Spec.IssuerRef.Kind, c.Spec.IssuerRef.Name))
	case c.Status.LastFailureTime != nil:
		return is(metav1.ConditionFalse, v1alpha1.ReasonCertificateRefused, issuerSays(o, c)+". cert-manager tries again by itself, after an hour at first")
	default:
		return is(metav1.ConditionFalse, v1alpha1.ReasonWaitingForCertificate, issuerSays(o, c))
	}
}

func expired(c *certmanagerv1.Certificate, now time.Time) bool {
	return c.Status.NotAfter != nil && !now.Before(c.Status.NotAfter.Time)
}

// issuerSays is the last word on a Certificate of whoever has one.
func issuerSays(o Observed, c *certmanagerv1.Certificate) string {
	if r := o.CertificateRequest; r != nil {
		for _, is := range r.Status.Conditions {
			if is.Type == certmanagerv1.CertificateRequestConditionReady && is.Message != "" {
				return fmt.Sprintf("CertificateRequest %s: %s", r.Name, is.Message)
			}
		}
	}
	for _, conditionType := range []certmanagerv1.CertificateConditionType{certmanagerv1.CertificateConditionIssuing, certmanagerv1.CertificateConditionReady} {
		if is := certificateCondition(c, conditionType); is.Message != "" {
			return fmt.Sprintf("Certificate %s: %s", c.Name, is.Message)
		}
	}
	return fmt.Sprintf("Certificate %s: cert-manager has not said anything of it yet", c.Name)
}

// certificateProvided knows of a Secret that the operator does not read by whether the edge serves.
func (p Plan) certificateProvided(o Observed, was metav1.Condition) *metav1.Condition {
	serves, runs := edgeServes(o.Pod)
	switch {
	case runs && serves:
		return new(conditions.New(v1alpha1.ConditionCertificateReady, metav1.ConditionTrue, v1alpha1.ReasonCertificateProvided,
			"the edge serves under the certificate in Secret "+p.PeerNode.Spec.TLS.SecretName))
	case !runs && was.Type != "":
		return &was
	default:
		return new(conditions.New(v1alpha1.ConditionCertificateReady, metav1.ConditionFalse, v1alpha1.ReasonWaitingForCertificate, fmt.Sprintf(
			"the edge has not found a certificate in Secret %s yet, which has to hold tls.crt and tls.key; its log says more", p.PeerNode.Spec.TLS.SecretName)))
	}
}

// edgeServes reports whether the edge of a pod serves, and whether it runs at all.
func edgeServes(pod *corev1.Pod) (serves, runs bool) {
	if pod == nil {
		return false, false
	}
	s := containerOf(pod, resources.ContainerEdge)
	return s.Ready, s.Name != "" && s.State.Running != nil
}

func containerOf(pod *corev1.Pod, name string) corev1.ContainerStatus {
	for _, s := range pod.Status.ContainerStatuses {
		if s.Name == name {
			return s
		}
	}
	return corev1.ContainerStatus{}
}

// edgeWaits tells of a peer that runs while its edge has no certificate, nil where that is not what the pod waits for.
func edgeWaits(o Observed, p Plan, now time.Time) *conditions.Finding {
	serves, runs := edgeServes(o.Pod)
	if p.Input.Edge == nil || !runs || serves || !containerOf(o.Pod, resources.ContainerPeer).Ready {
		return nil
	}
	c := p.certificateReady(o, now)
	if c.Status == metav1.ConditionTrue {
		return conditions.Wait(v1alpha1.ReasonWaitingForCertificate, "the peer runs; its edge has yet to see the certificate, which a kubelet may take two minutes to bring")
	}
	return conditions.Wait(v1alpha1.ReasonWaitingForCertificate, "the peer runs; its API is not served: "+c.Message)
}

// certificateStatus is what cert-manager keeps, nil where it keeps nothing.
func (p Plan) certificateStatus(o Observed) *v1alpha1.PeerCertificateStatus {
	if p.Blocked != nil {
		return o.PeerNode.Status.Certificate.DeepCopy()
	}
	c := o.certificate()
	if p.Input.Edge == nil || c == nil || p.PeerNode.Spec.TLS.IssuerRef == nil || c.Status.NotAfter == nil {
		return nil
	}
	return &v1alpha1.PeerCertificateStatus{SecretName: names.TLS(p.PeerNode), NotAfter: c.Status.NotAfter, RenewalTime: c.Status.RenewalTime}
}

// CertificateDue is when to look at the certificate again though nothing may have happened, the zero time for never.
func (p Plan) CertificateDue(o Observed, now time.Time) time.Time {
	c := o.certificate()
	switch {
	case p.Input.Edge == nil || c == nil:
		return time.Time{}
	case c.Status.NotAfter != nil && now.Before(c.Status.NotAfter.Time) && holds(c):
		return c.Status.NotAfter.Time
	case !holds(c) && c.Status.LastFailureTime == nil:
		return now.Add(certificateLook)
	}
	return time.Time{}
}

// certificateTrouble are the reasons for which a person may be needed.
func certificateTrouble(reason string) bool {
	switch reason {
	case v1alpha1.ReasonCertManagerMissing, v1alpha1.ReasonCertificateRefused, v1alpha1.ReasonCertificateExpired, v1alpha1.ReasonRenewalFailing:
		return true
	}
	return false
}
