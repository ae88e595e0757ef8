// SPDX-License-Identifier: Apache-2.0

package publish

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/peernode/operator/pkg/sealingkey/sealingkeytest"
)

// stand is a publisher in front of an API that counts what is written.
func stand(t *testing.T) (p *Publisher, writes *int, refuse *error) {
	t.Helper()
	writes, refuse = new(int), new(error)
	count := interceptor.Funcs{Apply: func(ctx context.Context, c client.WithWatch, o runtime.ApplyConfiguration, options ...client.ApplyOption) error {
		if *refuse != nil {
			return *refuse
		}
		*writes++
		return c.Apply(ctx, o, options...)
	}}
	return &Publisher{
		Client:    fake.NewClientBuilder().WithScheme(clientgoscheme.Scheme).WithInterceptorFuncs(count).Build(),
		Namespace: "peernode-system", Ring: sealingkeytest.Ring(t, time.Now(), 1), Log: slog.New(slog.DiscardHandler),
	}, writes, refuse
}

func TestItIsWrittenOnceAndPutRight(t *testing.T) {
	p, writes, _ := stand(t)
	publish := func(want int, when string) {
		t.Helper()
		if err := p.publish(t.Context()); err != nil || *writes != want {
			t.Errorf("%s: %d writes, %v; want %d", when, *writes, err, want)
		}
	}
	publish(1, "at first")
	publish(1, "when it stands there")
	is := &corev1.ConfigMap{}
	if err := p.Client.Get(t.Context(), client.ObjectKey{Namespace: "peernode-system", Name: "peernode-unsealer"}, is); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p.Ring.Published().Data(), is.Data); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	is.Data["recipient"] = "age1pq1mallory"
	if err := p.Client.Update(t.Context(), is); err != nil {
		t.Fatal(err)
	}
	publish(2, "when somebody changed it")
	if err := p.Client.Delete(t.Context(), is); err != nil {
		t.Fatal(err)
	}
	publish(3, "when somebody deleted it")
}

func TestItIsDoneOnceItStandsThere(t *testing.T) {
	p, _, refuse := stand(t)
	*refuse = errors.New("forbidden")
	if err := p.publish(t.Context()); err == nil || !strings.Contains(err.Error(), "apply ConfigMap peernode-unsealer: forbidden") {
		t.Errorf("got %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	p.Run(ctx)
	if p.Done() {
		t.Error("done, though nothing could be written")
	}
	*refuse = nil
	p.Run(ctx)
	if !p.Done() {
		t.Error("not done")
	}
}

// Two replicas meet while sealing keys are exchanged. Who lacks the newest key steps back, and steps in again when it is
// taken away on purpose, by deleting what is published.
func TestAReplicaWithoutTheNewestKeyStepsBack(t *testing.T) {
	both := sealingkeytest.Ring(t, time.Now(), 1, 2)
	early, writes, _ := stand(t)
	early.Ring = both[1:]
	late := &Publisher{Client: early.Client, Namespace: early.Namespace, Ring: both, Log: early.Log}
	once, stop := context.WithCancel(t.Context())
	stop()
	runs := func(p *Publisher, wantDone bool, wantWrites int, when string) {
		t.Helper()
		p.Run(once)
		if p.Done() != wantDone || *writes != wantWrites {
			t.Errorf("%s: done %v, %d writes; want %v, %d", when, p.Done(), *writes, wantDone, wantWrites)
		}
	}
	runs(early, true, 1, "with the first key")
	runs(late, true, 2, "with a second one")
	runs(early, false, 2, "without the second one")
	if err := early.publish(t.Context()); err == nil || !strings.Contains(err.Error(), "sealing key 2 is in use, and the newest one here is 1; mount the Secret peernode-sealing-key-2 too") {
		t.Errorf("got %v", err)
	}
	is := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "peernode-system", Name: "peernode-unsealer"}}
	if err := early.Client.Delete(t.Context(), is); err != nil {
		t.Fatal(err)
	}
	runs(early, true, 3, "when what was published is gone")
}
