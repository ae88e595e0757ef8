// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
)

// A store is found well by the real program on a real node, behind its firewall; says what is wrong when its access key is
// changed under it; and is well again when that is mended. Who does not want to wait for the next check changes the spec.
func TestAStoreSaysWhetherItWorks(t *testing.T) {
	ns := namespace(t)
	knowStore(t, ns, "s3", newStore(t, namespace(t), "keys"))
	store := &v1alpha1.PeerBackupStore{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "s3"}}
	storeIs(t, store, metav1.ConditionTrue, v1alpha1.ReasonChecked, "found the store as the spec wants it")
	if found := store.Status.Found; found.ReadsBack != v1alpha1.StoreYes || found.MayDelete != v1alpha1.StoreYes {
		t.Errorf("of a store, asked by who may do everything there, is found %+v", found)
	}

	secret := &corev1.Secret{}
	must(t, admin.Get(t.Context(), client.ObjectKeyFromObject(store), secret))
	right := secret.Data["secretAccessKey"]
	changeAccess(t, secret, []byte("of-somebody-else"))
	checkNow(t, store, "30m")
	storeIs(t, store, metav1.ConditionFalse, v1alpha1.ReasonCheckFailed, "the secret access key is not that of the access key; see secretAccessKey")

	changeAccess(t, secret, right)
	checkNow(t, store, "20m")
	storeIs(t, store, metav1.ConditionTrue, v1alpha1.ReasonChecked, "")
}

func changeAccess(t *testing.T, secret *corev1.Secret, key []byte) {
	t.Helper()
	secret.Data["secretAccessKey"] = key
	must(t, admin.Update(t.Context(), secret))
}

func checkNow(t *testing.T, store *v1alpha1.PeerBackupStore, every v1alpha1.Period) {
	t.Helper()
	before := store.DeepCopy()
	store.Spec.CheckEvery = every
	must(t, admin.Patch(t.Context(), store, client.MergeFrom(before)))
}

// storeIs waits for what Ready says of the present spec.
func storeIs(t *testing.T, store *v1alpha1.PeerBackupStore, status metav1.ConditionStatus, reason, says string) {
	t.Helper()
	eventually(t, func() error {
		if err := admin.Get(t.Context(), client.ObjectKeyFromObject(store), store); err != nil {
			return err
		}
		c := conditions.Find(store.Status.Conditions, v1alpha1.ConditionReady)
		if c.Status != status || c.Reason != reason || c.ObservedGeneration != store.Generation || !strings.Contains(c.Message, says) {
			return fmt.Errorf("the store is %s %s of generation %d (%s), want %s %s", c.Status, c.Reason, c.ObservedGeneration, c.Message, status, reason)
		}
		return nil
	})
}
