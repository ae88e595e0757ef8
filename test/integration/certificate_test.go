// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	certmanagerv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/test/builders"
	"github.com/peernode/operator/test/testenv"
)

// by has the certificate of the API signed by an issuer.
func by(issuer v1alpha1.CertificateIssuerReference) func(*v1alpha1.PeerNode) {
	return func(p *v1alpha1.PeerNode) {
		builders.API(p)
		p.Spec.TLS.IssuerRef = &issuer
	}
}

func (s *story) certified(p *v1alpha1.PeerNode) metav1.Condition {
	s.Helper()
	return s.becomes(p, v1alpha1.ConditionCertificateReady, metav1.ConditionTrue, v1alpha1.ReasonCertificateIssued)
}

func TestAnAPIHasACertificateOfCertManager(t *testing.T) {
	s := tell(t)
	p := s.serving("alpha", builders.API)
	s.certified(p)
	secret := &corev1.Secret{}
	s.is("alpha-api-tls", secret)
	certificate := parsed(t, secret.Data[corev1.TLSCertKey])
	if key, ok := certificate.PublicKey.(*ecdsa.PublicKey); !ok || key.Curve != elliptic.P256() {
		t.Errorf("the key is a %T", certificate.PublicKey)
	}
	for _, name := range []string{"alpha-api", "alpha-api." + s.ns, "alpha-api." + s.ns + ".svc"} {
		if err := certificate.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	if told := p.Status.Certificate; told == nil || told.NotAfter == nil || !told.NotAfter.Time.Equal(certificate.NotAfter) || told.RenewalTime == nil {
		t.Errorf("the status tells of %+v, the certificate holds until %s", told, certificate.NotAfter)
	}
	if cells, until := s.cells(p), certificate.NotAfter.Format(time.RFC3339); !slices.Contains(cells, until) {
		t.Errorf("kubectl get -o wide shows %v, want %s among it", cells, until)
	}
	s.settle(quiet)
	s.silent(pause)

	// Without its API the peer needs no certificate; what cert-manager put into a Secret stays, as it does elsewhere.
	s.edit(p, func(p *v1alpha1.PeerNode) { p.Spec.Network.API = v1alpha1.PeerAPI{} })
	s.gone("alpha-api", &certmanagerv1.Certificate{})
	s.eventually(func() error {
		if err := s.get("alpha", p); err != nil {
			return err
		}
		if c := conditions.Find(p.Status.Conditions, v1alpha1.ConditionCertificateReady); c.Type != "" || p.Status.Certificate != nil {
			return fmt.Errorf("it still tells of a certificate: %+v, %+v", c, p.Status.Certificate)
		}
		return nil
	})
}

// cells are what kubectl get -o wide shows of a PeerNode.
func (s *story) cells(p *v1alpha1.PeerNode) []string {
	s.Helper()
	api, err := kubernetes.NewForConfig(env.AdminConfig)
	s.must(err)
	raw, err := api.RESTClient().Get().AbsPath("/apis/peernode.dev/v1alpha1/namespaces", p.Namespace, "peernodes", p.Name).
		SetHeader("Accept", "application/json;as=Table;g=meta.k8s.io;v=v1").DoRaw(s.Context())
	s.must(err)
	var table struct {
		Rows []struct{ Cells []any }
	}
	s.must(json.Unmarshal(raw, &table))
	var out []string
	for _, cell := range table.Rows[0].Cells {
		out = append(out, fmt.Sprint(cell))
	}
	return out
}

func TestACertificateIsRenewedInSilence(t *testing.T) {
	s := tell(t)
	p := s.serving("alpha", builders.API)
	s.certified(p)
	s.settle(quiet)
	secret := &corev1.Secret{}
	s.is("alpha-api-tls", secret)
	before, pod := parsed(t, secret.Data[corev1.TLSCertKey]), s.again("alpha-0", &corev1.Pod{})
	time.Sleep(time.Until(before.NotBefore.Add(2 * time.Second))) // Times in certificates are whole seconds.
	s.renew("alpha-api")
	s.eventually(func() error {
		if err := errors.Join(s.get("alpha", p), s.get("alpha-api-tls", secret)); err != nil {
			return err
		}
		now := parsed(t, secret.Data[corev1.TLSCertKey])
		if now.SerialNumber.Cmp(before.SerialNumber) == 0 || !p.Status.Certificate.NotAfter.Time.Equal(now.NotAfter) {
			return fmt.Errorf("the certificate is %s, the status tells of %+v", now.SerialNumber, p.Status.Certificate)
		}
		return nil
	})
	s.certified(p)
	s.settle(quiet)
	for _, e := range s.eventsOf(p) {
		if strings.Contains(e, "Certificate") || strings.Contains(e, "Renewal") {
			t.Errorf("a renewal without trouble is told as %s", e)
		}
	}
	if now := s.again("alpha-0", &corev1.Pod{}); now.GetUID() != pod.GetUID() {
		t.Error("a renewal replaced the pod")
	}
}

func (s *story) renew(certificate string) {
	s.Helper()
	s.must(testenv.RenewCertificate(s.Context(), env.Admin, client.ObjectKey{Namespace: s.ns, Name: certificate}))
}

func TestAPeerWaitsForAnIssuerThatDoesNotExist(t *testing.T) {
	s := tell(t)
	p := s.create("alpha", by(v1alpha1.CertificateIssuerReference{Name: "late"}))
	s.eventually(func() error {
		c := s.becomes(p, v1alpha1.ConditionCertificateReady, metav1.ConditionFalse, v1alpha1.ReasonWaitingForCertificate)
		if !strings.Contains(c.Message, "not found") {
			return fmt.Errorf("it says %q", c.Message)
		}
		return nil
	})
	s.must(env.Admin.Create(s.Context(), &certmanagerv1.Issuer{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "late"}, Spec: testenv.Issuer().Spec}))
	s.certified(p)
	s.serves(p)

	// A wrong name is corrected as any other field.
	s.edit(p, func(p *v1alpha1.PeerNode) {
		p.Spec.TLS.IssuerRef = &v1alpha1.CertificateIssuerReference{Name: builders.ClusterIssuer, Kind: "ClusterIssuer"}
	})
	s.eventually(func() error {
		if c := s.certified(p); !strings.Contains(c.Message, "ClusterIssuer "+builders.ClusterIssuer) {
			return fmt.Errorf("it says %q", c.Message)
		}
		return nil
	})
}

// elsewhere is an issuer of another group: cert-manager asks it, and takes what it answers.
var elsewhere = v1alpha1.CertificateIssuerReference{Name: "ca", Kind: "Issuer", Group: "issuers.example.com"}

// external is that issuer, as its own controller would be. It has no answer until it is told one.
type external struct {
	mu      sync.Mutex
	refuses string
	valid   time.Duration
}

// tell changes what it answers: a refusal, a certificate that holds for so long, or nothing.
func (e *external) tell(refuses string, valid time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.refuses, e.valid = refuses, valid
}

// issuing has the issuer at work until the story ends.
func (s *story) issuing() *external {
	e := &external{}
	var done sync.WaitGroup
	ctx, stop := context.WithCancel(s.Context())
	done.Go(func() {
		for ctx.Err() == nil {
			e.answerAll(ctx, s.ns)
			time.Sleep(200 * time.Millisecond)
		}
	})
	s.Cleanup(func() { stop(); done.Wait() })
	return e
}

func (e *external) answerAll(ctx context.Context, ns string) {
	list := &certmanagerv1.CertificateRequestList{}
	if err := env.Admin.List(ctx, list, client.InNamespace(ns)); err != nil {
		return // It is asked again.
	}
	for i := range list.Items {
		if r := &list.Items[i]; r.Spec.IssuerRef.Group == elsewhere.Group && e.answer(r) {
			_ = env.Admin.Status().Update(ctx, r) // What is in conflict is answered again.
		}
	}
}

// answer gives a request that is approved its last word, if there is one.
func (e *external) answer(r *certmanagerv1.CertificateRequest) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	has := func(conditionType certmanagerv1.CertificateRequestConditionType) bool {
		return slices.ContainsFunc(r.Status.Conditions, func(c certmanagerv1.CertificateRequestCondition) bool { return c.Type == conditionType })
	}
	if e.refuses == "" && e.valid == 0 || !has(certmanagerv1.CertificateRequestConditionApproved) || has(certmanagerv1.CertificateRequestConditionReady) {
		return false
	}
	now := metav1.Now()
	ready := certmanagerv1.CertificateRequestCondition{
		Type: certmanagerv1.CertificateRequestConditionReady, Status: cmmeta.ConditionFalse, Reason: certmanagerv1.CertificateRequestReasonFailed, Message: e.refuses, LastTransitionTime: &now,
	}
	if e.refuses != "" {
		r.Status.FailureTime = &now
	} else {
		signed, err := sign(r.Spec.Request, e.valid)
		if err != nil {
			return false
		}
		r.Status.Certificate = signed
		ready.Status, ready.Reason = cmmeta.ConditionTrue, certmanagerv1.CertificateRequestReasonIssued
	}
	r.Status.Conditions = append(r.Status.Conditions, ready)
	return true
}

func TestAnIssuerRefusesAndThinksBetterOfIt(t *testing.T) {
	s := tell(t)
	issuer := s.issuing()
	p := s.create("alpha", by(elsewhere))
	s.becomes(p, v1alpha1.ConditionCertificateReady, metav1.ConditionFalse, v1alpha1.ReasonWaitingForCertificate)
	issuer.tell("the quota is used up", 0)
	c := s.becomes(p, v1alpha1.ConditionCertificateReady, metav1.ConditionFalse, v1alpha1.ReasonCertificateRefused)
	if !strings.Contains(c.Message, "the quota is used up") {
		t.Errorf("it says %q", c.Message)
	}
	s.hears(p, "Warning CertificateRefused")
	s.settle(quiet)

	issuer.tell("", time.Hour)
	s.renew("alpha-api")
	s.certified(p)
	s.settle(quiet)

	// A renewal that is refused leaves the certificate as it is.
	issuer.tell("the quota is used up again", 0)
	s.renew("alpha-api")
	s.becomes(p, v1alpha1.ConditionCertificateReady, metav1.ConditionTrue, v1alpha1.ReasonRenewalFailing)
	s.hears(p, "Warning RenewalFailing")
	s.serves(p)
	issuer.tell("", time.Hour)
	s.renew("alpha-api")
	s.certified(p)
}

func TestACertificateRunsOutWhileTheIssuerIsSlow(t *testing.T) {
	s := tell(t)
	issuer := s.issuing()
	issuer.tell("", 30*time.Second)
	p := s.create("alpha", by(elsewhere))
	s.certified(p)
	issuer.tell("", 0)
	s.becomes(p, v1alpha1.ConditionCertificateReady, metav1.ConditionFalse, v1alpha1.ReasonCertificateExpired)
	s.hears(p, "Warning CertificateExpired")
	s.serves(p)
	issuer.tell("", time.Hour)
	s.certified(p)
}

// sign makes the certificate that a request asks for.
func sign(csr []byte, valid time.Duration) ([]byte, error) {
	block, _ := pem.Decode(csr)
	request, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), DNSNames: request.DNSNames,
		NotBefore: time.Now(), NotAfter: time.Now().Add(valid),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, request.PublicKey, key)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}), err
}

// hears waits for an event about a PeerNode.
func (s *story) hears(p *v1alpha1.PeerNode, event string) {
	s.Helper()
	s.eventually(func() error {
		if all := s.eventsOf(p); !slices.Contains(all, event) {
			return fmt.Errorf("%s is not among %v", event, all)
		}
		return nil
	})
}

// eventsOf are those about a PeerNode, each as its type and reason.
func (s *story) eventsOf(p *v1alpha1.PeerNode) []string {
	s.Helper()
	list := &eventsv1.EventList{}
	s.must(env.Admin.List(s.Context(), list, client.InNamespace(s.ns)))
	var out []string
	for _, e := range list.Items {
		if e.Regarding.UID == p.UID {
			out = append(out, e.Type+" "+e.Reason)
		}
	}
	return out
}

func parsed(t *testing.T, raw []byte) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode(raw)
	if block == nil {
		t.Fatalf("%q is no certificate", raw)
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

func TestThePeerOfTheSampleIsServedUnderTLS(t *testing.T) {
	s := tell(t)
	for _, o := range documents(t, "config/samples/p2pagent-tls.yaml", "namespace: peers", "namespace: "+s.ns) {
		s.must(env.Admin.Create(s.Context(), o, strict))
	}
	p := &v1alpha1.PeerNode{}
	s.is("public", p)
	s.certified(p)
	s.serves(p)
	secret := &corev1.Secret{}
	s.is("public-api-tls", secret)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(secret.Data[cmmeta.TLSCAKey])
	if _, err := parsed(t, secret.Data[corev1.TLSCertKey]).Verify(x509.VerifyOptions{Roots: roots, DNSName: "public-api." + s.ns + ".svc"}); err != nil {
		t.Error(err)
	}
}
