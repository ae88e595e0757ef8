// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	certmanagerv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/test/testenv"
)

// The sample of a peer with an API is applied as it is, but for a rate that the story stays below. Users ask it all the time,
// half of them over new connections, while its certificate is renewed and the kubelet brings the files.
func TestAnAPIIsServedUnderTLSAndItsCertificateRenewedUnnoticed(t *testing.T) {
	ns := namespace(t)
	raw, err := os.ReadFile(filepath.Join(testenv.Root(), "config", "samples", "p2pagent-tls.yaml"))
	must(t, err)
	text := strings.NewReplacer("namespace: peers", "namespace: "+ns, "rateLimit: {requestsPerMinute: 600, burst: 50, banFor: 10m}", "rateLimit: {requestsPerMinute: 100000, burst: 1000}").Replace(string(raw))
	for document := range strings.SplitSeq(text, "\n---\n") {
		o := &unstructured.Unstructured{}
		must(t, yaml.UnmarshalStrict([]byte(document), &o.Object))
		must(t, admin.Create(t.Context(), o))
	}
	p := &v1alpha1.PeerNode{}
	must(t, admin.Get(t.Context(), client.ObjectKey{Namespace: ns, Name: "public"}, p))
	awaitReason(t, p, v1alpha1.ConditionCertificateReady, v1alpha1.ReasonCertificateIssued)
	awaitReady(t, p)
	secret := &corev1.Secret{}
	must(t, admin.Get(t.Context(), client.ObjectKey{Namespace: ns, Name: "public-api-tls"}, secret))
	u := newUsers(t, podOf(t, p), "public-api."+ns+".svc", secret.Data[cmmeta.TLSCAKey])

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
	c := &certmanagerv1.Certificate{}
	must(t, admin.Get(t.Context(), client.ObjectKey{Namespace: ns, Name: "public-api"}, c))
	c.Status.Conditions = append(c.Status.Conditions, certmanagerv1.CertificateCondition{
		Type: certmanagerv1.CertificateConditionIssuing, Status: cmmeta.ConditionTrue, Reason: "ManuallyTriggered", ObservedGeneration: c.Generation,
	})
	must(t, admin.Status().Update(t.Context(), c))
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

// usersPerSecond is how many requests users make together.
const usersPerSecond = 50

// users ask an API on the node, half of them over connections that last.
type users struct {
	address string
	config  *tls.Config
	lasting *http.Client

	mu       sync.Mutex
	asked    int
	failures []string
	stop     chan struct{}
	asking   sync.WaitGroup
}

func newUsers(t *testing.T, pod *corev1.Pod, name string, ca []byte) *users {
	t.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		t.Fatalf("%q is no certificate of an authority", ca)
	}
	u := &users{address: "https://" + pod.Status.PodIP + ":8443", config: &tls.Config{RootCAs: roots, ServerName: name, MinVersion: tls.VersionTLS13}, stop: make(chan struct{})}
	u.lasting = &http.Client{Transport: &http.Transport{TLSClientConfig: u.config}, Timeout: 10 * time.Second}
	return u
}

// anew is a user with a connection of their own.
func (u *users) anew() *http.Client {
	return &http.Client{Transport: &http.Transport{TLSClientConfig: u.config, DisableKeepAlives: true}, Timeout: 10 * time.Second}
}

// ask returns the answer and the serial number of the certificate under which it came.
func (u *users) ask(client *http.Client, path string) ([]byte, string, error) {
	response, err := client.Get(u.address + path)
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, answer)
	}
	return answer, response.TLS.PeerCertificates[0].SerialNumber.String(), err
}

// begin has users ask until end.
func (u *users) begin() {
	u.asking.Go(func() {
		ticker := time.NewTicker(time.Second / usersPerSecond)
		defer ticker.Stop()
		for i := 0; ; i++ {
			select {
			case <-u.stop:
				return
			case <-ticker.C:
			}
			client := u.lasting
			if i%2 == 0 {
				client = u.anew()
			}
			u.asking.Go(func() { u.once(client) })
		}
	})
}

func (u *users) once(client *http.Client) {
	_, _, err := u.ask(client, "/api/v1/identity")
	u.mu.Lock()
	defer u.mu.Unlock()
	u.asked++
	if err != nil {
		u.failures = append(u.failures, err.Error())
	}
}

// end waits for the last answers.
func (u *users) end() (asked int, failures []string) {
	close(u.stop)
	u.asking.Wait()
	return u.asked, u.failures
}
