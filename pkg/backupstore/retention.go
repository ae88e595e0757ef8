// SPDX-License-Identifier: Apache-2.0

package backupstore

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/backup"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/defaults"
	"github.com/peernode/operator/pkg/gate"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/resources"
)

// pruneAgain is how soon a run that failed is made again.
const pruneAgain = time.Hour

// prune is what is to be done about old backups.
type prune struct {
	// blocked is set when nothing may be done, or not yet.
	blocked *conditions.Finding
	// ended is the run that has come to its end, nil where none has since the last that is on record.
	ended *pruneEnded
}

// pruneEnded is how a run came to its end: with what it did, or with why it failed.
type pruneEnded struct {
	did *backup.Pruned
	why string
}

// PrunePolicyRef is the NetworkPolicy of the pods that remove old backups from a store.
func PrunePolicyRef(s *v1alpha1.PeerBackupStore) intent.Ref {
	return ref(s, networkingv1.SchemeGroupVersion.WithKind("NetworkPolicy"), names.StorePrune(s))
}

// PruneJobRef is the Job that removes old backups next, which may not be due yet.
func PruneJobRef(s *v1alpha1.PeerBackupStore) intent.Ref {
	return ref(s, batchv1.SchemeGroupVersion.WithKind("Job"), names.StorePruneJob(s))
}

// retain decides about old backups, and returns the objects that are wanted for it.
func (p *Plan) retain(o Observed) []any {
	if o.Store.Spec.Retention == nil {
		p.closeWay(o)
		return nil
	}
	trust := Trust(o.Store, o.Backups)
	if p.prune.blocked = o.pruneRefused(trust); p.prune.blocked != nil {
		return nil
	}
	wanted := []any{resources.StorePrunePolicy(o.Store, o.Options.Resources)}
	job, exists := o.Objects[PruneJobRef(o.Store)].(*batchv1.Job)
	switch at := pruneDue(o.Store, o.Now); {
	case at.After(o.Now):
		if p.LookAgain.IsZero() || at.Before(p.LookAgain) {
			p.LookAgain = at
		}
	case exists:
		p.followPrune(o, job)
	default:
		wanted = append(wanted, resources.StorePruneJob(resources.PruneInput{Store: o.Store, Trust: trust, Keep: Proven(o.Store, o.Backups), Options: o.Options.Resources}))
	}
	return wanted
}

// closeWay closes the way to the store for who removed old backups, once nobody asks for that any more.
func (p *Plan) closeWay(o Observed) {
	at := PrunePolicyRef(o.Store)
	if policy := o.Objects[at]; policy != nil && gate.OfStore(o.Store, policy) && !o.previous(policy) {
		p.Remove = append(p.Remove, intent.Removal{Ref: at, Object: policy})
	}
}

// Trust are the keys by which the records in a store are known, sorted: those that its spec names, and those on record in the
// PeerBackups of the store. What a pod has told of its backup counts for its own peer alone.
func Trust(s *v1alpha1.PeerBackupStore, backups []*v1alpha1.PeerBackup) []string {
	var out []string
	for _, key := range s.Spec.Retention.Trust {
		out = append(out, string(key))
	}
	for _, b := range backups {
		if key := signedBy(s, b); key != "" {
			out = append(out, key)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// signedBy is the key by which the record of a backup in a store is known, "" where there is none.
func signedBy(s *v1alpha1.PeerBackupStore, b *v1alpha1.PeerBackup) string {
	if b.Spec.StoreRef.Name != s.Name || b.Status.Record == nil {
		return ""
	}
	key := strings.TrimSpace(b.Status.Record.SignedBy)
	if namespace, peer, err := backup.Whose(key); err != nil || namespace != b.Namespace || peer != b.Spec.PeerNodeRef.Name {
		return ""
	}
	return key
}

// Proven are the newest backups in a store that were proven, one of each peer, as NAMESPACE/NAME:NUMBER, sorted. They stay
// whatever the rules say: newer ones may be good, and this one is known to be.
func Proven(s *v1alpha1.PeerBackupStore, backups []*v1alpha1.PeerBackup) []string {
	newest := map[string]int64{}
	for _, b := range backups {
		if signedBy(s, b) != "" && conditions.Find(b.Status.Conditions, v1alpha1.ConditionProven).Status == metav1.ConditionTrue {
			peer := b.Namespace + "/" + b.Spec.PeerNodeRef.Name
			newest[peer] = max(newest[peer], b.Status.Record.Sequence)
		}
	}
	var out []string
	for peer, sequence := range newest {
		out = append(out, fmt.Sprintf("%s:%d", peer, sequence))
	}
	slices.Sort(out)
	return out
}

// pruneRefused is what stands against removing anything, without standing against checks.
func (o Observed) pruneRefused(trust []string) *conditions.Finding {
	for _, at := range []intent.Ref{PrunePolicyRef(o.Store), PruneJobRef(o.Store)} {
		switch object := o.Objects[at]; {
		case object == nil:
		case !gate.OfStore(o.Store, object):
			return gate.Foreign(at)
		case o.previous(object):
			return conditions.Wait(v1alpha1.ReasonWaitingForPrune, at.String()+" is on its way out, or of a deleted PeerBackupStore of this name; old backups are removed after that")
		}
	}
	for i, key := range o.Store.Spec.Retention.Trust {
		if _, _, err := backup.Whose(string(key)); err != nil {
			return conditions.Refuse(v1alpha1.ReasonPruneRefused, fmt.Sprintf("spec.retention.trust[%d]: %s", i, err))
		}
	}
	if len(trust) == 0 {
		return conditions.Wait(v1alpha1.ReasonNoKeyKnown, "no PeerBackup of this store and nothing in spec.retention.trust names a key by which records are known; nothing is removed")
	}
	return nil
}

// pruneDue is when old backups are removed next: at once for a spec for which that was not done yet.
func pruneDue(s *v1alpha1.PeerBackupStore, now time.Time) time.Time {
	every := defaults.PeerBackupStore(s).Spec.Retention.Every.Length()
	if s.Status.Retention == nil {
		return now
	}
	switch last := s.Status.Retention.LastRun; {
	case last.Generation != s.Generation, last.Time.Sub(now) > every: // Somebody's clock was wrong.
		return now
	case last.Failed:
		return last.Time.Add(min(every, pruneAgain))
	default:
		return last.Time.Add(every)
	}
}

// followPrune asks what the Job that removes old backups has come to.
func (p *Plan) followPrune(o Observed, job *batchv1.Job) {
	for _, pod := range o.PrunePods {
		if end := resources.StorePruneDone(pod); end != nil {
			p.prune.ended = readPruned(end.Message)
			return
		}
	}
	for _, c := range job.Status.Conditions {
		switch {
		case c.Status != corev1.ConditionTrue:
		case c.Type == batchv1.JobFailed && c.Reason == batchv1.JobReasonDeadlineExceeded:
			p.prune.ended = &pruneEnded{why: "it came to no end in an hour; look whether " + pruneMounts(o.Store) + ", whether the image of peer-companion can be pulled, and whether the endpoint can be reached"}
		case c.Type == batchv1.JobFailed:
			p.prune.ended = &pruneEnded{why: cmp.Or(resources.LastWords(o.PrunePods, resources.StorePruneFailure), c.Message)}
		case c.Type == batchv1.JobComplete && len(o.PrunePods) == 0:
			p.Remove = append(p.Remove, intent.Removal{Ref: PruneJobRef(o.Store), Object: job})
		}
	}
}

// readPruned takes the word of the pod.
func readPruned(message string) *pruneEnded {
	did, err := backup.ParsePruned(message)
	if err != nil {
		return &pruneEnded{why: "what it tells cannot be used: " + err.Error()}
	}
	return &pruneEnded{did: &did}
}

// pruneMounts are the objects without which the pod of the Job does not start.
func pruneMounts(s *v1alpha1.PeerBackupStore) string {
	as := s.DeepCopy()
	as.Spec.Credentials = as.Spec.Retention.Credentials
	return mounted(as)
}
