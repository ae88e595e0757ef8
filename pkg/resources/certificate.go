// SPDX-License-Identifier: Apache-2.0

package resources

import (
	certmanagerv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	applycertmanagerv1 "github.com/cert-manager/cert-manager/pkg/client/applyconfigurations/certmanager/v1"
	applycertmanagermetav1 "github.com/cert-manager/cert-manager/pkg/client/applyconfigurations/meta/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/names"
)

// keptRequests is how many CertificateRequests cert-manager keeps of one Certificate: the latest, which says how that went.
const keptRequests = 1

// Certificate asks cert-manager for the certificate of the peer's API, nil where there is no API or somebody else keeps
// the certificate. It goes with the PeerNode; its Secret stays, as cert-manager leaves it.
func Certificate(in Input) *applycertmanagerv1.CertificateApplyConfiguration {
	p := in.PeerNode
	if in.Edge == nil || p.Spec.TLS.IssuerRef == nil {
		return nil
	}
	t := p.Spec.TLS
	spec := applycertmanagerv1.CertificateSpec().
		WithSecretName(names.TLS(p)).
		WithIssuerRef(applycertmanagermetav1.IssuerReference().WithName(t.IssuerRef.Name).WithKind(t.IssuerRef.Kind).WithGroup(t.IssuerRef.Group)).
		WithDNSNames(dnsNames(p)...).
		WithDuration(metav1.Duration{Duration: t.Duration.Length()}).
		WithUsages(certmanagerv1.UsageDigitalSignature, certmanagerv1.UsageServerAuth).
		WithPrivateKey(applycertmanagerv1.CertificatePrivateKey().
			WithAlgorithm(certmanagerv1.ECDSAKeyAlgorithm).WithSize(256).
			WithEncoding(certmanagerv1.PKCS8).
			WithRotationPolicy(certmanagerv1.RotationPolicyAlways)).
		WithRevisionHistoryLimit(keptRequests)
	for _, address := range t.IPAddresses {
		spec.WithIPAddresses(string(address))
	}
	if before := t.RenewBefore.Length(); before > 0 {
		spec.WithRenewBefore(metav1.Duration{Duration: before})
	}
	return applycertmanagerv1.Certificate(names.API(p), p.Namespace).
		WithLabels(names.Labels(p, componentAPI)).
		WithOwnerReferences(owner(p)).
		WithSpec(spec)
}

// dnsNames are those in the spec, or else those of the Service.
func dnsNames(p *v1alpha1.PeerNode) []string {
	if len(p.Spec.TLS.DNSNames) > 0 || len(p.Spec.TLS.IPAddresses) > 0 {
		return p.Spec.TLS.DNSNames
	}
	return []string{names.API(p), names.API(p) + "." + p.Namespace, names.Host(names.API(p), p.Namespace)}
}
