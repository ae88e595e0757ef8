// SPDX-License-Identifier: Apache-2.0

package fleet_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/names"
)

// simulation is a world in which everything takes its time, in an order that a seed decides: pods take a while to
// start, and the PeerNode controller and the disruption controller to notice. A round takes a second.
type simulation struct {
	*world
	random *rand.Rand
	n, max int
	// works reports whether a peer ever serves with an image.
	works func(name, image string) bool
	// runs is what each peer's pod runs, ready whether it serves: the truth, of which the fleet reads with delay.
	runs  map[string]string
	ready map[string]bool
	// since is when each peer last became ready, late for how many rounds nobody has told of it.
	since map[string]time.Time
	late  map[string]int
	// restless is how long after it has become ready a peer may cease to be so by itself.
	restless time.Duration
	// order are the peers in the order of their restarts, worst is how many were down at a time.
	order []string
	worst int
}

// simulate starts with a fleet of n that serves. Its software keeps no files, which makes plans faster.
func simulate(t *testing.T, n int32, most int, spec ...edits) *simulation {
	t.Helper()
	return simulated(serving(t, append([]edits{custom, replicas(n), unavailable(most)}, spec...)...), n, most)
}

func simulated(w *world, n int32, most int) *simulation {
	s := &simulation{}
	s.world, s.n, s.max = w, int(n), most
	s.random = rand.New(rand.NewPCG(uint64(n), uint64(most)))
	s.works = func(string, string) bool { return true }
	s.runs, s.ready, s.since, s.late = map[string]string{}, map[string]bool{}, map[string]time.Time{}, map[string]int{}
	for name, p := range w.Peers {
		s.runs[name], s.ready[name] = podOf(p), true
	}
	return s
}

// podOf is what has to be replaced for a peer to have its spec.
func podOf(p *v1alpha1.PeerNode) string {
	if p.Spec.Fleet == nil {
		return p.Spec.Image + ", alone"
	}
	return p.Spec.Image
}

// round is a look of the fleet, and then what happens until the next.
func (s *simulation) round() {
	s.t.Helper()
	s.Now = s.Now.Add(time.Second)
	s.carryOut()
	for _, name := range peerNodes(int32(s.n)) {
		p := s.peer(name)
		if s.runs[name] != podOf(p) { // The pod will be replaced from now on at any moment: it counts as gone.
			s.runs[name], s.ready[name] = podOf(p), false
			s.order = append(s.order, name)
		}
	}
	if s.worst = max(s.worst, s.down()); s.worst > s.max {
		s.t.Fatalf("%d peers are down, of at most %d; restarted were %v", s.worst, s.max, s.order)
	}
	for _, name := range peerNodes(int32(s.n)) {
		s.live(name)
		if s.late[name]++; s.late[name] <= mostLate && s.random.IntN(2) == 0 {
			continue // The PeerNode controller is busy.
		}
		s.late[name] = 0
		s.tellOf(name)
	}
	if s.random.IntN(2) == 0 {
		s.countsBy(func(p *v1alpha1.PeerNode) bool { return s.ready[p.Name] })
	}
}

// mostLate is for how many rounds the PeerNode controller may be too busy to tell of a peer.
const mostLate = 4

// live lets a peer start, or cease to be ready by itself.
func (s *simulation) live(name string) {
	switch {
	case !s.ready[name]:
		if s.works(name, s.runs[name]) && s.random.IntN(3) == 0 {
			s.ready[name], s.since[name] = true, s.Now
		}
	case s.Now.Sub(s.since[name]) < s.restless && s.random.IntN(4) == 0:
		s.ready[name] = false
	}
}

// tellOf is what the PeerNode controller does: a peer is ready for no longer than its pod.
func (s *simulation) tellOf(name string) {
	if !s.ready[name] {
		s.goesDown(name)
		return
	}
	s.comesUp(name)
	if c := &s.peer(name).Status.Conditions[0]; s.since[name].After(c.LastTransitionTime.Time) {
		c.LastTransitionTime = metav1.NewTime(s.since[name])
	}
}

func (s *simulation) down() int {
	n := 0
	for _, ready := range s.ready {
		if !ready {
			n++
		}
	}
	return n
}

// until goes on until every peer serves with an image, and returns the peers in the order of their restarts.
func (s *simulation) until(image string) []string {
	s.t.Helper()
	s.order, s.worst = nil, 0
	for range 500 {
		s.round()
		everyone := s.down() == 0
		for _, runs := range s.runs {
			everyone = everyone && runs == image
		}
		if everyone {
			return s.order
		}
	}
	s.t.Fatalf("the fleet does not get to %s: it runs %v, of which serve %v; restarted were %v; told: %+v", image, s.runs, s.ready, s.order, s.status())
	return nil
}

// during goes on for a while in which nothing can end.
func (s *simulation) during() []string {
	s.order, s.worst = nil, 0
	for range 30 {
		s.round()
	}
	return s.order
}

// everySize runs a simulation for fleets of one to nine and one to three that may be down.
func everySize(t *testing.T, run func(t *testing.T, n int32, most int)) {
	for n := range int32(9) {
		for most := range 3 {
			t.Run(fmt.Sprintf("%d peers, %d down", n+1, most+1), func(t *testing.T) { run(t, n+1, most+1) })
		}
	}
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }

func TestARolloutReachesEveryPeerOnceAndTheCanaryFirst(t *testing.T) {
	everySize(t, func(t *testing.T, n int32, most int) {
		s := simulate(t, n, most, canary(n/2))
		s.edit(image(imageV2))
		order := s.until(imageV2)
		if diff := cmp.Diff(sorted(peerNodes(n)), sorted(order)); diff != "" {
			t.Errorf("restarted (-want +got):\n%s", diff)
		}
		if want := names.Peer("alpha", n/2); order[0] != want {
			t.Errorf("the first of %v is not the canary %s", order, want)
		}
		if s.converge(); s.status().UpdatedReplicas != n {
			t.Errorf("the status counts %d updated peers of %d", s.status().UpdatedReplicas, n)
		}
	})
}

func TestABadTemplateStopsAtTheCanary(t *testing.T) {
	everySize(t, func(t *testing.T, n int32, most int) {
		s := simulate(t, n, most)
		s.works = func(_, image string) bool { return image != imageV2 }
		s.edit(image(imageV2))
		last := names.Peer("alpha", n-1)
		if diff := cmp.Diff([]string{last}, s.during()); diff != "" {
			t.Errorf("restarted are, of a bad template (-want +got):\n%s", diff)
		}
		if held := held(s.decide()); n > 1 && held["CanaryReady"] != n-1 {
			t.Errorf("held are %v, want all but the canary", held)
		}
		s.edit(image(imageV1))
		if diff := cmp.Diff([]string{last}, s.until(imageV1)); diff != "" {
			t.Errorf("restarted are, of the old template (-want +got):\n%s", diff)
		}
	})
}

// A peer that has just become ready may cease to be so for a moment, again and again, and nobody may hear of it. Another
// that the fleet restarts in that moment would be one too many.
func TestPeersThatSettleSlowlyAreWaitedFor(t *testing.T) {
	everySize(t, func(t *testing.T, n int32, most int) {
		s := simulate(t, n, most, minReady(10))
		s.restless = 5 * time.Second
		s.Now = noon
		s.edit(image(imageV2))
		if diff := cmp.Diff(sorted(peerNodes(n)), sorted(s.until(imageV2))); diff != "" {
			t.Errorf("restarted (-want +got):\n%s", diff)
		}
	})
}

// The canary serves and no other peer does: then as many are down as may be, and no more, and both ways out lead out.
func TestATemplateThatIsBadForMostStopsAtTheBudget(t *testing.T) {
	everySize(t, func(t *testing.T, n int32, most int) {
		for name, cure := range map[string]string{"back": imageV1, "forward": "registry.example.com/p2p-agent:v3"} {
			s := simulate(t, n, most)
			first := names.Peer("alpha", n-1)
			s.works = func(name, image string) bool { return image != imageV2 || name == first }
			s.edit(image(imageV2))
			order := s.during()
			if want := min(int(n), most+1); len(order) != want || order[0] != first || s.down() != want-1 {
				t.Errorf("restarted are %v, of which %d are down; want the canary and %d more", order, s.down(), want-1)
			}
			s.edit(image(cure))
			cured := s.until(cure)
			if sick := order[1:]; len(sick) > 0 && !slices.Contains(sick, cured[0]) {
				t.Errorf("on the way %s %s goes first, although %v are down", name, cured[0], sick)
			}
		}
	})
}

// What a user does in the middle of a rollout: another template, another budget, another size.
func TestARolloutThatIsChangedOnItsWayArrives(t *testing.T) {
	everySize(t, func(t *testing.T, n int32, most int) {
		s := simulate(t, n, most)
		s.edit(image(imageV2))
		for range 5 {
			s.round()
		}
		s.edit(image("registry.example.com/p2p-agent:v3"), canary(0))
		for range 5 {
			s.round()
		}
		s.edit(image(imageV1), unavailable(1))
		s.until(imageV1)
	})
}

// None of the peers has a pod that the fleet's budget could see.
func TestAFleetTakesOverPeersThatAllServe(t *testing.T) {
	everySize(t, func(t *testing.T, n int32, most int) {
		w := newborn(t, custom, replicas(n), unavailable(most))
		for _, name := range peerNodes(n) {
			w.stands(name, invited)
		}
		order := simulated(w, n, most).until(imageV1)
		if diff := cmp.Diff(sorted(peerNodes(n)), sorted(order)); diff != "" {
			t.Errorf("restarted (-want +got):\n%s", diff)
		}
	})
}
