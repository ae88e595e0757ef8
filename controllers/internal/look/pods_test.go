// SPDX-License-Identifier: Apache-2.0

package look_test

import (
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/peernode/operator/controllers/internal/index"
	"github.com/peernode/operator/controllers/internal/look"
)

func TestThePodsOfAJobComeInOneOrder(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	pod := func(name string, minute int) client.Object {
		return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
			Namespace: "peers", Name: name, CreationTimestamp: metav1.NewTime(time.Date(2026, 11, 1, 12, minute, 0, 0, time.UTC)),
		}}
	}
	reader := fake.NewClientBuilder().WithScheme(scheme).
		WithObjects(pod("a", 1), pod("b", 3), pod("d", 2), pod("c", 2)).
		WithIndex(&corev1.Pod{}, index.Job, func(client.Object) []string { return []string{"job"} }).Build()
	pods, err := look.PodsOf(t.Context(), reader, types.NamespacedName{Namespace: "peers", Name: "job"})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range pods {
		names = append(names, p.Name)
	}
	if !slices.Equal(names, []string{"b", "c", "d", "a"}) {
		t.Errorf("they come as %v", names)
	}
}
