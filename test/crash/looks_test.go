// SPDX-License-Identifier: Apache-2.0

package crash_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/test/crash"
)

func get(ctx context.Context, w *crash.World, name string, o client.Object) error {
	return w.Admin.Get(ctx, types.NamespacedName{Namespace: w.Namespace, Name: name}, o)
}

// told looks whether a PeerNode tells of its present spec that a condition has a status and a reason.
func told(name, conditionType string, status metav1.ConditionStatus, reason string) do {
	return func(ctx context.Context, w *crash.World) error {
		p := &v1alpha1.PeerNode{}
		if err := get(ctx, w, name, p); err != nil {
			return err
		}
		c := conditions.Find(p.Status.Conditions, conditionType)
		if p.DeletionTimestamp != nil || c.ObservedGeneration != p.Generation || c.Status != status || c.Reason != reason {
			return fmt.Errorf("%s of generation %d/%d is %s, %s (%s), want %s, %s",
				conditionType, c.ObservedGeneration, p.Generation, c.Status, c.Reason, c.Message, status, reason)
		}
		return nil
	}
}

func serving(name string) do {
	return all(
		told(name, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonServing),
		told(name, v1alpha1.ConditionReconciling, metav1.ConditionFalse, v1alpha1.ReasonSettled),
		told(name, v1alpha1.ConditionStalled, metav1.ConditionFalse, v1alpha1.ReasonSettled),
	)
}

func suspended(name string) do {
	return all(
		told(name, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonSuspended),
		told(name, v1alpha1.ConditionReconciling, metav1.ConditionFalse, v1alpha1.ReasonSettled),
		gone[*corev1.Pod](name+"-0"),
	)
}

func stalled(name, reason string) do {
	return told(name, v1alpha1.ConditionStalled, metav1.ConditionTrue, reason)
}

func podRuns(name, image string) do {
	return podHas(name, "image "+image, func(p *corev1.Pod) bool { return p.Spec.Containers[0].Image == image })
}

func podSelects(name, nodeLabel string) do {
	return podHas(name, "node selector "+nodeLabel, func(p *corev1.Pod) bool { return p.Spec.NodeSelector[nodeLabel] != "" })
}

func podHas(name, what string, has func(*corev1.Pod) bool) do {
	return func(ctx context.Context, w *crash.World) error {
		pod := &corev1.Pod{}
		if err := get(ctx, w, name+"-0", pod); err != nil {
			return err
		}
		if !has(pod) {
			return fmt.Errorf("pod %s does not have %s", pod.Name, what)
		}
		return nil
	}
}

func capacity(name, size string) do {
	return func(ctx context.Context, w *crash.World) error {
		p := &v1alpha1.PeerNode{}
		if err := get(ctx, w, name, p); err != nil {
			return err
		}
		if p.Status.Storage == nil || p.Status.Storage.Capacity.String() != size {
			return fmt.Errorf("status.storage is %+v, want a capacity of %s", p.Status.Storage, size)
		}
		return nil
	}
}

// knows looks whether the software of a PeerNode has shown that it holds the key on record.
func knows(name string) do {
	return func(ctx context.Context, w *crash.World) error {
		id, err := peerIDOf(ctx, w, name)
		if err != nil || id == "" {
			return fmt.Errorf("the key of %s is not on record: %w", name, err)
		}
		return told(name, v1alpha1.ConditionIdentityBound, metav1.ConditionTrue, v1alpha1.ReasonKeyProven)(ctx, w)
	}
}

// peerIDOf is the name of a peer in its network, "" while it is not on record.
func peerIDOf(ctx context.Context, w *crash.World, name string) (string, error) {
	p := &v1alpha1.PeerNode{}
	if err := get(ctx, w, name, p); err != nil || p.Status.Identity == nil {
		return "", err
	}
	return p.Status.Identity.PeerID, nil
}

// resolved looks whether a PeerNode knows its declared peer and has put it on the list that its agent follows.
func resolved(name, other string) do {
	return all(
		serving(name),
		told(name, v1alpha1.ConditionPeersResolved, metav1.ConditionTrue, v1alpha1.ReasonAllKnown),
		func(ctx context.Context, w *crash.World) error {
			config := &corev1.ConfigMap{}
			if err := get(ctx, w, name+"-config", config); err != nil {
				return err
			}
			id, err := peerIDOf(ctx, w, other)
			if err != nil {
				return err
			}
			if id == "" || !strings.Contains(config.Data["peers.yaml"], id) {
				return fmt.Errorf("peers.yaml of %s does not have %s, %q: %s", name, other, id, config.Data["peers.yaml"])
			}
			return nil
		})
}

// unreserved looks whether no identity is that of a PeerNode any more.
func unreserved(name string) do {
	return func(ctx context.Context, w *crash.World) error {
		list, err := reservations(ctx, w, name)
		if err == nil && len(list) > 0 {
			err = fmt.Errorf("%s is still reserved for %s", list[0].Name, name)
		}
		return err
	}
}

func reservations(ctx context.Context, w *crash.World, holder string) ([]v1alpha1.PeerIdentityReservation, error) {
	list := &v1alpha1.PeerIdentityReservationList{}
	err := w.Admin.List(ctx, list)
	return slices.DeleteFunc(list.Items, func(r v1alpha1.PeerIdentityReservation) bool {
		return r.Spec.Holder != v1alpha1.ReservationHolder{Namespace: w.Namespace, Name: holder}
	}), err
}

func exists[T client.Object](name string) do {
	return func(ctx context.Context, w *crash.World) error { return get(ctx, w, name, fresh[T]()) }
}

func gone[T client.Object](name string) do {
	return func(ctx context.Context, w *crash.World) error {
		o := fresh[T]()
		err := get(ctx, w, name, o)
		if apierrors.IsNotFound(err) {
			return nil
		}
		if err == nil {
			err = fmt.Errorf("%T %s is still there", o, name)
		}
		return err
	}
}

// allGone looks whether a PeerNode has gone and the garbage collector has followed.
func allGone(name string) do {
	return all(gone[*v1alpha1.PeerNode](name), gone[*appsv1.StatefulSet](name), gone[*corev1.Pod](name+"-0"))
}

func fresh[T client.Object]() T {
	var zero T
	return reflect.New(reflect.TypeOf(zero).Elem()).Interface().(T)
}
