// SPDX-License-Identifier: Apache-2.0

package broker_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/cmd/peernode-unsealer/internal/broker"
	"github.com/peernode/operator/pkg/canary"
	"github.com/peernode/operator/pkg/identity"
	"github.com/peernode/operator/pkg/seal"
	"github.com/peernode/operator/pkg/sealingkey"
	"github.com/peernode/operator/pkg/sealingkey/sealingkeytest"
	"github.com/peernode/operator/pkg/unseal"
)

// publicKey is that of seed.
const publicKey = "39e2596314e90b2fcd6c44d271d5c4c55c623c84a54e30ce46f16efcea12b03c"

const token = "token-of-alpha-0"

var (
	seed  = []byte("0123456789abcdefghijklmnopqrstuv")
	alpha = seal.Binding{Namespace: "peers", PeerNode: "alpha", Role: seal.RoleIdentity, Epoch: 1}
)

// stand is a broker in front of an API in which the peer alpha starts.
type stand struct {
	*testing.T
	broker    *broker.Broker
	registry  *prometheus.Registry
	log       bytes.Buffer
	sealing   sealingkey.Key
	ephemeral seal.Opener
	// trouble is what the API says to each question, by its kind.
	trouble map[string]error
}

func newStand(t *testing.T) *stand {
	t.Helper()
	s := &stand{T: t, registry: prometheus.NewRegistry(), sealing: sealingKey(t, 2), ephemeral: opener(t), trouble: map[string]error{}}
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		t.Fatal(err)
	}
	counts, err := broker.NewMetrics(s.registry)
	if err != nil {
		t.Fatal(err)
	}
	api := fake.NewClientBuilder().WithScheme(scheme).WithObjects(append(peer(), backingUp()...)...).WithInterceptorFuncs(interceptor.Funcs{Create: s.review, Get: s.get}).Build()
	s.broker = broker.New(broker.Broker{
		Client: api, Ring: sealingkey.Ring{s.sealing, sealingKey(t, 1)}, Namespace: "peernode-system", CheckSource: true, Metrics: counts, Log: slog.New(slog.NewJSONHandler(&s.log, nil)),
	})
	return s
}

func (s *stand) review(_ context.Context, _ client.WithWatch, o client.Object, _ ...client.CreateOption) error {
	review := o.(*authenticationv1.TokenReview)
	if err := s.trouble["TokenReview"]; err != nil {
		return err
	}
	pods := map[string][2]string{token: {"alpha-0", "uid-of-pod"}, tokenOfBackup: {"daily-backup-x7k2p", "uid-of-backup-pod"}}
	pod, known := pods[review.Spec.Token]
	if !known || review.Spec.Audiences[0] != "unsealer.peernode.dev" {
		return nil
	}
	review.Status = authenticationv1.TokenReviewStatus{Authenticated: true, Audiences: review.Spec.Audiences, User: authenticationv1.UserInfo{
		Username: "system:serviceaccount:peers:alpha",
		Extra: map[string]authenticationv1.ExtraValue{
			"authentication.kubernetes.io/pod-name": {pod[0]}, "authentication.kubernetes.io/pod-uid": {pod[1]},
		},
	}}
	return nil
}

func (s *stand) get(ctx context.Context, api client.WithWatch, key client.ObjectKey, o client.Object, options ...client.GetOption) error {
	if err := s.trouble[fmt.Sprintf("%T", o)]; err != nil {
		return err
	}
	return api.Get(ctx, key, o, options...)
}

func peer() []client.Object {
	owned := func(name string, uid types.UID, kind, owner string, ownerUID types.UID) metav1.ObjectMeta {
		return metav1.ObjectMeta{Namespace: "peers", Name: name, UID: uid, OwnerReferences: []metav1.OwnerReference{{Kind: kind, Name: owner, UID: ownerUID, Controller: new(true)}}}
	}
	spec := corev1.PodSpec{ServiceAccountName: "alpha", InitContainers: []corev1.Container{{Name: "unseal"}}}
	return []client.Object{
		&v1alpha1.PeerNode{
			ObjectMeta: metav1.ObjectMeta{Namespace: "peers", Name: "alpha", UID: "uid-of-peernode"},
			Spec:       v1alpha1.PeerNodeSpec{Software: v1alpha1.PeerSoftware{P2PAgent: &v1alpha1.P2PAgentSoftware{}}},
		},
		&v1alpha1.PeerIdentityReservation{
			ObjectMeta: metav1.ObjectMeta{Name: "libp2p-ed25519-" + publicKey},
			Spec:       v1alpha1.PeerIdentityReservationSpec{PublicKey: publicKey, Holder: v1alpha1.ReservationHolder{Namespace: "peers", Name: "alpha"}},
		},
		&appsv1.StatefulSet{ObjectMeta: owned("alpha", "uid-of-set", "PeerNode", "alpha", "uid-of-peernode"), Spec: appsv1.StatefulSetSpec{Template: corev1.PodTemplateSpec{Spec: spec}}},
		&corev1.Pod{ObjectMeta: owned("alpha-0", "uid-of-pod", "StatefulSet", "alpha", "uid-of-set"), Spec: spec, Status: corev1.PodStatus{
			PodIPs:                []corev1.PodIP{{IP: "192.0.2.1"}}, // the address of requests of httptest
			InitContainerStatuses: []corev1.ContainerStatus{{Name: "unseal", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}},
		}},
	}
}

func opener(t *testing.T) seal.Opener {
	t.Helper()
	o, err := seal.NewOpener()
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func sealingKey(t *testing.T, number int) sealingkey.Key {
	t.Helper()
	return sealingkeytest.Key(t, number, time.Now())
}

// publishes lets a sealing key be in use, whatever this broker has.
func (s *stand) publishes(number int) {
	s.Helper()
	config := sealingkey.ConfigMap("peernode-system", sealingkey.Ring{sealingKey(s.T, number)}.Published())
	if err := s.broker.Client.Apply(s.Context(), config, client.FieldOwner("unsealer")); err != nil {
		s.Fatal(err)
	}
}

// request is what alpha sends.
func (s *stand) request() *http.Request {
	s.Helper()
	key, err := identity.Parse(v1alpha1.IdentityEd25519, seed)
	if err != nil {
		s.Fatal(err)
	}
	e, err := seal.Seal(key, alpha, []seal.Recipient{s.sealing.Recipient()})
	if err != nil {
		s.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, unseal.Path, bytes.NewReader(unseal.Request{Envelope: string(e.Text()), Recipient: s.ephemeral.Recipient().String()}.Text()))
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}

func (s *stand) asks(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.broker.Handler().ServeHTTP(w, r)
	return w
}

func TestAPeerGetsItsKeyAndNothingIsSaidOfIt(t *testing.T) {
	s := newStand(t)
	w := s.asks(s.request())
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	e, err := seal.Read(bytes.NewReader(w.Body.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	opened, err := e.Open(alpha, s.ephemeral)
	if err != nil || !bytes.Equal(opened.Key.Secret(), seed) {
		t.Errorf("what came back: %v, %v", opened, err)
	}
	for _, field := range []string{`"result":"Unsealed"`, `"namespace":"peers"`, `"peerNode":"alpha"`, `"pod":"alpha-0"`, `"epoch":1`, `"sealingKey":2`, `"source":"192.0.2.1"`} {
		if !strings.Contains(s.log.String(), field) {
			t.Errorf("the log lacks %s: %s", field, &s.log)
		}
	}
	for what, private := range map[string][]byte{"key": seed, "token": []byte(token), "sealing key": []byte(s.sealing.Opener().Secret()[len("AGE-SECRET-KEY-PQ-1"):])} {
		if found := canary.Find(append(s.log.Bytes(), w.Body.Bytes()...), private); len(found) > 0 {
			t.Errorf("the %s shows (%v)", what, found)
		}
	}
}

func TestRequestsThatEndOtherwise(t *testing.T) {
	gone, end := context.WithCancel(t.Context())
	end()
	for name, c := range map[string]struct {
		change func(*stand, *http.Request) *http.Request
		status int
		says   string
	}{
		"A request from elsewhere.": {func(_ *stand, r *http.Request) *http.Request { r.RemoteAddr = "192.0.2.9:1"; return r }, 403, `"WrongAddress"`},
		"A request that says it is elsewhere.": {func(_ *stand, r *http.Request) *http.Request {
			r.RemoteAddr = "192.0.2.9:1"
			r.Header.Set("X-Forwarded-For", "192.0.2.1")
			return r
		}, 403, `"WrongAddress"`},
		"A request from nowhere.": {func(_ *stand, r *http.Request) *http.Request { r.RemoteAddr = "@"; return r }, 403, `"WrongAddress"`},
		"A request from elsewhere, where that is not looked at.": {func(s *stand, r *http.Request) *http.Request {
			s.broker.CheckSource = false
			r.RemoteAddr = "192.0.2.9:1"
			return r
		}, 200, `"peerNode": "alpha"`},
		"No token.":   {func(_ *stand, r *http.Request) *http.Request { r.Header.Del("Authorization"); return r }, 403, `"TokenInvalid"`},
		"A password.": {func(_ *stand, r *http.Request) *http.Request { r.SetBasicAuth("alpha", token); return r }, 403, `"TokenInvalid"`},
		"An endless token.": {func(_ *stand, r *http.Request) *http.Request {
			r.Header.Set("Authorization", "Bearer "+strings.Repeat("x", 17<<10))
			return r
		}, 403, `"TokenInvalid"`},
		"Somebody's token.": {func(_ *stand, r *http.Request) *http.Request { r.Header.Set("Authorization", "Bearer x"); return r }, 403, `"TokenInvalid"`},
		"No request.":       {func(_ *stand, r *http.Request) *http.Request { r.Body = http.NoBody; return r }, 403, `"RequestMalformed"`},
		"A key of another cluster.": {func(s *stand, r *http.Request) *http.Request {
			s.broker.Ring = s.broker.Ring[1:]
			return r
		}, 403, `"EnvelopeForeign"`},
		"A key of another cluster, while the newest sealing key is here.": {func(s *stand, r *http.Request) *http.Request {
			s.broker.Ring = sealingkey.Ring{sealingKey(s.T, 3)}
			s.publishes(3)
			return r
		}, 403, `"EnvelopeForeign"`},
		"A key that other replicas may open.": {func(s *stand, r *http.Request) *http.Request {
			s.broker.Ring = s.broker.Ring[1:]
			s.publishes(2)
			return r
		}, 503, `"SealingKeyNotMounted"`},
		"A key of another cluster, and an API that does not show what is published.": {func(s *stand, r *http.Request) *http.Request {
			s.broker.Ring = s.broker.Ring[1:]
			s.trouble["*v1.ConfigMap"] = errors.New("forbidden")
			return r
		}, 503, `"Undecided"`},
		"An API that reviews no token.": {func(s *stand, r *http.Request) *http.Request {
			s.trouble["TokenReview"] = errors.New("no review of " + token)
			return r
		}, 503, `"Undecided"`},
		"An API that shows no pod.": {func(s *stand, r *http.Request) *http.Request {
			s.trouble["*v1.Pod"] = errors.New("forbidden")
			return r
		}, 503, `"Undecided"`},
		"An API that shows no StatefulSet": {func(s *stand, r *http.Request) *http.Request {
			s.trouble["*v1.StatefulSet"] = errors.New("forbidden")
			return r
		}, 503, `"Undecided"`},
		"An API that shows no PeerNode.": {func(s *stand, r *http.Request) *http.Request {
			s.trouble["*v1alpha1.PeerNode"] = errors.New("forbidden")
			return r
		}, 503, `"Undecided"`},
		"An API that shows no reservation.": {func(s *stand, r *http.Request) *http.Request {
			s.trouble["*v1alpha1.PeerIdentityReservation"] = errors.New("forbidden")
			return r
		}, 503, `"Undecided"`},
		"A key that nobody has reserved.": {func(s *stand, r *http.Request) *http.Request {
			s.trouble["*v1alpha1.PeerIdentityReservation"] = apierrors.NewNotFound(schema.GroupResource{}, "")
			return r
		}, 409, `"NotReserved"`},
		"A PeerNode of software without a key.": {func(s *stand, r *http.Request) *http.Request {
			p := &v1alpha1.PeerNode{}
			err := s.broker.Client.Get(s.Context(), types.NamespacedName{Namespace: "peers", Name: "alpha"}, p)
			p.Spec.Software = v1alpha1.PeerSoftware{Custom: &v1alpha1.CustomSoftware{}}
			if err = errors.Join(err, s.broker.Client.Update(s.Context(), p)); err != nil {
				s.Fatal(err)
			}
			return r
		}, 409, `"NotReserved"`},
		"A way that does not exist.":    {func(_ *stand, r *http.Request) *http.Request { r.URL.Path = "/v1/keys"; return r }, 404, ""},
		"A way of asking that is none.": {func(_ *stand, r *http.Request) *http.Request { r.Method = http.MethodGet; return r }, 405, ""},
		"Nobody who waits any more.": {func(s *stand, r *http.Request) *http.Request {
			s.fill()
			return r.WithContext(gone)
		}, 503, `"Busy"`},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(t)
			w := s.asks(c.change(s, s.request()))
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) {
				t.Errorf("got %d %s, want %d %s", w.Code, w.Body, c.status, c.says)
			}
			if strings.Contains(s.log.String()+w.Body.String(), token) {
				t.Errorf("the token shows: %s %s", &s.log, w.Body)
			}
		})
	}
}

// fill takes every place, with requests that never end.
func (s *stand) fill() {
	stay := make(chan struct{})
	entered := make(chan struct{})
	s.Cleanup(func() { close(stay) })
	api := s.broker.Client
	s.broker.Client = interceptor.NewClient(api.(client.WithWatch), interceptor.Funcs{Create: func(context.Context, client.WithWatch, client.Object, ...client.CreateOption) error {
		entered <- struct{}{}
		<-stay
		return errors.New("too late")
	}})
	for range 32 {
		r := s.request()
		go s.asks(r)
		<-entered
	}
}

func TestEveryRequestIsCounted(t *testing.T) {
	s := newStand(t)
	s.asks(s.request())
	s.asks(s.request())
	r := s.request()
	r.RemoteAddr = "192.0.2.9:1"
	s.asks(r)
	const want = `# HELP peernode_unsealer_requests_total Requests for a key, or for a signature, by how they ended: Unsealed, Signed, or the reason of the refusal.
# TYPE peernode_unsealer_requests_total counter
peernode_unsealer_requests_total{result="Unsealed"} 2
peernode_unsealer_requests_total{result="WrongAddress"} 1
`
	if err := testutil.GatherAndCompare(s.registry, strings.NewReader(want), "peernode_unsealer_requests_total"); err != nil {
		t.Error(err)
	}
	const opened = `# HELP peernode_unsealer_opened_total Keys that were handed out, by the number of the sealing key that opened the envelope.
# TYPE peernode_unsealer_opened_total counter
peernode_unsealer_opened_total{sealing_key="2"} 2
`
	if err := testutil.GatherAndCompare(s.registry, strings.NewReader(opened), "peernode_unsealer_opened_total"); err != nil {
		t.Error(err)
	}
	if n := testutil.CollectAndCount(s.registry, "peernode_unsealer_request_duration_seconds"); n != 1 {
		t.Errorf("%d histograms", n)
	}
}
