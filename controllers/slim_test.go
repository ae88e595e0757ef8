// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"strings"
	"testing"
	"unsafe"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/google/go-cmp/cmp"
	toolscache "k8s.io/client-go/tools/cache"
)

// decoded has strings of its own, as objects have that came over the wire.
func decoded() *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name:          "alpha-0",
			Labels:        map[string]string{strings.Clone("app.kubernetes.io/name"): strings.Clone("p2p-agent")},
			Annotations:   map[string]string{strings.Clone("peernode.dev/intent"): "f00"},
			ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "kubelet"}},
		},
		Spec:   corev1.PodSpec{NodeName: "node-1", ServiceAccountName: "alpha"},
		Status: corev1.PodStatus{Phase: corev1.PodRunning},
	}
}

func TestSlim(t *testing.T) {
	got, err := slim(decoded())
	if err != nil {
		t.Fatal(err)
	}
	want := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name:        "alpha-0",
			Labels:      map[string]string{"app.kubernetes.io/name": "p2p-agent"},
			Annotations: map[string]string{"peernode.dev/intent": "f00"},
		},
		Spec:   corev1.PodSpec{NodeName: "node-1"},
		Status: corev1.PodStatus{Phase: corev1.PodRunning},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("slim (-want +got):\n%s", diff)
	}
}

func TestSlimDropsTheSpecOfAJobButForWhoCarriesItOut(t *testing.T) {
	job := &batchv1.Job{Spec: batchv1.JobSpec{Completions: new(int32(1)), ManagedBy: new("peernode.dev/backup")}, Status: batchv1.JobStatus{Succeeded: 1}}
	if _, err := slim(job); err != nil {
		t.Fatal(err)
	}
	want := &batchv1.Job{Spec: batchv1.JobSpec{ManagedBy: new("peernode.dev/backup")}, Status: batchv1.JobStatus{Succeeded: 1}}
	if diff := cmp.Diff(want, job); diff != "" {
		t.Errorf("the Job (-want +got):\n%s", diff)
	}
}

func TestSlimSharesLabels(t *testing.T) {
	var keys, values []*byte
	for range 2 {
		pod := decoded()
		if _, err := slim(pod); err != nil {
			t.Fatal(err)
		}
		for k, v := range pod.Labels {
			keys, values = append(keys, unsafe.StringData(k)), append(values, unsafe.StringData(v))
		}
	}
	if keys[0] != keys[1] || values[0] != values[1] {
		t.Error("the labels of two objects do not share their strings")
	}
}

func TestSlimLeavesTombstonesAlone(t *testing.T) {
	tombstone := toolscache.DeletedFinalStateUnknown{Key: "default/alpha"}
	if got, err := slim(tombstone); err != nil || got != any(tombstone) {
		t.Errorf("slim returned %v, %v", got, err)
	}
}
