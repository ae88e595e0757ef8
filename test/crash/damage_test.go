// SPDX-License-Identifier: Apache-2.0

package crash_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/sealingkey"
	"github.com/peernode/operator/pkg/settings"
	"github.com/peernode/operator/test/builders"
)

// TestDamageToWhatTheUnsealerPublishesIsToldAndPasses keeps what the unsealer publishes in the namespace of the test, so
// that no other peer hears of the damage.
func TestDamageToWhatTheUnsealerPublishesIsToldAndPasses(t *testing.T) {
	t.Parallel()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "damage-"}}
	if err := env.Admin.Create(t.Context(), ns); err != nil {
		t.Fatal(err)
	}
	publish := func(change func(data map[string]string)) {
		t.Helper()
		config := sealingkey.ConfigMap(ns.Name, sealingkey.Ring{env.Sealing}.Published())
		change(config.Data)
		if err := env.Admin.Apply(t.Context(), config, client.FieldOwner("unsealer"), client.ForceOwnership); err != nil {
			t.Fatal(err)
		}
	}
	damage := func(data map[string]string) { data[sealingkey.FieldRecipient] = "age1pq1damaged" }
	ready := func(name, reason, message string) {
		t.Helper()
		eventually(t, func() error {
			p := &v1alpha1.PeerNode{}
			if err := env.Admin.Get(t.Context(), types.NamespacedName{Namespace: ns.Name, Name: name}, p); err != nil {
				return err
			}
			c := conditions.Find(p.Status.Conditions, v1alpha1.ConditionReady)
			if c.Reason != reason || !strings.Contains(c.Message, message) || c.ObservedGeneration != p.Generation {
				return fmt.Errorf("%s is %s: %s, want %s: %s", name, c.Reason, c.Message, reason, message)
			}
			return nil
		})
	}
	create := func(name string) {
		t.Helper()
		if err := env.Admin.Create(t.Context(), builders.PeerNode(ns.Name, name)); err != nil {
			t.Fatal(err)
		}
	}
	publish(func(map[string]string) {})
	release(t, ns.Name, func(o *settings.Operator) { o.Resources.UnsealerNamespace = ns.Name })
	create("alpha")
	ready("alpha", v1alpha1.ReasonServing, "")

	publish(damage)
	create("beta")
	ready("beta", v1alpha1.ReasonWaitingForUnsealer, "ConfigMap peernode-unsealer: recipient: ")
	p := builders.PeerNode(ns.Name, "alpha")
	edited := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"image":"`+otherImage+`"}}`))
	if err := env.Admin.Patch(t.Context(), p, edited); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error {
		pod := &corev1.Pod{}
		err := env.Admin.Get(t.Context(), types.NamespacedName{Namespace: ns.Name, Name: "alpha-0"}, pod)
		if err == nil && pod.Spec.Containers[0].Image != otherImage {
			err = errors.New("a peer that has its key is not updated while what the unsealer publishes is damaged")
		}
		return err
	})

	publish(func(map[string]string) {})
	ready("beta", v1alpha1.ReasonServing, "")
}
