// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"context"
	"slices"
	"sync"
)

// class tells runs that must not begin last from the others.
type class int

const (
	// early are runs that others are compared with, and those under trouble, which last longest and mostly wait.
	early class = iota
	// killed are runs that are killed, which keep the processors busy.
	killed
)

// least is how many runs happen at a time however slow everything is.
const least = 8

// turns lets so many runs happen at a time, half of them of each class, or more where the other class leaves room. Runs of
// one class come in the order in which they asked. While there is more to do than the processors can, none begins.
type turns struct {
	// behind reports that.
	behind func() bool

	mu      sync.Mutex
	most    int
	running [2]int
	waiting [2][]chan struct{}
}

func newTurns(most int, behind func() bool) *turns { return &turns{most: most, behind: behind} }

// take waits for a turn of a class, which has to be given back unless ctx ended first.
func (t *turns) take(ctx context.Context, c class) error {
	turn := make(chan struct{})
	t.mu.Lock()
	t.waiting[c] = append(t.waiting[c], turn)
	t.grant()
	t.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
		t.leave(c, turn)
		return ctx.Err()
	}
}

// leave takes back what was asked for, or was granted at the last moment.
func (t *turns) leave(c class, turn chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := slices.Index(t.waiting[c], turn); i >= 0 {
		t.waiting[c] = slices.Delete(t.waiting[c], i, i+1)
		return
	}
	t.running[c]--
	t.grant()
}

// give gives a turn back.
func (t *turns) give(c class) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.running[c]--
	t.grant()
}

// again looks whether runs may begin that had to wait.
func (t *turns) again() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.grant()
}

func (t *turns) grant() {
	for n := t.running[early] + t.running[killed]; n < t.most && (n < least || !t.behind()); n++ {
		c, waits := t.next()
		if !waits {
			return
		}
		close(t.waiting[c][0])
		t.waiting[c] = t.waiting[c][1:]
		t.running[c]++
	}
}

// next is whose turn it is: of two classes that wait, the one that has less than its half.
func (t *turns) next() (c class, waits bool) {
	switch {
	case len(t.waiting[killed]) == 0:
		return early, len(t.waiting[early]) > 0
	case len(t.waiting[early]) == 0 || t.running[early] >= t.most/2:
		return killed, true
	default:
		return early, true
	}
}
