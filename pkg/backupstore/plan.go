// SPDX-License-Identifier: Apache-2.0

package backupstore

import (
	"cmp"
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/defaults"
	"github.com/peernode/operator/pkg/gate"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/resources"
	"github.com/peernode/operator/pkg/seal"
	"github.com/peernode/operator/pkg/storecheck"
)

// checkAgain is how soon a check that failed is made again, since what mends it is often not seen, such as another access key
// in the same Secret.
const checkAgain = 5 * time.Minute

// Plan is what is to be done about one store.
type Plan struct {
	// Apply are the objects that differ from what is intended, in the order in which they are needed.
	Apply []intent.Change
	// Remove are objects that are not needed any more, such as a Job that has ended and told nothing.
	Remove []intent.Removal
	// LookAgain is when the next check is due, the zero time while one is on its way.
	LookAgain time.Time

	// blocked is set when nothing may be done, or not yet.
	blocked *conditions.Finding
	// ended is the check that has come to its end, nil where none has since the last that is on record.
	ended *ended
	// prune is about old backups.
	prune prune
}

// ended is how a check came to its end: with what it found, or with why it failed.
type ended struct {
	found *v1alpha1.BackupStoreFindings
	why   string
}

// Acts reports whether the plan changes anything.
func (p *Plan) Acts() bool { return len(p.Apply) > 0 || len(p.Remove) > 0 }

// Decide makes the plan.
func Decide(o Observed) (Plan, error) {
	var p Plan
	if p.blocked = refused(o); p.blocked != nil {
		return p, nil
	}
	wanted := []any{resources.StoreCheckPolicy(o.Store, o.Options.Resources)}
	job, exists := o.Objects[JobRef(o.Store)].(*batchv1.Job)
	switch at := due(o.Store, o.Now); {
	case at.After(o.Now):
		p.LookAgain = at
	case exists:
		p.follow(o, job)
	default:
		wanted = append(wanted, resources.StoreCheckJob(o.Store, o.Options.Resources))
	}
	if p.blocked = o.taken(); p.blocked != nil {
		return Plan{blocked: p.blocked}, nil
	}
	wanted = append(wanted, p.retain(o)...)
	intents, err := intent.FromAll(wanted...)
	if err != nil {
		return p, err
	}
	p.Apply, err = intent.Changes(intents, o.Objects)
	return p, err
}

// refused is what stands against any check.
func refused(o Observed) *conditions.Finding {
	if o.Options.Resources.CompanionImage == "" {
		return conditions.Refuse(v1alpha1.ReasonNoCompanion, "the operator was started without --companion-image, so nothing can check the store")
	}
	for i, text := range o.Store.Spec.Recipients {
		if _, err := seal.ParseRecipient(text); err != nil {
			return conditions.Refuse(v1alpha1.ReasonInvalidRecipient, fmt.Sprintf("spec.recipients[%d]: %s", i, err))
		}
	}
	return nil
}

// taken asks whether a name that is needed is somebody else's, or will be free soon.
func (o Observed) taken() *conditions.Finding {
	for _, at := range []intent.Ref{PolicyRef(o.Store), JobRef(o.Store)} {
		switch object := o.Objects[at]; {
		case object == nil:
		case !gate.OfStore(o.Store, object):
			return gate.Foreign(at)
		case o.previous(object):
			return conditions.Wait(v1alpha1.ReasonWaitingForCheck, at.String()+" is on its way out, or of a deleted PeerBackupStore of this name; the store is checked after that")
		}
	}
	return nil
}

// due is when the next check is: at once for a spec that was not checked yet.
func due(s *v1alpha1.PeerBackupStore, now time.Time) time.Time {
	every := defaults.PeerBackupStore(s).Spec.CheckEvery.Length()
	last := s.Status.LastCheck
	switch {
	case last == nil, last.Generation != s.Generation, last.Time.Sub(now) > every: // Somebody's clock was wrong.
		return now
	case last.Failed:
		return last.Time.Add(min(every, checkAgain))
	default:
		return last.Time.Add(every)
	}
}

// follow asks what the Job that checks has come to.
func (p *Plan) follow(o Observed, job *batchv1.Job) {
	for _, pod := range o.Pods {
		if end := resources.StoreCheckDone(pod); end != nil {
			p.ended = read(end.Message)
			return
		}
	}
	for _, c := range job.Status.Conditions {
		switch {
		case c.Status != corev1.ConditionTrue:
		case c.Type == batchv1.JobFailed && c.Reason == batchv1.JobReasonDeadlineExceeded:
			p.ended = &ended{why: "it came to no end in five minutes; look whether " + mounted(o.Store) + ", whether the image of peer-companion can be pulled, and whether the endpoint can be reached"}
		case c.Type == batchv1.JobFailed:
			p.ended = &ended{why: cmp.Or(resources.LastWords(o.Pods, resources.StoreCheckFailure), c.Message)}
		case c.Type == batchv1.JobComplete && len(o.Pods) == 0:
			p.Remove = append(p.Remove, intent.Removal{Ref: JobRef(o.Store), Object: job})
		}
	}
}

// read takes the word of the pod.
func read(message string) *ended {
	found, err := storecheck.Parse(message)
	if err != nil {
		return &ended{why: "what it tells cannot be used: " + err.Error()}
	}
	return &ended{found: &found}
}

// mounted are the objects without which the pod of the Job does not start.
func mounted(s *v1alpha1.PeerBackupStore) string {
	if ca := s.Spec.CA; ca != nil {
		return fmt.Sprintf("Secret %s and ConfigMap %s are there", s.Spec.Credentials.SecretName, ca.ConfigMapName)
	}
	return fmt.Sprintf("Secret %s is there", s.Spec.Credentials.SecretName)
}
