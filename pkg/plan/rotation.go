// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/blueprint"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/rotation"
	"github.com/peernode/operator/pkg/timezone"
)

// nextEpoch is the key that is being made to follow the one in use, false where none is on record.
func nextEpoch(p *v1alpha1.PeerNode) (int64, bool) {
	pending := p.Status.Identity.At(v1alpha1.KeyPending)
	if pending == nil {
		return 0, false
	}
	return pending.Epoch, true
}

// decideNext is the step towards the next key. What is wrong with it harms nobody: the peer runs on with the one it has.
func decideNext(o Observed, b blueprint.Blueprint, now keyStep) keyStep {
	epoch, ordered := nextEpoch(o.PeerNode)
	if !ordered || now.record == nil || now.reserve != nil {
		return keyStep{}
	}
	job := o.keyJob()
	var next keyStep
	switch {
	case !sealable(o, b):
		return keyStep{finding: unpublished(o, "the next one")}
	case job != nil && (o.foreign(job) || o.previous(job)):
		return keyStep{finding: conditions.Refuse(v1alpha1.ReasonForeignObject, fmt.Sprintf("Job %s is not of this PeerNode; remove it, and the next key is made", job.Name))}
	case job != nil:
		next = take(o, b, job, epoch, reservedFor(o, b.Kind.Key(), epoch))
	default:
		next = adoptNext(o, b, epoch)
	}
	if next.blocked != nil {
		return keyStep{finding: next.blocked}
	}
	return next
}

// adoptNext takes up a key that was stored, and not put on record, by an operator that was killed. Its reservation tells
// what it is. One without the other is of no use, and nobody has used it: the next number is.
func adoptNext(o Observed, b blueprint.Blueprint, epoch int64) keyStep {
	key, _, reserved := reservedKey(reservedFor(o, b.Kind.Key(), epoch))
	switch {
	case o.KeyTaken && reserved:
		return keyStep{record: recordOf(b, key, epoch)}.claim(o, b, key, epoch)
	case o.KeyTaken, o.KeyFree && reserved:
		return keyStep{unusable: true}
	}
	return keyStep{order: o.KeyFree}
}

// Rotation decides where the keys of the peer come to. What is done about it follows once it is on record, so an operator
// that is killed in between, or told something else by then, does not go back.
func (p Plan) Rotation(o Observed, now time.Time) rotation.Decision {
	if p.Kind == nil {
		return rotation.Decision{}
	}
	id, _ := identityStatus(o, p)
	return p.rotate(o, id, now)
}

func (p Plan) rotate(o Observed, id *v1alpha1.PeerIdentityStatus, now time.Time) rotation.Decision {
	if id == nil || id.SecretName == "" || id.Protection == "" || len(id.Epochs) > 0 && id.At(v1alpha1.KeyActive) == nil {
		return rotation.Decision{} // The last is no work of the operator's, and it cannot say which key is in use.
	}
	now = now.Truncate(time.Second)
	return rotation.Next(stateOf(o.PeerNode, id, now), p.policy(), requests(o.PeerNode), p.facts(o, id), now)
}

// stateOf is what is on record. A key that was made just now, or before keys had epochs, is the only one.
func stateOf(p *v1alpha1.PeerNode, id *v1alpha1.PeerIdentityStatus, now time.Time) rotation.State {
	s := rotation.State{Minimum: id.MinimumEpoch, Removed: id.RemovedThrough}
	if id.Rotation != nil {
		s.LastRequest = id.Rotation.LastRequest
	}
	for _, e := range id.Epochs {
		s.Epochs = append(s.Epochs, rotation.Epoch{Number: e.Epoch, Stage: e.Stage, Since: e.Since.Time})
	}
	if len(s.Epochs) == 0 {
		s.Epochs = []rotation.Epoch{{Number: max(firstEpoch, id.Epoch), Stage: v1alpha1.KeyActive, Since: now}}
		s.LastRequest = p.Annotations[v1alpha1.AnnotationRotateKey]
	}
	return s
}

func (p Plan) policy() rotation.Policy {
	spec := p.PeerNode.Spec.Identity
	by, _ := schedule(spec) // What is wrong with it is told.
	policy := rotation.Policy{
		Every:    spec.RotatesEvery(),
		Schedule: by,
		Spread:   string(p.PeerNode.UID),
		Overlap:  spec.Overlap(),
		Manual:   !p.Kind.Key().SwitchesFreely() || spec != nil && spec.Rotation != nil && spec.Rotation.Approval == v1alpha1.ApprovalManual,
		Turns:    fleets(p.PeerNode),
		Pinned:   expectedKey(p.PeerNode) != "",
	}
	if keeps, some := spec.KeepsPrevious(); some {
		policy.Keeps = &keeps
	}
	return policy
}

// schedule reads when keys are due by the calendar, nil where the spec does not say.
func schedule(spec *v1alpha1.PeerIdentity) (timezone.Schedule, error) {
	if spec == nil || spec.Rotation == nil || spec.Rotation.Schedule == "" {
		return nil, nil //nolint:nilnil // absence is an answer
	}
	return timezone.ParseSchedule(spec.Rotation.Schedule, spec.Rotation.TimeZone)
}

func invalidSchedule(p *v1alpha1.PeerNode) *conditions.Finding {
	if _, err := schedule(p.Spec.Identity); err != nil {
		return conditions.Wait(v1alpha1.ReasonInvalidSchedule, fmt.Sprintf("spec.identity.rotation.%s; until it is corrected, keys are changed only when asked for", err))
	}
	return nil
}

// requests reads the annotations.
func requests(p *v1alpha1.PeerNode) rotation.Requests {
	number := func(annotation string) int64 {
		n, err := strconv.ParseInt(p.Annotations[annotation], 10, 64)
		if err != nil {
			return 0
		}
		return n
	}
	return rotation.Requests{
		Rotate:      p.Annotations[v1alpha1.AnnotationRotateKey],
		Approved:    number(v1alpha1.AnnotationApproveKey),
		Turn:        number(v1alpha1.AnnotationKeyTurn),
		Compromised: number(v1alpha1.AnnotationCompromisedKey),
	}
}

func (p Plan) facts(o Observed, id *v1alpha1.PeerIdentityStatus) rotation.Facts {
	proven, ok := provenIdentity(o.Pod, p.Kind.Key())
	f := rotation.Facts{
		Stored:      p.next.record != nil,
		Unusable:    p.next.unusable,
		Proven:      ok && podServes(o.Pod) && proven.PeerID == id.PeerID,
		Held:        o.PeerNode.Annotations[v1alpha1.AnnotationHold],
		Watching:    o.Watching,
		Propagation: o.Options.Propagation,
	}
	if p.Blocked != nil {
		f.Held = cmp.Or(f.Held, p.Blocked.Message)
	}
	return f
}

// record puts a decision on record: the key in use, and all others beside it.
func (p Plan) record(d rotation.Decision, id *v1alpha1.PeerIdentityStatus) {
	if len(d.State.Epochs) == 0 {
		return
	}
	var epochs []v1alpha1.KeyEpoch
	for _, e := range d.State.Epochs {
		entry := p.entry(id, e.Number)
		entry.Stage, entry.Since = e.Stage, metav1.NewTime(e.Since).Rfc3339Copy()
		epochs = append(epochs, entry)
	}
	id.Epochs, id.MinimumEpoch = epochs, d.State.Minimum
	active := id.At(v1alpha1.KeyActive)
	id.Epoch, id.SecretName, id.PeerID, id.PublicKey = active.Epoch, active.SecretName, active.PeerID, active.PublicKey
	id.Rotation = nil
	if !d.Due.IsZero() || d.State.LastRequest != "" {
		id.Rotation = &v1alpha1.KeyRotationStatus{LastRequest: d.State.LastRequest}
	}
	if !d.Due.IsZero() {
		id.Rotation.Next = new(metav1.NewTime(d.Due.Truncate(time.Second)))
	}
}

// entry is what is known of a key.
func (p Plan) entry(id *v1alpha1.PeerIdentityStatus, epoch int64) v1alpha1.KeyEpoch {
	known := func(r *v1alpha1.PeerIdentityStatus) v1alpha1.KeyEpoch {
		return v1alpha1.KeyEpoch{Epoch: epoch, SecretName: r.SecretName, PeerID: r.PeerID, PublicKey: r.PublicKey}
	}
	i := slices.IndexFunc(id.Epochs, func(e v1alpha1.KeyEpoch) bool { return e.Epoch == epoch })
	switch {
	case max(firstEpoch, id.Epoch) == epoch:
		return known(id)
	case p.next.record != nil && p.next.record.Epoch == epoch:
		return known(p.next.record)
	case i >= 0:
		return id.Epochs[i]
	}
	return v1alpha1.KeyEpoch{Epoch: epoch}
}

// keyRotated says how far a new key is, nil while there is none, and none will be by itself.
func (p Plan) keyRotated(o Observed, d rotation.Decision) *metav1.Condition {
	if len(d.State.Epochs) == 0 {
		return nil
	}
	f := p.awaited(o, d)
	if f == nil {
		f = invalidSchedule(p.PeerNode)
	}
	if f == nil && d.Due.IsZero() && len(accepted(d.State)) == 1 {
		return nil
	}
	c := conditions.New(v1alpha1.ConditionKeyRotated, metav1.ConditionTrue, v1alpha1.ReasonKeyOnSchedule, "")
	if !d.Due.IsZero() {
		c.Message = "the next key is due at " + d.Due.UTC().Format(time.RFC3339)
	}
	if f != nil {
		c.Status, c.Reason, c.Message = metav1.ConditionFalse, f.Reason, f.Message
	}
	return &c
}

// accepted are the keys that others let in.
func accepted(s rotation.State) (out []int64) {
	for _, e := range s.Epochs {
		if s.Accepts(e.Number) {
			out = append(out, e.Number)
		}
	}
	return out
}

// awaited is what the next step waits for, nil where none is in sight.
func (p Plan) awaited(o Observed, d rotation.Decision) *conditions.Finding {
	last := d.State.Epochs[len(d.State.Epochs)-1].Number
	wait := func(reason, format string, args ...any) *conditions.Finding {
		return conditions.Wait(reason, fmt.Sprintf(format, args...))
	}
	switch {
	case d.State.Compromised():
		active, _ := d.State.Active()
		return wait(v1alpha1.ReasonKeyCompromised, "the key of epoch %d is compromised: it is not handed out any more, and the pod is replaced as soon as another is made%s", active.Number, p.trouble())
	case d.Wait == rotation.ForKey && p.next.finding != nil && p.next.finding.Reason != v1alpha1.ReasonWaitingForKey:
		return p.next.finding
	case d.Wait == rotation.ForKey:
		return wait(v1alpha1.ReasonWaitingForNextKey, "the key of epoch %d is being made", last)
	case d.Wait == rotation.ForPropagation:
		return wait(v1alpha1.ReasonWaitingForPropagation, "the peers that declare this one learn of the key of epoch %d, until %s", last, d.Until.UTC().Format(time.RFC3339))
	case d.Wait == rotation.ForApproval:
		return wait(v1alpha1.ReasonWaitingForApproval, "the key of epoch %d is known to the peers that declare this one; tell it to others, and set the annotation %s=%d", last, v1alpha1.AnnotationApproveKey, last)
	case d.Wait == rotation.ForPeer:
		return wait(v1alpha1.ReasonWaitingForHold, "the key of epoch %d is not used yet, because the peer must not be restarted: %s", last, p.facts(o, &v1alpha1.PeerIdentityStatus{}).Held)
	case d.Wait == rotation.ForTurn:
		return wait(v1alpha1.ReasonWaitingForFleet, "the key of epoch %d is known to the others, and PeerFleet %s has not let the peer change to it yet; it lets as many be down at a time as its rollouts may", last, p.PeerNode.Spec.Fleet.Name)
	case d.Wait == rotation.ForProof:
		return wait(v1alpha1.ReasonWaitingForProof, "the peer does not serve with the key on record yet")
	case d.Wait == rotation.ForOverlap:
		return wait(v1alpha1.ReasonOverlapping, "the key of before is let in beside that of epoch %d, until %s", last, d.Until.UTC().Format(time.RFC3339))
	case d.Wait == rotation.ForPin:
		return wait(v1alpha1.ReasonKeyPinned, "another key is asked for, and spec.identity.expectedPublicKey keeps the peer at its own; take it out of the spec")
	}
	return nil
}

func (p Plan) trouble() string {
	if f := p.next.finding; f != nil && f.Reason != v1alpha1.ReasonWaitingForKey {
		return "; " + f.Message
	}
	return ""
}
