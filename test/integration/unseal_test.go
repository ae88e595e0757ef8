// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/pkg/canary"
	"github.com/peernode/operator/pkg/sealingkey"
	"github.com/peernode/operator/pkg/unseal"
	"github.com/peernode/operator/test/cluster/audit"
)

var (
	runs  = corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
	ended = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{}}
)

// TestUnseal is the life of an unsealer in a cluster with honest peers and others.
func TestUnseal(t *testing.T) {
	s := tell(t)
	log := audit.NewReader(env.AuditLogPath())
	s.must(log.SkipToEnd())
	u := startUnsealer(s)
	alpha, beta := u.peer("alpha"), u.peer("beta")

	alpha.gets("a peer that starts", alpha.request())
	alpha.gets("once more, with the same token and another connection", alpha.request())
	for name, begin := range attacks {
		a := begin(u, alpha, beta)
		if err := u.refused(a.request, a.reason); err != nil {
			t.Errorf("%s %v", name, err)
		}
		if a.after != nil {
			a.after()
		}
		alpha.gets("after the attack: "+name, alpha.request())
	}
	u.companionUnseals(alpha)
	u.signs(alpha)
	u.hasPublished()
	u.measures(alpha)
	u.showsMetrics()
	u.lifecycles()
	u.stop()
	u.keepsSilent()
	u.everyGrantIsUsed(log)
}

// lifecycles are peers whose end, or second key, an attack would undo.
func (u *unsealer) lifecycles() {
	u.Helper()
	leaving := u.peer("leaving")
	r := leaving.request()
	pod := &corev1.Pod{}
	u.is("leaving-0", pod)
	u.must(env.Admin.Patch(u.Context(), pod, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":["test.peernode.dev/hold"]}}`))))
	u.must(env.Admin.Delete(u.Context(), pod))
	if err := u.refused(r, unseal.PodDeleting); err != nil {
		u.Errorf("a pod on its way out: %v", err)
	}
	u.must(env.Admin.Patch(u.Context(), pod, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))))

	debugged := u.peer("debugged")
	u.is("debugged-0", pod)
	pod.Spec.EphemeralContainers = []corev1.EphemeralContainer{{EphemeralContainerCommon: corev1.EphemeralContainerCommon{Name: "debugger", Image: "registry.example.com/evil:v1"}}}
	u.must(env.Admin.SubResource("ephemeralcontainers").Update(u.Context(), pod))
	if err := u.refused(debugged.request(), unseal.PodChanged); err != nil {
		u.Errorf("a pod with a debugger: %v", err)
	}

	// A StatefulSet on its way out makes and deletes no pod any more, so that one of 0 replicas can have one here.
	stopped := u.peer("stopped")
	set := &appsv1.StatefulSet{}
	u.is("stopped", set)
	u.must(env.Admin.Patch(u.Context(), set, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":["test.peernode.dev/hold"]}}`))))
	u.must(env.Admin.Delete(u.Context(), set))
	u.must(env.Admin.Patch(u.Context(), set, client.RawPatch(types.MergePatchType, []byte(`{"spec":{"replicas":0}}`))))
	if err := u.refused(stopped.request(), unseal.Stopped); err != nil {
		u.Errorf("a peer that is to be stopped: %v", err)
	}
	u.must(env.Admin.Patch(u.Context(), set, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))))

	// The operator may write a status as well.
	second := u.peer("second")
	r = second.request()
	u.records(second, `{"status":{"identity":{"peerID":"12D3KooWother","epochs":[{"epoch":1,"stage":"Active","since":"2026-11-01T09:00:00Z","peerID":"12D3KooWother"}]}}}`, r, unseal.WrongKey)
	env.KeyJobs.Hold(u.ns) // Otherwise the next key is made, and the pod replaced.
	u.records(second, `{"status":{"identity":{"minimumEpoch":2}}}`, r, unseal.EpochRevoked)
	env.KeyJobs.Release(u.ns)
}

// records puts something on record for a peer, and asks.
func (u *unsealer) records(p *unsealing, patch string, r request, reason unseal.Reason) {
	u.Helper()
	u.eventually(func() error {
		if err := env.Admin.Status().Patch(u.Context(), p.PeerNode.DeepCopy(), client.RawPatch(types.MergePatchType, []byte(patch))); err != nil {
			return err
		}
		return u.refused(r, reason)
	})
}

// companionUnseals runs the program of the init container. As this machine does not know the name of the unsealer's
// Service, a way through is in between, under a certificate of its own.
func (u *unsealer) companionUnseals(alpha *unsealing) {
	u.Helper()
	companion := build(u.T, "cmd/peer-companion")
	to, err := url.Parse(sealingkey.URL(u.system))
	u.must(err)
	through := httputil.NewSingleHostReverseProxy(to)
	through.Transport = alpha.client("127.0.0.1").Transport
	server := httptest.NewTLSServer(through)
	defer server.Close()
	for name, content := range map[string][]byte{
		"envelope": []byte(alpha.envelope), "token": []byte(alpha.token("alpha", "alpha-0")),
		"ca.crt": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}),
	} {
		u.must(os.WriteFile(filepath.Join(companion.dir, name), content, 0o600))
	}
	alpha.reports(ended)
	go func() {
		time.Sleep(time.Second)
		alpha.reports(runs)
	}()
	companion.run(u.T, nil, "unseal", "--envelope", "envelope", "--token", "token", "--ca", "ca.crt", "--url", server.URL,
		"--namespace", u.ns, "--peernode", "alpha", "--epoch", "1", "--to", "files", "--termination-log", "termination-log")
	if _, err := os.Stat(filepath.Join(companion.dir, "files", "identity.key")); err != nil {
		u.Error(err)
	}
}

// hasPublished looks at what stood in the ConfigMap.
func (u *unsealer) hasPublished() {
	u.Helper()
	if u.published.Recipient.String() != u.sealing.Recipient().String() || !bytes.Equal(u.published.CA, u.sealing.CA()) {
		u.Error("something else than the sealing key is published")
	}
	u.must(u.probe("/healthz"))
}

// measures tells how long unsealing takes. It is written down, not judged.
func (u *unsealer) measures(alpha *unsealing) {
	u.Helper()
	r := alpha.request()
	one := func() time.Duration {
		begun := time.Now()
		if err := alpha.brings(r); err != nil {
			u.Error(err)
		}
		return time.Since(begun)
	}
	var alone []time.Duration
	for range 200 {
		alone = append(alone, one())
	}
	together := make([]time.Duration, 100)
	begun := time.Now()
	var all sync.WaitGroup
	for i := range together {
		all.Go(func() { together[i] = one() })
	}
	all.Wait()
	took := time.Since(begun)
	slices.Sort(alone)
	slices.Sort(together)
	u.Logf("one unseal after the other: p50 %s, p99 %s; 100 at once: p50 %s, p99 %s, all in %s", alone[100], alone[197], together[50], together[98], took)
}

// keepsSilent looks for keys and tokens in all that the program said.
func (u *unsealer) keepsSilent() {
	u.Helper()
	said := []byte(u.said.String())
	if !bytes.Contains(said, []byte(`"result":"Unsealed"`)) {
		u.Error("the unsealer has not told that it handed out a key")
	}
	letters := []byte(u.sealing.Opener().Secret()[len("AGE-SECRET-KEY-PQ-1"):])
	for _, p := range slices.Concat(u.tokens, u.secrets, [][]byte{letters}) {
		if found := canary.Find(said, p[max(0, len(p)-60):]); len(found) > 0 {
			u.Errorf("the log shows something private (%v)", found)
		}
	}
}

// showsMetrics reads the metrics with a token that may, and with one that may not.
func (u *unsealer) showsMetrics() {
	u.Helper()
	u.creates(metricsReader(u.ns))
	u.creates(metricsReaderBinding(u.ns))
	forAPI := func(s *authenticationv1.TokenRequestSpec) { s.Audiences = nil }
	for account, want := range map[string]int{"alpha": http.StatusOK, "beta": http.StatusForbidden} {
		token := u.token(account, account+"-0", forAPI)
		u.eventually(func() error {
			status, text := u.scrape(token)
			if status != want || want == http.StatusOK && !strings.Contains(text, `peernode_unsealer_requests_total{result="Unsealed"}`) {
				return fmt.Errorf("%s reads the metrics: %d", account, status)
			}
			return nil
		})
	}
}
