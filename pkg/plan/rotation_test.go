// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/peer"
	"github.com/peernode/operator/pkg/plan"
	"github.com/peernode/operator/pkg/rotation"
	"github.com/peernode/operator/pkg/seal"
)

const (
	pending   = v1alpha1.KeyPending
	published = v1alpha1.KeyPublished
	active    = v1alpha1.KeyActive
	retiring  = v1alpha1.KeyRetiring
	revoked   = v1alpha1.KeyRevoked
)

// holding has keys on these stages, from epoch 1, for an age. The active one is that of peerID, and the pod runs with it.
func holding(age time.Duration, stages []v1alpha1.KeyStage, change ...func(*world)) func(*testing.T) *world {
	return func(t *testing.T) *world {
		w := serving(t)
		w.keys(age, stages...)
		w.carryOut()
		w.set().Status.ObservedGeneration = 1
		for _, c := range change {
			c(w)
		}
		return w
	}
}

func on(stages ...v1alpha1.KeyStage) []v1alpha1.KeyStage { return stages }

func (w *world) keys(age time.Duration, stages ...v1alpha1.KeyStage) {
	id := w.PeerNode.Status.Identity
	id.Epochs = nil
	for i, stage := range stages {
		e := v1alpha1.KeyEpoch{Epoch: int64(i + 1), Stage: stage, Since: metav1.NewTime(now.Add(-age))}
		switch stage {
		case pending:
		case active:
			e.SecretName, e.PeerID, e.PublicKey = names.Key(w.PeerNode, e.Epoch), peerID, publicKey
			id.Epoch, id.SecretName = e.Epoch, e.SecretName
		default:
			e.SecretName, e.PeerID = names.Key(w.PeerNode, e.Epoch), madePeerID
		}
		id.Epochs = append(id.Epochs, e)
	}
}

func annotated(annotation, value string) func(*world) {
	return func(w *world) { metav1.SetMetaDataAnnotation(&w.PeerNode.ObjectMeta, annotation, value) }
}

// inFleet is a peer that its fleet has let have the pod that it runs.
func inFleet(w *world) {
	ofFleet(w.PeerNode)
	w.carryOut()
	w.set().Status.ObservedGeneration = 1
}

func wanting(change func(*v1alpha1.PeerIdentity)) func(*world) {
	return func(w *world) {
		w.PeerNode.Spec.Identity = &v1alpha1.PeerIdentity{}
		change(w.PeerNode.Spec.Identity)
	}
}

func every(hours string) func(*world) {
	return wanting(func(id *v1alpha1.PeerIdentity) {
		id.Rotation = &v1alpha1.KeyRotation{Every: v1alpha1.Period(hours), Overlap: "1h"}
	})
}

var manual = wanting(func(id *v1alpha1.PeerIdentity) {
	id.Rotation = &v1alpha1.KeyRotation{Approval: v1alpha1.ApprovalManual}
})

// ordersNext orders the next key, as the name of its Secret is free.
func ordersNext(w *world) {
	w.KeyFree = true
	w.carryOut()
	w.KeyFree = false
}

func ofEpoch(epoch int64) func(*seal.Binding, *v1alpha1.IdentityType, *[]seal.Recipient) {
	return func(b *seal.Binding, _ *v1alpha1.IdentityType, _ *[]seal.Recipient) { b.Epoch = epoch }
}

func compromised(w *world) { w.PeerNode.Status.Identity.MinimumEpoch = 2 }

var rotations = map[string]situation{
	"Keys rotate by schedule.": {
		holding(0, on(active), every("720h")), told(serves, settled, settled, "KeyRotated", "True KeyOnSchedule"), "the next key is due at 2026-12-0",
	},
	"Somebody wrote into the status that no key is in use.": {
		holding(800*time.Hour, on(active), every("720h"), func(w *world) { w.PeerNode.Status.Identity.Epochs[0].Stage = retiring }),
		told(serves, settled, settled, "KeyRotated", ""), "",
	},
	"Another key is due by the calendar.": {
		holding(0, on(active), wanting(func(id *v1alpha1.PeerIdentity) {
			id.Rotation = &v1alpha1.KeyRotation{Schedule: "0 3 1 * *", TimeZone: "Europe/Zurich"}
		})),
		told(serves, settled, settled, "KeyRotated", "True KeyOnSchedule"), "the next key is due at 2026-12-01T02:",
	},
	"The calendar has no such day.": {
		holding(0, on(active), wanting(func(id *v1alpha1.PeerIdentity) { id.Rotation = &v1alpha1.KeyRotation{Schedule: "0 3 30 2 *"} })),
		told(serves, settled, settled, "KeyRotated", "False InvalidSchedule"), `spec.identity.rotation.schedule: the time of "0 3 30 2 *" never comes`,
	},
	"The calendar has no such day, and somebody asks for a key.": {
		holding(0, on(active), wanting(func(id *v1alpha1.PeerIdentity) { id.Rotation = &v1alpha1.KeyRotation{Schedule: "0 3 30 2 *"} }), annotated(v1alpha1.AnnotationRotateKey, "monday")),
		told(serves, settled, settled, "KeyRotated", "False WaitingForNextKey"), "",
	},
	"Nobody wants another key.": {
		holding(0, on(active)), told(serves, settled, settled, "KeyRotated", ""), "",
	},
	"Another key is due.": {
		holding(800*time.Hour, on(active), every("720h")), told(serves, settled, settled, "KeyRotated", "False WaitingForNextKey"), "the key of epoch 2 is being made",
	},
	"Somebody asks for another key.": {
		holding(0, on(active), annotated(v1alpha1.AnnotationRotateKey, "monday")), told(serves, settled, settled, "KeyRotated", "False WaitingForNextKey"), "the key of epoch 2 is being made",
	},
	"Another key is asked for, and the spec wants this one.": {
		holding(0, on(active), annotated(v1alpha1.AnnotationRotateKey, "monday"), wanting(func(id *v1alpha1.PeerIdentity) { id.ExpectedPublicKey = publicKey })),
		told(serves, "True WaitingForRevision", settled, "KeyRotated", "False KeyPinned"), "spec.identity.expectedPublicKey keeps the peer",
	},
	"Another key is asked for, of a peer of a fleet.": {
		holding(0, on(active), inFleet, annotated(v1alpha1.AnnotationRotateKey, "monday")), told(serves, settled, settled, "KeyRotated", "False WaitingForNextKey"), "",
	},
	"The next key of a peer of a fleet waits for its turn.": {
		holding(time.Hour, on(active, published), inFleet), told(serves, settled, settled, "KeyRotated", "False WaitingForFleet"), "PeerFleet relay has not let the peer change to it yet",
	},
	"The turn of a peer of a fleet came with an earlier key.": {
		holding(time.Hour, on(active, published), inFleet, annotated(v1alpha1.AnnotationKeyTurn, "1")), told(serves, settled, settled, "KeyRotated", "False WaitingForFleet"), "",
	},
	"Somebody gives a peer of no fleet a turn that it does not wait for.": {
		holding(0, on(active, published), annotated(v1alpha1.AnnotationKeyTurn, "2")), told(serves, settled, settled, "KeyRotated", "False WaitingForPropagation"), "",
	},
	"Another key is asked for, and the peer does not run.": {
		holding(0, on(active), annotated(v1alpha1.AnnotationRotateKey, "monday"), func(w *world) { w.unready() }),
		waits("WaitingForPod", "KeyRotated", "False WaitingForProof"), "",
	},
	"The next key is being made.": {
		holding(0, on(active, pending), ordersNext), told(serves, settled, settled, "KeyRotated", "False WaitingForNextKey"), "",
	},
	"The Job of the next key failed; the peer runs on with its own.": {
		holding(0, on(active, pending), ordersNext, func(w *world) { w.ends(batchv1.JobFailed, "backoff limit") }),
		told(serves, settled, settled, "KeyRotated", "False KeyJobFailed"), "Job alpha-identity-2, which makes the peer's key, failed",
	},
	"A Job of somebody else has the name of the next one.": {
		holding(0, on(active, pending), ordersNext, func(w *world) { w.job().Labels = nil }),
		told(serves, settled, settled, "KeyRotated", "False ForeignObject"), "alpha-identity-2",
	},
	"The unsealer is away while a key is to be made.": {
		holding(0, on(active, pending), func(w *world) { w.Sealing = nil }), told(serves, settled, settled, "KeyRotated", "False WaitingForUnsealer"), "",
	},
	"The next key is made.": {
		holding(0, on(active, pending), ordersNext, func(w *world) { w.made(ofEpoch(2)) }),
		told(serves, settled, settled, "KeyRotated", "False WaitingForPropagation"), "until 2026-11-01T09:02:00Z",
	},
	"The next key is not approved of.": {
		holding(time.Hour, on(active, published), manual), told(serves, settled, settled, "KeyRotated", "False WaitingForApproval"), "peernode.dev/approve-key=2",
	},
	"The peer is held.": {
		holding(time.Hour, on(active, published), annotated(v1alpha1.AnnotationHold, "a copy of the volume")),
		told(serves, settled, settled, "KeyRotated", "False WaitingForHold"), "must not be restarted: a copy of the volume",
	},
	"The pod with the key of before is being replaced.": {
		holding(0, on(retiring, active), func(w *world) { w.identity().State.Terminated.Message = `{"peerID":"` + madePeerID + `"}` }),
		told(serves, settled, settled, "KeyRotated", "False WaitingForProof"), "",
	},
	"Both keys are let in.": {
		holding(time.Hour, on(retiring, active)), told(serves, settled, settled, "KeyRotated", "False Overlapping"), "until 2026-11-08T08:00:00Z",
	},
	"The active key is compromised, and another is being made.": {
		holding(0, on(active, pending), compromised, ordersNext), told(serves, settled, settled, "KeyRotated", "False KeyCompromised"), "the key of epoch 1 is compromised",
	},
	"The active key is compromised, and another cannot be made.": {
		holding(0, on(active, pending), compromised, ordersNext, func(w *world) { w.ends(batchv1.JobFailed, "backoff limit") }),
		told(serves, settled, settled, "KeyRotated", "False KeyCompromised"), "failed (backoff limit)",
	},
}

// stagesOf are the stages of a status, with the epoch in use.
func stagesOf(s v1alpha1.PeerNodeStatus) (stages []v1alpha1.KeyStage, epoch int64) {
	for _, e := range s.Identity.Epochs {
		stages = append(stages, e.Stage)
	}
	return stages, s.Identity.Epoch
}

func TestWhatIsOnRecordLeadsToTheNextStep(t *testing.T) {
	nextReserved := reserved(made, func(r *v1alpha1.PeerIdentityReservation) { r.Spec.Epoch = 2 })
	for name, c := range map[string]struct {
		observe func(*testing.T) *world
		applied []string
		stored  string
		stages  []v1alpha1.KeyStage
		epoch   int64
	}{
		"Nothing is asked for.":                       {holding(0, on(active)), nil, "", on(active), 1},
		"A key is asked for.":                         {holding(0, on(active), annotated(v1alpha1.AnnotationRotateKey, "monday")), nil, "", on(active, pending), 1},
		"Nobody knows whether its name is free.":      {holding(0, on(active, pending)), nil, "", on(active, pending), 1},
		"Its name is free.":                           {holding(0, on(active, pending), func(w *world) { w.KeyFree = true }), []string{"Job alpha-identity-2"}, "", on(active, pending), 1},
		"Its name is somebody else's.":                {holding(0, on(active, pending), func(w *world) { w.KeyTaken = true }), nil, "", on(active, revoked, pending), 1},
		"It was stored and not put on record.":        {holding(0, on(active, pending), func(w *world) { w.KeyTaken = true; w.with(nextReserved) }), nil, "", on(active, published), 1},
		"It was reserved, and lost before it was.":    {holding(0, on(active, pending), func(w *world) { w.KeyFree = true; w.with(nextReserved) }), nil, "", on(active, revoked, pending), 1},
		"It is made.":                                 {holding(0, on(active, pending), ordersNext, func(w *world) { w.made(ofEpoch(2)) }), nil, "alpha-identity-2", on(active, published), 1},
		"It is made, and for another epoch.":          {holding(0, on(active, pending), ordersNext, func(w *world) { w.made() }), nil, "", on(active, pending), 1},
		"Others do not know it yet.":                  {holding(time.Minute, on(active, published)), nil, "", on(active, published), 1},
		"Others know it.":                             {holding(time.Hour, on(active, published)), nil, "", on(retiring, active), 2},
		"The switch is on record.":                    {func(t *testing.T) *world { w := serving(t); w.keys(0, retiring, active); return w }, []string{"StatefulSet alpha"}, "", on(retiring, active), 2},
		"The overlap is over.":                        {holding(168*time.Hour, on(retiring, active)), nil, "", on(revoked, active), 2},
		"It is over, and the peer does not run.":      {holding(168*time.Hour, on(retiring, active), func(w *world) { w.unready() }), nil, "", on(retiring, active), 2},
		"The active key is said to be compromised.":   {holding(0, on(active), annotated(v1alpha1.AnnotationCompromisedKey, "1")), nil, "", on(active), 1},
		"It is, and the next one is made.":            {holding(0, on(active, pending), compromised, ordersNext, func(w *world) { w.made(ofEpoch(2)) }), nil, "alpha-identity-2", on(revoked, active), 2},
		"The peer lost its key; nothing is due then.": {holding(800*time.Hour, on(active), every("720h"), func(w *world) { w.KeyMissing = true; w.Pod = nil }), nil, "", on(active), 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := c.observe(t)
			w.PeerNode.CreationTimestamp = metav1.NewTime(now)
			p := w.decide()
			if diff := cmp.Diff(c.applied, applied(p)); diff != "" {
				t.Errorf("applied (-want +got):\n%s", diff)
			}
			stored := ""
			if p.Store != nil {
				stored = p.Store.Name
			}
			if stored != c.stored {
				t.Errorf("%q is stored, want %q", stored, c.stored)
			}
			stages, epoch := stagesOf(w.status())
			if diff := cmp.Diff(c.stages, stages); diff != "" || epoch != c.epoch {
				t.Errorf("epoch %d, stages (-want +got):\n%s", epoch, diff)
			}
		})
	}
}

// What is on record of the next key is what was stored, and of the switch what was published.
func TestARotationKeepsWhoThePeerIs(t *testing.T) {
	w := holding(0, on(active, pending), ordersNext, func(w *world) { w.made(ofEpoch(2)) })(t)
	if r := w.decide().Reserve; r == nil || r.Spec.Epoch != 2 || r.Spec.SecretName != "alpha-identity-2" {
		t.Errorf("reserved is %+v", r)
	}
	status := w.status()
	next := status.Identity.Epochs[1]
	if next.PeerID != madePeerID || next.SecretName != "alpha-identity-2" || status.Identity.PeerID != peerID {
		t.Fatalf("published is %+v", status.Identity)
	}
	if peerID, also := status.Identity.Names(); peerID != status.Identity.PeerID || !cmp.Equal(also, []string{madePeerID}) {
		t.Errorf("others let in %s and %v", peerID, also)
	}
	w.PeerNode.Status = status
	p := w.decide()
	switched := plan.Status(w.Observed, p, plan.Judge(w.Observed, p, nil, now), now.Add(2*time.Minute))
	id := switched.Identity
	if id.Epoch != 2 || id.PeerID != madePeerID || id.SecretName != "alpha-identity-2" || id.PublicKey != next.PublicKey {
		t.Errorf("after the switch on record is %+v", id)
	}
	if bound := conditions.Find(switched.Conditions, v1alpha1.ConditionIdentityBound); bound.Status != metav1.ConditionFalse {
		t.Error("the new key counts as proven, and no pod has it")
	}
	if _, also := id.Names(); !cmp.Equal(also, []string{peerID}) {
		t.Errorf("beside the new name others let in %v", also)
	}
}

// The fleet lets it have the pod that comes with the key, because the key is no part of what the fleet compares.
func TestAPeerOfAFleetSwitchesWhenItIsItsTurn(t *testing.T) {
	w := holding(time.Hour, on(active, published), inFleet)(t)
	if stages, epoch := stagesOf(w.status()); epoch != 1 || !cmp.Equal(stages, on(active, published)) {
		t.Errorf("before its turn the keys are %v, in use is %d", stages, epoch)
	}
	annotated(v1alpha1.AnnotationKeyTurn, "2")(w)
	w.PeerNode.Status = w.status()
	if stages, epoch := stagesOf(w.PeerNode.Status); epoch != 2 || !cmp.Equal(stages, on(retiring, active)) {
		t.Errorf("in its turn the keys are %v, in use is %d", stages, epoch)
	}
	if diff := cmp.Diff([]string{"StatefulSet"}, w.kindsApplied()); diff != "" {
		t.Errorf("applied (-want +got):\n%s", diff)
	}
}

// A peer that comes back takes up its latest key, and not one that was given up.
func TestAPeerComesBackWithItsLatestKey(t *testing.T) {
	w := returning(t).with(reserved(made, func(r *v1alpha1.PeerIdentityReservation) { r.Spec.Epoch, r.Spec.SecretName = 12, "alpha-identity-12" }))
	w.carryOut()
	if id := w.status().Identity; id.Epoch != 12 || id.PeerID != madePeerID {
		t.Errorf("on record is %+v", id)
	}
	unseal := w.set().Spec.Template.Spec.InitContainers[0]
	if args := strings.Join(unseal.Args, " "); !strings.Contains(args, "--epoch=12 ") {
		t.Errorf("the pod asks for %s", args)
	}
	if telling := plan.ToTell(v1alpha1.PeerNodeStatus{}, w.status(), now, time.Hour); !telling.Write {
		t.Error("the unsealer is not told")
	}
}

func TestANewPeerServesNoRequestOfBefore(t *testing.T) {
	w := serving(t)
	w.PeerNode.Status.Identity.Epochs = nil
	annotated(v1alpha1.AnnotationRotateKey, "monday")(w)
	status := w.status()
	if stages, _ := stagesOf(status); len(stages) != 1 || status.Identity.Rotation.LastRequest != "monday" {
		t.Errorf("on record is %+v", status.Identity)
	}
}

func TestWhenToLookAgainAtARotation(t *testing.T) {
	for name, c := range map[string]struct {
		observe func(*testing.T) *world
		wait    rotation.Wait
		after   time.Duration
	}{
		"Nothing is to come.":    {holding(0, on(active)), rotation.Rests, 0},
		"Others learn of a key.": {holding(30*time.Second, on(active, published)), rotation.ForPropagation, 90 * time.Second},
		"Two keys are let in.":   {holding(time.Hour, on(retiring, active)), rotation.ForOverlap, 167 * time.Hour},
	} {
		w := c.observe(t)
		d := w.decide().Rotation(w.Observed, now)
		if d.Wait != c.wait || c.after > 0 && !d.Until.Equal(now.Add(c.after)) || c.after == 0 && !d.Until.IsZero() {
			t.Errorf("%s waits for %q until %s", name, d.Wait, d.Until)
		}
	}
}

// registered is a software whose keys are registered somewhere.
type registered struct{ peer.Kind }

func (r registered) Key() peer.Key { return registeredKey{r.Kind.Key()} }

type registeredKey struct{ peer.Key }

func (registeredKey) SwitchesFreely() bool { return false }

func TestAKeyThatIsRegisteredSomewhereIsNotChangedWithoutApproval(t *testing.T) {
	for name, c := range map[string]struct {
		approved string
		wait     rotation.Wait
	}{
		"Nobody says that the next one is registered.": {"", rotation.ForApproval},
		"Somebody says so.":                            {"2", rotation.ForProof},
	} {
		w := holding(time.Hour, on(active, published), annotated(v1alpha1.AnnotationApproveKey, c.approved))(t)
		p := w.decide()
		p.Kind = registered{p.Kind}
		if d := p.Rotation(w.Observed, now); d.Wait != c.wait {
			t.Errorf("%s it waits for %q, want %q", name, d.Wait, c.wait)
		}
	}
}

func TestStagesAreToldAtOnceAndOnce(t *testing.T) {
	status := func(minimum int64, stages ...v1alpha1.KeyStage) v1alpha1.PeerNodeStatus {
		s := statusOf(serves, settled, settled, withKey)
		s.Identity.Epochs, s.Identity.MinimumEpoch = nil, minimum
		for i, stage := range stages {
			s.Identity.Epochs = append(s.Identity.Epochs, v1alpha1.KeyEpoch{Epoch: int64(i + 1), Stage: stage, PeerID: []string{"one", "two"}[i]})
		}
		return s
	}
	for name, c := range map[string]struct {
		before, next v1alpha1.PeerNodeStatus
		want         []string
	}{
		"A key is ordered.":     {status(0, active), status(0, active, pending), nil},
		"A key is published.":   {status(0, active, pending), status(0, active, published), []string{"KeyPublished"}},
		"A peer switches.":      {status(0, active, published), status(0, retiring, active), []string{"KeySwitched"}},
		"A key is revoked.":     {status(0, retiring, active), status(0, revoked, active), []string{"KeyRevoked"}},
		"A key is compromised.": {status(0, active), status(2, active), []string{"KeyCompromised"}},
	} {
		var got []string
		for _, e := range plan.Events(c.before, c.next) {
			got = append(got, e.Reason)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s events (-want +got):\n%s", name, diff)
		}
		if telling := plan.ToTell(c.before, c.next, now, time.Hour); !telling.Write {
			t.Errorf("%s it is held back", name)
		}
		if again := plan.Events(c.next, c.next); len(again) > 0 {
			t.Errorf("%s it is told again", name)
		}
	}
}

// What the janitor tells is carried along, and the keys for which it has yet to come stay on record.
func TestARotationLeavesTheJanitorItsPart(t *testing.T) {
	keeps := func(n int32) func(*v1alpha1.PeerIdentity) {
		return func(id *v1alpha1.PeerIdentity) { id.Rotation = &v1alpha1.KeyRotation{KeepPrevious: &n} }
	}
	for name, c := range map[string]struct {
		spec    func(*v1alpha1.PeerIdentity)
		removed int64
		first   int64
	}{
		"All are kept.":             {func(*v1alpha1.PeerIdentity) {}, 0, 3},
		"Two went.":                 {keeps(1), 2, 3},
		"One went, and others may.": {keeps(3), 1, 2},
		"None went yet.":            {keeps(0), 0, 1},
	} {
		w := holding(0, on(revoked, revoked, revoked, revoked, revoked, active), wanting(c.spec))(t)
		w.PeerNode.Status.Identity.RemovedThrough = c.removed
		w.PeerNode.Status = w.status()
		id := w.PeerNode.Status.Identity
		if id.RemovedThrough != c.removed || id.Epochs[0].Epoch != c.first || id.Epoch != 6 {
			t.Errorf("%s On record is %+v", name, id)
		}
		if telling := plan.ToTell(w.PeerNode.Status, w.status(), now, time.Hour); telling.Write {
			t.Errorf("%s The same is told again", name)
		}
	}
}
