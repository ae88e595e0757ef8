// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"context"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Pods follows pods and remembers the fewest that were ready at a time. A pod that is being deleted is not ready.
type Pods struct {
	mu     sync.Mutex
	ready  map[string]bool
	fewest int
	stop   func()
}

// FollowPods begins to watch the pods of a namespace that have the labels.
func FollowPods(ctx context.Context, config *rest.Config, namespace string, labels client.MatchingLabels) (*Pods, error) {
	watcher, err := client.NewWithWatch(config, client.Options{Scheme: clientgoscheme.Scheme})
	if err != nil {
		return nil, err
	}
	list := &corev1.PodList{}
	if err := watcher.List(ctx, list, client.InNamespace(namespace), labels); err != nil {
		return nil, err
	}
	p := &Pods{ready: map[string]bool{}}
	for i := range list.Items {
		p.ready[list.Items[i].Name] = podIsReady(&list.Items[i])
	}
	p.fewest = p.count()
	from := &client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: list.ResourceVersion}}
	events, err := watcher.Watch(ctx, &corev1.PodList{}, from, client.InNamespace(namespace), labels)
	if err != nil {
		return nil, err
	}
	var following sync.WaitGroup
	following.Go(func() {
		for e := range events.ResultChan() {
			p.see(e)
		}
	})
	p.stop = sync.OnceFunc(func() { events.Stop(); following.Wait() })
	return p, nil
}

// Stop ends the watch.
func (p *Pods) Stop() { p.stop() }

// LeastReady ends the watch and returns the fewest pods that were ready at a time.
func (p *Pods) LeastReady() int {
	p.stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fewest
}

func (p *Pods) see(e watch.Event) {
	pod, ok := e.Object.(*corev1.Pod)
	if !ok {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ready[pod.Name] = e.Type != watch.Deleted && podIsReady(pod)
	p.fewest = min(p.fewest, p.count())
}

func (p *Pods) count() int {
	n := 0
	for _, ready := range p.ready {
		if ready {
			n++
		}
	}
	return n
}

func podIsReady(pod *corev1.Pod) bool {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue && pod.DeletionTimestamp == nil
		}
	}
	return false
}
