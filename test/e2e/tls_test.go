// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/test/testenv"
)

// public is the peer of the sample of an API under TLS once it serves, and the authority that signed its certificate.
func public(t *testing.T, ns string, change func(*v1alpha1.PeerNode)) (p *v1alpha1.PeerNode, authority []byte) {
	t.Helper()
	all, err := testenv.Documents("config/samples/p2pagent-tls.yaml", "namespace: peers", "namespace: "+ns)
	must(t, err)
	p = &v1alpha1.PeerNode{}
	for _, o := range all {
		if o.GetKind() == "PeerNode" {
			must(t, runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, p))
			change(p)
			must(t, admin.Create(t.Context(), p))
			continue
		}
		must(t, admin.Create(t.Context(), o))
	}
	awaitReason(t, p, v1alpha1.ConditionCertificateReady, v1alpha1.ReasonCertificateIssued)
	awaitReady(t, p)
	secret := &corev1.Secret{}
	must(t, admin.Get(t.Context(), client.ObjectKey{Namespace: ns, Name: "public-api-tls"}, secret))
	return p, secret.Data[cmmeta.TLSCAKey]
}

// unhurried lets a client ask at a pace that stories stay below.
func unhurried(p *v1alpha1.PeerNode) {
	p.Spec.Edge.RateLimit = &v1alpha1.EdgeRateLimit{RequestsPerMinute: 100_000, Burst: 1000}
}

// Users ask the peer of the sample all the time, half of them over new connections, while its certificate is renewed and the
// kubelet brings the files.
func TestAnAPIIsServedUnderTLSAndItsCertificateRenewedUnnoticed(t *testing.T) {
	ns := namespace(t)
	p, authority := public(t, ns, unhurried)
	u := newUsers(t, (&net.Dialer{}).DialContext, podOf(t, p).Status.PodIP+":8443", "public-api."+ns+".svc", authority)

	answer, first, err := u.ask(u.lasting, "/api/v1/identity")
	must(t, err)
	if !strings.Contains(string(answer), p.Status.Identity.PeerID) {
		t.Errorf("the API says %s, want the peer ID %s", answer, p.Status.Identity.PeerID)
	}
	if _, _, err := u.ask(u.lasting, "/metrics"); err == nil {
		t.Error("the metrics are on the API")
	}

	u.begin()
	begun := time.Now()
	must(t, testenv.RenewCertificate(t.Context(), admin, client.ObjectKey{Namespace: ns, Name: "public-api"}))
	eventually(t, func() error {
		_, now, err := u.ask(u.anew(), "/api/v1/identity")
		if err == nil && now == first {
			err = fmt.Errorf("certificate %s is still served", now)
		}
		return err
	})
	took := time.Since(begun)
	asked, failures := u.end()
	t.Logf("the certificate was renewed and served %s after it was asked for; %d requests meanwhile, %d failed", took.Round(time.Second), asked, len(failures))
	if len(failures) > 0 {
		t.Errorf("requests failed: %v", failures[:min(5, len(failures))])
	}
	if pace := float64(asked) / took.Seconds(); pace < usersPerSecond/2 {
		t.Errorf("only %.0f requests a second were made", pace)
	}
}
