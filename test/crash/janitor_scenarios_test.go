// SPDX-License-Identifier: Apache-2.0

package crash_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/test/crash"
)

// removal is a rotation after which a janitor removes the key of before. The two tell of one status: neither takes back what
// the other said, wherever the operator is killed over its part.
func removal() crash.Scenario {
	keepingNone := func(p *v1alpha1.PeerNode) {
		p.Spec.Identity = &v1alpha1.PeerIdentity{Rotation: &v1alpha1.KeyRotation{Overlap: "1s", KeepPrevious: new(int32(0))}}
	}
	return crash.Scenario{
		Name:  "rotate a key of which none is kept",
		Given: steps(all(janitor, create(keepingNone)), serving("alpha"), proves("alpha"), knows("alpha")),
		When: crash.Step{
			Act:     edit("alpha", annotated(v1alpha1.AnnotationRotateKey, "monday")),
			Settled: all(rotated("alpha"), removed("alpha")),
		},
		KilledOver: func(method, path string) bool {
			return method == http.MethodPatch && strings.HasSuffix(path, "/status")
		},
		Removes: []string{"Secret/alpha-identity-1"},
	}
}

// janitor lets one work until the run ends.
func janitor(ctx context.Context, w *crash.World) error {
	user, err := w.EmployJanitor(ctx, w.Namespace)
	if err != nil {
		return err
	}
	go func() {
		_ = w.RunJanitor(ctx, user, w.Namespace, func(next http.RoundTripper) http.RoundTripper { return next })
	}()
	return nil
}

// removed looks whether the first key is gone, and said to be.
func removed(name string) do {
	return func(ctx context.Context, w *crash.World) error {
		if err := get(ctx, w, name+"-identity-1", &corev1.Secret{}); !apierrors.IsNotFound(err) {
			return fmt.Errorf("the first key of %s is not removed: %w", name, err)
		}
		p := &v1alpha1.PeerNode{}
		if err := get(ctx, w, name, p); err != nil {
			return err
		}
		if through := p.Status.Identity.RemovedThrough; through != 1 {
			return fmt.Errorf("keys of %s are removed through %d", name, through)
		}
		return nil
	}
}
