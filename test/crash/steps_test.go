// SPDX-License-Identifier: Apache-2.0

package crash_test

import (
	"context"
	"errors"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/test/builders"
	"github.com/peernode/operator/test/crash"
	"github.com/peernode/operator/test/testenv"
)

// do is an act, or a look.
type do = func(context.Context, *crash.World) error

// all does, or looks at, one thing after the other.
func all(parts ...do) do {
	return func(ctx context.Context, w *crash.World) error {
		for _, part := range parts {
			if err := part(ctx, w); err != nil {
				return err
			}
		}
		return nil
	}
}

// steps alternates acts and looks; the last look is that of the step.
func steps(parts ...do) crash.Step {
	last := parts[len(parts)-1]
	return crash.Step{Settled: last, Act: func(ctx context.Context, w *crash.World) error {
		for i, part := range parts[:len(parts)-1] {
			if i%2 == 0 {
				if err := part(ctx, w); err != nil {
					return err
				}
				continue
			}
			if err := testenv.Every(ctx, time.Second, func() error { return part(ctx, w) }); err != nil {
				return err
			}
		}
		return nil
	}}
}

// created is a PeerNode alpha that serves.
func created(modify ...func(*v1alpha1.PeerNode)) crash.Step {
	return crash.Step{Act: create(modify...), Settled: serving("alpha")}
}

func create(modify ...func(*v1alpha1.PeerNode)) do {
	return func(ctx context.Context, w *crash.World) error {
		return w.Admin.Create(ctx, builders.PeerNode(w.Namespace, "alpha", modify...))
	}
}

func edit(name string, change func(*v1alpha1.PeerNode)) do {
	return func(ctx context.Context, w *crash.World) error {
		return retry.RetryOnConflict(retry.DefaultRetry, func() error {
			p := &v1alpha1.PeerNode{}
			if err := w.Admin.Get(ctx, types.NamespacedName{Namespace: w.Namespace, Name: name}, p); err != nil {
				return err
			}
			change(p)
			return w.Admin.Update(ctx, p)
		})
	}
}

func podTemplate(patch string) func(*v1alpha1.PeerNode) {
	return func(p *v1alpha1.PeerNode) { p.Spec.PodTemplate = &runtime.RawExtension{Raw: []byte(patch)} }
}

func remove(name string) do {
	return func(ctx context.Context, w *crash.World) error {
		return w.Admin.Delete(ctx, builders.PeerNode(w.Namespace, name))
	}
}

// unreserve deletes the reservations of a PeerNode.
func unreserve(name string) do {
	return func(ctx context.Context, w *crash.World) error {
		list, err := reservations(ctx, w, name)
		for i := range list {
			err = errors.Join(err, w.Admin.Delete(ctx, &list[i]))
		}
		return err
	}
}

// proves lets the peer show who it is, as the kubelet reports it from the identity container. Simulated nodes run
// no container.
func proves(name string) do {
	return func(ctx context.Context, w *crash.World) error {
		return w.ProveIdentity(ctx, w.Namespace, name)
	}
}
