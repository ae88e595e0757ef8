// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
)

// acceptance follows by which IDs others let the peers of a namespace in, and remembers when these were too few or too many.
type acceptance struct {
	stop func()

	mu    sync.Mutex
	ids   map[string][]string
	seen  int
	wrong []string
}

func followAccepted(t *testing.T, ns string) *acceptance {
	t.Helper()
	watcher, err := client.NewWithWatch(config, client.Options{Scheme: admin.Scheme()})
	must(t, err)
	a := &acceptance{ids: map[string][]string{}}
	list := &v1alpha1.PeerNodeList{}
	must(t, watcher.List(t.Context(), list, client.InNamespace(ns)))
	for i := range list.Items {
		a.see(&list.Items[i])
	}
	from := &client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: list.ResourceVersion}}
	events, err := watcher.Watch(t.Context(), &v1alpha1.PeerNodeList{}, from, client.InNamespace(ns))
	must(t, err)
	var following sync.WaitGroup
	following.Go(func() {
		for e := range events.ResultChan() {
			if p, ok := e.Object.(*v1alpha1.PeerNode); ok {
				a.see(p)
			}
		}
	})
	a.stop = sync.OnceFunc(func() { events.Stop(); following.Wait() })
	t.Cleanup(a.stop)
	return a
}

func (a *acceptance) see(p *v1alpha1.PeerNode) {
	if p.Status.Identity == nil {
		return
	}
	var ids []string
	for _, e := range p.Status.Identity.Epochs {
		switch e.Stage {
		case v1alpha1.KeyPublished, v1alpha1.KeyActive, v1alpha1.KeyRetiring:
			ids = append(ids, e.PeerID)
		}
	}
	// The one in use comes first, to be tried first.
	slices.SortStableFunc(ids, func(x, y string) int {
		switch p.Status.Identity.PeerID {
		case x:
			return -1
		case y:
			return 1
		}
		return 0
	})
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seen++
	a.ids[p.Name] = ids
	if len(ids) < 1 || len(ids) > 2 {
		a.wrong = append(a.wrong, fmt.Sprintf("%s is let in by %d IDs: %+v", p.Name, len(ids), p.Status.Identity.Epochs))
	}
}

// of are the IDs by which a peer is let in, the one in use first.
func (a *acceptance) of(name string) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.ids[name])
}
