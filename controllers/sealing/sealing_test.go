// SPDX-License-Identifier: Apache-2.0

package sealing

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/peernode/operator/pkg/sealingkey"
	"github.com/peernode/operator/pkg/sealingkey/sealingkeytest"
)

const system = "peernode-system"

func maker(objects []client.Object, faults interceptor.Funcs) *Maker {
	c := fake.NewClientBuilder().WithObjects(objects...).WithInterceptorFuncs(faults).Build()
	return &Maker{Client: c, Live: c, Namespace: system, Numbers: []int{1, 2}, Now: func() time.Time { return time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC) }}
}

func named(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: system, Name: name} }

// secrets are the names of those that exist, and whether each holds a sealing key.
func secrets(t *testing.T, m *Maker) map[string]bool {
	t.Helper()
	list := &corev1.SecretList{}
	if err := m.Client.List(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for _, s := range list.Items {
		_, err := sealingkey.Read(s.Data)
		out[s.Name] = err == nil && s.Immutable != nil && *s.Immutable
	}
	return out
}

// published is what an unsealer says whose newest key has a number.
func published(t *testing.T, number int) *corev1.ConfigMap {
	t.Helper()
	return &corev1.ConfigMap{ObjectMeta: named(sealingkey.Name), Data: sealingkeytest.Ring(t, time.Now(), number).Published().Data()}
}

func TestASealingKeyIsMadeOnceAndNeverInThePlaceOfALostOne(t *testing.T) {
	for name, c := range map[string]struct {
		objects []client.Object
		want    map[string]bool
	}{
		"A new installation.": {nil, map[string]bool{"peernode-sealing-key-1": true, "peernode-sealing-key-2": true}},
		"The Secret is there, and not published yet.": {
			[]client.Object{&corev1.Secret{ObjectMeta: named("peernode-sealing-key-1")}}, map[string]bool{"peernode-sealing-key-1": false, "peernode-sealing-key-2": true},
		},
		"The first one is in use.":                           {[]client.Object{published(t, 1)}, map[string]bool{"peernode-sealing-key-2": true}},
		"The second one is in use, and its Secret was lost.": {[]client.Object{published(t, 2)}, map[string]bool{}},
	} {
		m := maker(c.objects, interceptor.Funcs{})
		if err := m.Start(t.Context()); err != nil {
			t.Errorf("%s Start: %v", name, err)
		}
		if diff := cmp.Diff(c.want, secrets(t, m)); diff != "" {
			t.Errorf("%s Secrets, and which hold a key (-want +got):\n%s", name, diff)
		}
	}
}

// What is published and cannot be read may name any key: none is made until the unsealer has put it right.
func TestNoKeyIsMadeWhileWhatIsPublishedIsDamaged(t *testing.T) {
	damaged := published(t, 1)
	damaged.Data["number"] = "first"
	m := maker([]client.Object{damaged}, interceptor.Funcs{})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := m.Start(ctx); err != nil {
		t.Errorf("Start: %v", err)
	}
	if diff := cmp.Diff(map[string]bool{}, secrets(t, m)); diff != "" {
		t.Errorf("Secrets (-want +got):\n%s", diff)
	}
	if err := m.Client.Update(t.Context(), published(t, 1)); err != nil {
		t.Fatal(err)
	}
	if err := m.Start(t.Context()); err != nil {
		t.Errorf("Start: %v", err)
	}
	if diff := cmp.Diff(map[string]bool{"peernode-sealing-key-2": true}, secrets(t, m)); diff != "" {
		t.Errorf("Secrets, once it is right (-want +got):\n%s", diff)
	}
}

func TestWhatFailsIsTriedAgain(t *testing.T) {
	failures := 1
	m := maker(nil, interceptor.Funcs{Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
		if failures > 0 {
			failures--
			return errors.New("etcd is away")
		}
		return c.Create(ctx, o, opts...)
	}})
	if err := m.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]bool{"peernode-sealing-key-1": true, "peernode-sealing-key-2": true}, secrets(t, m)); diff != "" {
		t.Errorf("Secrets (-want +got):\n%s", diff)
	}
}

func TestAnOperatorOnItsWayOutStopsTrying(t *testing.T) {
	m := maker(nil, interceptor.Funcs{Get: func(context.Context, client.WithWatch, client.ObjectKey, client.Object, ...client.GetOption) error {
		return errors.New("no API server")
	}})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := m.Start(ctx); err != nil {
		t.Errorf("Start: %v", err)
	}
	if !m.NeedLeaderElection() {
		t.Error("every replica would try")
	}
}
