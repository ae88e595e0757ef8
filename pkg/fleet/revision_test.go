// SPDX-License-Identifier: Apache-2.0

package fleet_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/defaults"
)

// revision is the present one; written is that of a peer.
func (w *world) revision() string { w.t.Helper(); return w.decide().Revision }

func (w *world) written(name string) string {
	return w.peer(name).Annotations[v1alpha1.AnnotationRevision]
}

func TestARevisionIsANumberAndAHash(t *testing.T) {
	if got := newborn(t).revision(); !regexp.MustCompile(`^1-[0-9a-f]{8}$`).MatchString(got) {
		t.Errorf("the first revision is %q", got)
	}
}

func TestRevisionsCountTheTemplates(t *testing.T) {
	for name, c := range map[string]struct {
		change func(w *world)
		// want is the number of the revision, and same whether it is the one from before.
		want string
		same bool
	}{
		"Nothing happened.":                        {func(*world) {}, "1", true},
		"The template is the same in other words.": {func(w *world) { w.edit(sized("1024Mi")) }, "1", true},
		"What is not the template changed.": {func(w *world) {
			w.edit(replicas(7), unavailable(2), canary(0), parked(0), paused, dataOnScaleDown(v1alpha1.RetentionDelete))
		}, "1", true},
		"The template changed.":                   {func(w *world) { w.edit(image(imageV2)) }, "2", false},
		"The template changed without a restart.": {func(w *world) { w.edit(allowing(someID)) }, "2", false},
		"The spread changed, which is in every peer.": {func(w *world) {
			w.edit(func(f *v1alpha1.PeerFleet) { f.Spec.Spread = &v1alpha1.PeerSpread{TopologyKey: "zone"} })
		}, "2", false},
		"The default of the operator is what was set.":   {func(w *world) { w.Options.Defaults = defaults.Options{P2PAgentImage: imageV1}; w.edit(image("")) }, "1", true},
		"The status was lost; the peers still know.":     {func(w *world) { w.Fleet.Status = v1alpha1.PeerFleetStatus{} }, "1", true},
		"The status was lost, and the template changed.": {func(w *world) { w.Fleet.Status = v1alpha1.PeerFleetStatus{}; w.edit(image(imageV2)) }, "2", false},
		"The peers were lost; the status still knows.":   {func(w *world) { clear(w.Peers) }, "1", true},
		"The peers were lost, and the template changed.": {func(w *world) { clear(w.Peers); w.edit(image(imageV2)) }, "2", false},
		"The last peer that knows is on its way out.": {func(w *world) {
			w.Fleet.Status = v1alpha1.PeerFleetStatus{}
			delete(w.Peers, "alpha-0")
			delete(w.Peers, "alpha-1")
			w.edit(replicas(2))
		}, "1", true},
		"Another number is higher.":                               {func(w *world) { w.annotate("alpha-0", "41-00000000"); w.edit(image(imageV2)) }, "42", false},
		"What peers say makes no sense.":                          {func(w *world) { w.annotate("alpha-0", "a word"); w.annotate("alpha-1", ""); w.edit(image(imageV2)) }, "2", false},
		"What a peer says has no hash.":                           {func(w *world) { w.annotate("alpha-0", "9"); w.edit(image(imageV2)) }, "2", false},
		"What a peer says is too large.":                          {func(w *world) { w.annotate("alpha-0", "9223372036854775807-aa"); w.edit(image(imageV2)) }, "2", false},
		"What a peer says is no size at all.":                     {func(w *world) { w.annotate("alpha-0", "99999999999999999999-aa"); w.edit(image(imageV2)) }, "2", false},
		"What a peer says is a bad number.":                       {func(w *world) { w.annotate("alpha-0", "-5-00000000"); w.edit(image(imageV2)) }, "2", false},
		"The template changed twice.":                             {func(w *world) { w.edit(image(imageV2)).record(); w.edit(image("registry.example.com/p2p-agent:v3")) }, "3", false},
		"It went back while a peer still is.":                     {func(w *world) { w.edit(image(imageV2)).step().record(); w.edit(image(imageV1)) }, "1", true},
		"It went back after all had changed: that is a new step.": {func(w *world) { w.edit(image(imageV2)).converge(); w.record().edit(image(imageV1)) }, "3", false},
	} {
		w := serving(t)
		before := w.revision()
		c.change(w)
		got := w.revision()
		if number, _, _ := strings.Cut(got, "-"); number != c.want || (got == before) != c.same {
			t.Errorf("%s The revision is %s after %s, want number %s", name, got, before, c.want)
		}
	}
}

func (w *world) annotate(name, revision string) {
	w.peer(name).Annotations[v1alpha1.AnnotationRevision] = revision
}

// record writes the status down, as the controller does in the end.
func (w *world) record() *world {
	w.Fleet.Status = w.status()
	return w
}

// Where a rollout stands can be read from each PeerNode.
func TestAPeerGetsItsRevisionWithItsTemplate(t *testing.T) {
	w := serving(t)
	first := w.revision()
	second := w.edit(image(imageV2)).revision()
	w.carryOut()
	for name, want := range map[string]string{"alpha-0": first, "alpha-1": first, "alpha-2": second} {
		if got := w.written(name); got != want {
			t.Errorf("%s has revision %s, want %s", name, got, want)
		}
	}
	if w.converge(); w.written("alpha-0") != second {
		t.Errorf("alpha-0 has revision %s in the end, want %s", w.written("alpha-0"), second)
	}
}

// A peer on its way out is no longer updated: it keeps the revision that it has.
func TestAPeerOnItsWayOutKeepsItsRevision(t *testing.T) {
	w := serving(t, dataOnScaleDown(v1alpha1.RetentionDelete))
	before := w.peer("alpha-2").DeepCopy()
	w.edit(image(imageV2), replicas(2)).carryOut()
	after := w.peer("alpha-2")
	if w.written("alpha-2") != before.Annotations[v1alpha1.AnnotationRevision] || after.Spec.Image != imageV1 || !after.DeletesData() {
		t.Errorf("it has revision %s, image %s and deletes its volume: %v", w.written("alpha-2"), after.Spec.Image, after.DeletesData())
	}
}
