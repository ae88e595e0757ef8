// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/gate"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/keybackup"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/resources"
)

// copyStep is the next step towards a copy of the latest key in one store. A peer runs without it, so nothing of it holds
// the peer up.
type copyStep struct {
	// store is the name of the PeerBackupStore.
	store string
	// record is the copy on record, which may be one of an earlier key; nil while there is none.
	record *v1alpha1.KeyCopy
	// order is the Job that is to be made, discard one that has ended and told nothing.
	order   *resources.KeyCopyJobInput
	discard intent.Object
	// finding is why there is no copy of the latest key yet.
	finding *conditions.Finding
}

// CopyJobs are the Jobs that copy the latest key of the peer, one for each store that exists.
func CopyJobs(o Observed) []intent.Ref {
	key := latestKey(o.PeerNode)
	if key == nil {
		return nil
	}
	var out []intent.Ref
	for _, store := range o.stores() {
		out = append(out, copyJobRef(o.PeerNode, key.Epoch, store))
	}
	return out
}

func copyJobRef(p *v1alpha1.PeerNode, epoch int64, store *v1alpha1.PeerBackupStore) intent.Ref {
	return intent.Ref{GroupVersionKind: kindJob, NamespacedName: types.NamespacedName{Namespace: p.Namespace, Name: names.KeyCopyJob(p, epoch, store)}}
}

// stores are those that the spec names and that exist.
func (o Observed) stores() []*v1alpha1.PeerBackupStore {
	var out []*v1alpha1.PeerBackupStore
	for _, name := range o.PeerNode.KeyStores() {
		if store := o.Stores[name]; store != nil {
			out = append(out, store)
		}
	}
	return out
}

// latestKey is the newest key of the peer that is on record as stored, nil while none is, or nobody knows its name.
func latestKey(p *v1alpha1.PeerNode) *v1alpha1.KeyEpoch {
	if !RecordedKey(p) {
		return nil
	}
	id := p.Status.Identity
	latest := &v1alpha1.KeyEpoch{Epoch: max(firstEpoch, id.Epoch), SecretName: id.SecretName, PeerID: id.PeerID}
	for i := range id.Epochs {
		if e := &id.Epochs[i]; e.Stage == v1alpha1.KeyPublished && e.Epoch > latest.Epoch && e.SecretName != "" {
			latest = e
		}
	}
	if latest.PeerID == "" {
		return nil // It was taken up unread, and the software has yet to show which key it is.
	}
	return latest
}

// decideCopies asks of each store that the spec names how far the copy of the latest key is.
func decideCopies(o Observed) []copyStep {
	key := latestKey(o.PeerNode)
	if key == nil {
		return nil
	}
	var out []copyStep
	for _, name := range o.PeerNode.KeyStores() {
		out = append(out, decideCopy(o, key, name))
	}
	return out
}

func decideCopy(o Observed, key *v1alpha1.KeyEpoch, name string) copyStep {
	step := copyStep{store: name, record: recordedCopy(o.PeerNode, name)}
	store := o.Stores[name]
	switch {
	case store == nil:
		step.finding = conditions.Wait(v1alpha1.ReasonStoreMissing, fmt.Sprintf("PeerBackupStore %s does not exist in namespace %s; create it, or take it out of spec.identity.backup.stores", name, o.PeerNode.Namespace))
		return step
	case step.record != nil && step.record.Epoch == key.Epoch && isCopy(*step.record, o.PeerNode, key, store):
		return step
	}
	ref := copyJobRef(o.PeerNode, key.Epoch, store)
	job, ok := o.Objects[ref].(*batchv1.Job)
	switch {
	case !ok:
		step.order = &resources.KeyCopyJobInput{
			PeerNode: o.PeerNode, Epoch: key.Epoch, SecretName: key.SecretName, Store: store,
			Image: o.Options.Resources.CompanionImage, HostUsers: o.Options.Resources.HostUsers,
		}
		step.finding = waitForCopy(key, name)
		return step
	case o.foreign(job) || job.Labels[v1alpha1.LabelBackupStore] != name:
		step.finding = gate.Foreign(ref)
		return step
	case o.previous(job):
		step.finding = conditions.Wait(v1alpha1.ReasonWaitingForPreviousPeerNode, fmt.Sprintf("%s of a deleted PeerNode of this name is still going away", ref))
		return step
	}
	return step.follow(o, key, store, job)
}

func waitForCopy(key *v1alpha1.KeyEpoch, store string) *conditions.Finding {
	return conditions.Wait(v1alpha1.ReasonWaitingForKeyCopy, fmt.Sprintf("a copy of the key of epoch %d is being put into PeerBackupStore %s", key.Epoch, store))
}

// follow asks what the Job that copies has come to.
func (s copyStep) follow(o Observed, key *v1alpha1.KeyEpoch, store *v1alpha1.PeerBackupStore, job *batchv1.Job) copyStep {
	pods := o.CopyPods[job.Name]
	for _, pod := range pods {
		if end := resources.KeyCopyDone(pod); end != nil {
			return s.done(o.PeerNode, key, store, end)
		}
	}
	failed := func(why string) *conditions.Finding {
		return conditions.Wait(v1alpha1.ReasonKeyCopyFailed, fmt.Sprintf("Job %s cannot put the key of epoch %d into PeerBackupStore %s: %s", job.Name, key.Epoch, s.store, why))
	}
	last := resources.LastWords(pods, resources.KeyCopyFailure)
	s.finding = waitForCopy(key, s.store)
	if last != "" {
		s.finding = failed(last)
	}
	for _, c := range job.Status.Conditions {
		switch {
		case c.Status != corev1.ConditionTrue:
		case c.Type == batchv1.JobFailed && c.Reason == batchv1.JobReasonDeadlineExceeded:
			s.finding = failed("it came to no end in five minutes; look whether " + mounted(store, key) + " are there, and whether the endpoint can be reached. It is tried again in ten minutes, or when the Job is deleted")
		case c.Type == batchv1.JobFailed:
			s.finding = failed(cmp.Or(last, c.Message) + ". It is tried again ten minutes after its end, or when the Job is deleted or the store changed")
		case c.Type == batchv1.JobComplete && len(pods) == 0:
			s.discard, s.finding = job, waitForCopy(key, s.store)
		}
	}
	return s
}

// mounted are the objects that the pod of the Job waits for.
func mounted(store *v1alpha1.PeerBackupStore, key *v1alpha1.KeyEpoch) string {
	out := fmt.Sprintf("the Secrets %s and %s", key.SecretName, store.Spec.Credentials.SecretName)
	if ca := store.Spec.CA; ca != nil {
		out += " and ConfigMap " + ca.ConfigMapName
	}
	return out
}

// done takes the word of the pod for where the copy lies, once that is where a copy of this key in this store belongs.
func (s copyStep) done(p *v1alpha1.PeerNode, key *v1alpha1.KeyEpoch, store *v1alpha1.PeerBackupStore, end *corev1.ContainerStateTerminated) copyStep {
	receipt, err := keybackup.Parse(end.Message)
	record := v1alpha1.KeyCopy{
		Store: s.store, Epoch: key.Epoch, Location: locationOf(store, receipt.Object), ReadBack: receipt.ReadBack,
		Since: end.FinishedAt,
	}
	if err == nil && receipt.Object != keybackup.Name(store.Spec.Prefix, binding(p, key.Epoch), key.PeerID, receipt.SHA256) {
		err = errors.New("it names an object that is not of this key: " + receipt.Object)
	}
	if err != nil {
		s.finding = conditions.Wait(v1alpha1.ReasonKeyCopyFailed, fmt.Sprintf("what the Job tells of the copy in PeerBackupStore %s cannot be used: %s", s.store, err))
		return s
	}
	s.record = &record
	return s
}

// isCopy reports whether a record is of a copy of the key in the bucket that the store has now.
func isCopy(record v1alpha1.KeyCopy, p *v1alpha1.PeerNode, key *v1alpha1.KeyEpoch, store *v1alpha1.PeerBackupStore) bool {
	stem := keybackup.Stem(store.Spec.Prefix, binding(p, key.Epoch), key.PeerID)
	return strings.HasPrefix(record.Location, locationOf(store, stem))
}

func locationOf(store *v1alpha1.PeerBackupStore, object string) string {
	return store.Spec.Endpoint + "/" + store.Spec.Bucket + "/" + object
}

func recordedCopy(p *v1alpha1.PeerNode, store string) *v1alpha1.KeyCopy {
	for _, c := range p.Status.Identity.Copies {
		if c.Store == store {
			return c.DeepCopy()
		}
	}
	return nil
}
