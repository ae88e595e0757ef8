// SPDX-License-Identifier: Apache-2.0

package fleet_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
)

// records are the templates on record, by their images.
func (w *world) records() map[string]bool {
	w.t.Helper()
	out := map[string]bool{}
	for _, o := range w.Objects {
		if record, ok := o.(*appsv1.ControllerRevision); ok {
			for _, image := range []string{imageV1, imageV2} {
				if strings.Contains(string(record.Data.Raw), image) {
					out[image] = true
				}
			}
		}
	}
	return out
}

// looks is a look of the controller: it decides, does and tells.
func (w *world) looks() { w.carryOut(); w.Fleet.Status = w.status() }

// isFailing is a fleet whose canary was updated and does not serve.
func isFailing(t *testing.T, spec ...edits) *world {
	t.Helper()
	w := serving(t, append([]edits{goingBack}, spec...)...)
	w.edit(image(imageV2)).looks()
	w.goesDown("alpha-2")
	w.looks()
	return w
}

// hasFailed is a fleet whose template has just been taken back.
func hasFailed(t *testing.T) *world {
	t.Helper()
	w := isFailing(t)
	w.Now = w.Now.Add(time.Minute)
	w.looks()
	return w
}

func TestATemplateStaysOnRecordUntilAllServeWithTheNext(t *testing.T) {
	w := newborn(t)
	both, first, second := map[string]bool{imageV1: true, imageV2: true}, map[string]bool{imageV1: true}, map[string]bool{imageV2: true}
	want := func(when string, records map[string]bool) {
		t.Helper()
		if diff := cmp.Diff(records, w.records()); diff != "" {
			t.Errorf("%s, on record are (-want +got):\n%s", when, diff)
		}
	}
	w.looks()
	want("from the start", first)
	w.converge()
	w.looks()
	w.edit(image(imageV2)).looks()
	want("when the template changes", both)
	w.looks()
	want("while the canary is on its way", both)
	w.converge()
	w.looks() // This tells that all serve.
	want("when all serve", both)
	w.looks()
	want("when that is on record", second)
	if p := w.decide(); p.Acts() {
		t.Errorf("something is left to do: %v", applied(p))
	}
}

func TestATemplateOnRecordOfAnotherIsLeftAlone(t *testing.T) {
	w := serving(t)
	w.edit(image(imageV2)).looks()
	for _, o := range w.Objects {
		if record, ok := o.(*appsv1.ControllerRevision); ok && strings.Contains(string(record.Data.Raw), imageV1) {
			record.OwnerReferences[0].UID = "uid-of-another"
		}
	}
	w.converge()
	w.looks()
	w.looks()
	if len(w.records()) != 2 {
		t.Errorf("the record of another fleet is gone")
	}
}

func TestATemplateIsTakenBackInTime(t *testing.T) {
	w := isFailing(t)
	if p := w.decide(); !p.LookAgain.Equal(now.Add(time.Minute)) {
		t.Errorf("to be looked at again at %s, want a minute after the canary was updated", p.LookAgain)
	}
	w.Now = now.Add(time.Minute - time.Second)
	if w.looks(); w.Fleet.Status.Failed != nil {
		t.Fatalf("taken back too early: %+v", w.Fleet.Status.Failed)
	}
	w.Now = now.Add(time.Minute)
	if w.looks(); w.Fleet.Status.Failed == nil || w.peer("alpha-2").Spec.Image != imageV2 {
		t.Fatalf("want that it is put on record before it is done: %+v", w.Fleet.Status)
	}
	bad := w.revision()
	if w.looks(); w.peer("alpha-2").Spec.Image != imageV1 || w.written("alpha-2") != w.Fleet.Status.CurrentRevision {
		t.Errorf("the canary is %s of revision %s, want the last template that served", w.peer("alpha-2").Spec.Image, w.written("alpha-2"))
	}
	w.converge()
	w.looks()
	if s := w.Fleet.Status; s.UpdateRevision != bad || s.Failed.Revision != bad || s.UpdatedReplicas != 0 || s.ReadyReplicas != 3 || s.OldestRevision != s.CurrentRevision {
		t.Errorf("told is %+v", s)
	}
	w.Now = now.Add(24 * time.Hour)
	w.looks()
	if p := w.decide(); p.Acts() {
		t.Errorf("the template is tried again as it is: %v", applied(p))
	}
}

func TestAfterARollbackAPersonGoesOn(t *testing.T) {
	for name, c := range map[string]struct {
		change edits
		image  string
	}{
		"With another template.": {image("registry.example.com/p2p-agent:v3"), "registry.example.com/p2p-agent:v3"},
		"With the old one.":      {image(imageV1), imageV1},
		"By force.":              {func(f *v1alpha1.PeerFleet) { f.Spec.Rollout.Rollback = nil }, imageV2},
	} {
		w := hasFailed(t)
		w.converge()
		w.looks()
		w.edit(c.change).converge()
		w.looks()
		if s := w.Fleet.Status; s.Failed != nil || w.peer("alpha-2").Spec.Image != c.image || s.UpdatedReplicas != 3 || s.CurrentRevision != s.UpdateRevision {
			t.Errorf("%s the peers have %s, and told is %+v", name, w.peer("alpha-2").Spec.Image, s)
		}
	}
}

// Whoever has removed the record has taken away what could be gone back to: then it is as without rollbacks, in what is
// done and in what is told.
func TestWithoutTheRecordNothingIsCalledTakenBack(t *testing.T) {
	w := hasFailed(t)
	w.converge()
	w.looks()
	w.remove("ControllerRevision")
	w.looks()
	if s := w.Fleet.Status; s.Failed != nil || w.peer("alpha-2").Spec.Image != imageV2 || w.peer("alpha-1").Spec.Image != imageV1 {
		t.Errorf("the canary has %s, the next peer %s, and told is %+v", w.peer("alpha-2").Spec.Image, w.peer("alpha-1").Spec.Image, s)
	}
}

func TestATemplateThatIsNotToBlameIsNotTakenBack(t *testing.T) {
	for name, observe := range map[string]func(t *testing.T) *world{
		"Nobody asked for rollbacks.": func(t *testing.T) *world {
			return isFailing(t, func(f *v1alpha1.PeerFleet) { f.Spec.Rollout.Rollback = nil })
		},
		"There was no template before.": func(t *testing.T) *world {
			w := newborn(t, goingBack)
			w.looks()
			w.goesDown("alpha-0", "alpha-1", "alpha-2")
			return w
		},
		"The template before is not on record.": func(t *testing.T) *world {
			w := isFailing(t)
			w.remove("ControllerRevision")
			return w
		},
		"The node of the canary is lost.": func(t *testing.T) *world {
			w := isFailing(t)
			w.tells("alpha-2", "False WaitingForLostNode", "True WaitingForLostNode", settled)
			return w
		},
		"The canary serves by now.": func(t *testing.T) *world {
			w := isFailing(t)
			w.comesUp("alpha-2")
			return w
		},
		"It ceased to serve a moment ago.": func(t *testing.T) *world {
			w := isFailing(t)
			w.peer("alpha-2").Status.Conditions[0].LastTransitionTime = metav1.NewTime(now.Add(time.Hour - time.Second))
			return w
		},
		"The change replaces no pod, and a peer was down before.": func(t *testing.T) *world {
			w := serving(t, goingBack)
			w.goesDown("alpha-0")
			w.edit(allowing(someID)).looks()
			w.goesDown("alpha-0")
			return w
		},
		"All have served with it, and one is down later.": func(t *testing.T) *world {
			w := serving(t, goingBack)
			w.edit(image(imageV2)).converge()
			w.looks()
			w.goesDown("alpha-2")
			return w
		},
		"The fleet is paused.": func(t *testing.T) *world { return isFailing(t).edit(paused) },
		"The canary is parked by now.": func(t *testing.T) *world {
			return isFailing(t).edit(parked(2))
		},
		"The canary has yet to set about it.": func(t *testing.T) *world {
			w := serving(t, goingBack)
			w.edit(image(imageV2)).looks()
			return w
		},
	} {
		w := observe(t)
		w.Now = now.Add(time.Hour)
		if w.looks(); w.Fleet.Status.Failed != nil {
			t.Errorf("%s the template was taken back: %+v", name, w.Fleet.Status.Failed)
		}
	}
}

// A refusal is as bad as a crash, even while the peer runs as it was.
func TestATemplateThatCannotBeCarriedOutIsTakenBack(t *testing.T) {
	w := isFailing(t)
	w.tells("alpha-2", "True Serving", settled, "True ObjectRefused")
	w.Now = now.Add(time.Minute)
	if w.looks(); w.Fleet.Status.Failed == nil || !strings.Contains(w.Fleet.Status.Failed.Message, "ObjectRefused") {
		t.Errorf("told is %+v", w.Fleet.Status)
	}
}

func TestWithoutANumberItTakesTenMinutes(t *testing.T) {
	w := isFailing(t, func(f *v1alpha1.PeerFleet) { f.Spec.Rollout.Rollback = &v1alpha1.PeerRollback{} })
	if p := w.decide(); !p.LookAgain.Equal(now.Add(10 * time.Minute)) {
		t.Errorf("to be looked at again at %s, want ten minutes after the canary was updated", p.LookAgain)
	}
}
