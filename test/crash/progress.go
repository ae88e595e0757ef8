// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
)

// shown is how many of the runs that take longest are named.
const shown = 3

// Progress is how far the runs of a harness have come, for who waits for them.
type Progress struct {
	now func() time.Time

	// behind is how late the control plane is.
	behind func() time.Duration

	mu       sync.Mutex
	done     int
	failures []string
	working  map[*working]bool
}

// working is a run that is not over.
type working struct {
	name  string
	since time.Time
}

func newProgress(now func() time.Time, behind func() time.Duration) *Progress {
	return &Progress{now: now, behind: behind, working: map[*working]bool{}}
}

// begin counts a run in, and out with what became of it.
func (p *Progress) begin(name string) (end func(err error)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := &working{name: name, since: p.now()}
	p.working[w] = true
	return func(err error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.working, w)
		p.done++
		if err != nil {
			p.failures = append(p.failures, w.name+": "+err.Error())
		}
	}
}

// String counts the runs and names those that have been at work longest.
func (p *Progress) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var longest []*working
	for w := range p.working {
		longest = append(longest, w)
	}
	slices.SortFunc(longest, func(a, b *working) int { return cmp.Or(a.since.Compare(b.since), strings.Compare(a.name, b.name)) })
	var names []string
	for _, w := range longest[:min(shown, len(longest))] {
		names = append(names, fmt.Sprintf("%s (%s)", w.name, p.now().Sub(w.since).Round(time.Second)))
	}
	text := fmt.Sprintf("%d runs are over, %d of them failed, %d are at work, the control plane is %s behind",
		p.done, len(p.failures), len(p.working), p.behind().Round(time.Millisecond))
	if len(names) > 0 {
		text += ", longest: " + strings.Join(names, "; ")
	}
	return text
}

// Failures says why runs failed, each in no more than most bytes. Who has the end of a long log alone finds them there.
func (p *Progress) Failures(most int) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []string
	for _, failure := range p.failures {
		if len(failure) > most {
			failure = strings.ToValidUTF8(failure[:most], "") + " [...]"
		}
		out = append(out, failure)
	}
	return out
}

// Tell writes a line now and then until ctx ends.
func (p *Progress) Tell(ctx context.Context, to io.Writer, every time.Duration) {
	begun := p.now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(every):
			fmt.Fprintf(to, "crash: %s: %s\n", p.now().Sub(begun).Round(time.Second), p)
		}
	}
}
