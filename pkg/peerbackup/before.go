// SPDX-License-Identifier: Apache-2.0

package peerbackup

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/fleet"
)

// before asks what stands between the backup and stopping the peer. The questions stand in the order in which a person would
// ask them; the first that has an answer counts.
func before(o Observed) *conditions.Finding {
	for _, ask := range []func(Observed) *conditions.Finding{noCompanion, peerMissing, keysUnknown, notProvable, storeMissing, noUnsealer, peerBusy, heldByAnother, fleetBusy, budgetSpent} {
		if f := ask(o); f != nil {
			return f
		}
	}
	return nil
}

// withdrawn gives up what nobody asks for any more: the schedule was taken away, or its Job was.
func withdrawn(o Observed) *conditions.Finding {
	job := o.Backup.Labels[v1alpha1.LabelRun]
	if job == "" || o.Run != nil && o.Run.DeletionTimestamp == nil && string(o.Run.UID) == o.Backup.Annotations[v1alpha1.AnnotationRunUID] {
		return nil
	}
	return conditions.Refuse(v1alpha1.ReasonWithdrawn, fmt.Sprintf("Job %s, for which it was to be made, is gone; the peer was not stopped", job))
}

func noCompanion(o Observed) *conditions.Finding {
	if o.Options.Resources.CompanionImage == "" {
		return conditions.Refuse(v1alpha1.ReasonNoCompanion, "the operator was started without --companion-image, so nothing can back the peer up")
	}
	return nil
}

func peerMissing(o Observed) *conditions.Finding {
	if o.Peer == nil || o.Peer.DeletionTimestamp != nil {
		return conditions.Wait(v1alpha1.ReasonWaitingForPeerNode, fmt.Sprintf("there is no PeerNode %s in namespace %s, or it is being deleted", o.Backup.Spec.PeerNodeRef.Name, o.Backup.Namespace))
	}
	return nil
}

// keysUnknown keeps private keys out of backups of data, as far as anybody can tell where they are.
func keysUnknown(o Observed) *conditions.Finding {
	if o.Peer.Spec.Software.Custom == nil || len(o.Backup.Spec.Exclude) > 0 {
		return nil
	}
	return conditions.Refuse(v1alpha1.ReasonKeysUnknown, "software.custom keeps its own identity under its data path, and private keys have no place in a backup of data: "+
		"create another PeerBackup, and name in spec.exclude where it lies")
}

func storeMissing(o Observed) *conditions.Finding {
	name := o.Backup.Spec.StoreRef.Name
	switch {
	case o.Store == nil || o.Store.DeletionTimestamp != nil:
		return conditions.Wait(v1alpha1.ReasonWaitingForStore, fmt.Sprintf("there is no PeerBackupStore %s in namespace %s; create it", name, o.Backup.Namespace))
	case len(o.Store.Spec.Recipients) == 0:
		return conditions.Wait(v1alpha1.ReasonWaitingForStore, fmt.Sprintf("PeerBackupStore %s has no spec.recipients, to whom the data are to be sealed; add the public half of a recovery key", name))
	}
	if ready := conditions.Find(o.Store.Status.Conditions, v1alpha1.ConditionReady); ready.Status != metav1.ConditionTrue {
		return conditions.Wait(v1alpha1.ReasonWaitingForStore, fmt.Sprintf("PeerBackupStore %s is not ready: %s", name, ready.Message))
	}
	return nil
}

func noUnsealer(o Observed) *conditions.Finding {
	if o.Sealing == nil {
		return conditions.Wait(v1alpha1.ReasonWaitingForUnsealer, fmt.Sprintf("the unsealer in namespace %s, which signs the record, has published nothing yet; look at its pods", o.Options.Resources.UnsealerNamespace))
	}
	return nil
}

// peerBusy leaves a peer alone that does not serve as its spec says, or to which something else is being done. One that is
// suspended is stopped already.
func peerBusy(o Observed) *conditions.Finding {
	list := o.Peer.Status.Conditions
	switch progress := conditions.Progress(list); {
	case o.Peer.Status.ObservedGeneration != o.Peer.Generation:
		return conditions.Wait(v1alpha1.ReasonWaitingForHealthyPeer, "the spec of the PeerNode was changed and is being carried out")
	case progress.Type != v1alpha1.ConditionReady:
		return conditions.Wait(v1alpha1.ReasonWaitingForHealthyPeer, fmt.Sprintf("the PeerNode is %s: %s", progress.Reason, progress.Message))
	case progress.Status != metav1.ConditionTrue && !o.Peer.Spec.Suspend:
		return conditions.Wait(v1alpha1.ReasonWaitingForHealthyPeer, fmt.Sprintf("the PeerNode does not serve (%s): %s", progress.Reason, progress.Message))
	}
	if why := o.Peer.Annotations[v1alpha1.AnnotationHold]; why != "" {
		return conditions.Wait(v1alpha1.ReasonWaitingForHealthyPeer, fmt.Sprintf("the annotation %s asks to leave the peer alone: %s", v1alpha1.AnnotationHold, why))
	}
	return nil
}

// heldByAnother lets one backup at a time have a peer.
func heldByAnother(o Observed) *conditions.Finding {
	for _, b := range o.Backups {
		if b.UID != o.Backup.UID && Holds(b) && b.Spec.PeerNodeRef.Name == o.Peer.Name {
			return conditions.Wait(v1alpha1.ReasonWaitingForTurn, fmt.Sprintf("PeerBackup %s has the peer stopped", b.Name))
		}
	}
	return nil
}

// budgetSpent keeps as many peers running as have to. Of a fleet, which has a budget, those count that do not serve for
// whatever reason. Peers of no fleet have nothing to do with each other as far as anybody knows, and are stopped one at a time.
func budgetSpent(o Observed) *conditions.Finding {
	if o.Peer.Spec.Suspend {
		return nil // It is stopped, whatever is done.
	}
	var down []string
	running := 0
	for _, p := range o.Peers {
		if !together(p, o.Peer) || p.Spec.Suspend {
			continue
		}
		running++
		if p.Name != o.Peer.Name && (o.held(p) || o.Fleet != nil && !serves(p)) {
			down = append(down, p.Name)
		}
	}
	allowed := 1
	if o.Fleet != nil {
		allowed = fleet.MaxUnavailable(o.Fleet, running)
	}
	if len(down) < allowed {
		return nil
	}
	return conditions.Wait(v1alpha1.ReasonWaitingForTurn, fmt.Sprintf("%d may be stopped at a time, and %d other peers are down, such as %s", allowed, len(down), down[0]))
}

// fleetBusy leaves the peers of a fleet alone that is changing them.
func fleetBusy(o Observed) *conditions.Finding {
	if o.Fleet == nil {
		return nil
	}
	if changing := conditions.Find(o.Fleet.Status.Conditions, v1alpha1.ConditionReconciling); changing.Status == metav1.ConditionTrue || o.Fleet.Status.ObservedGeneration != o.Fleet.Generation {
		return conditions.Wait(v1alpha1.ReasonWaitingForTurn, fmt.Sprintf("PeerFleet %s is changing its peers: %s", o.Fleet.Name, changing.Message))
	}
	return nil
}

// together reports whether two peers share a budget: those of one fleet do, and those of a namespace that are of none.
func together(a, b *v1alpha1.PeerNode) bool {
	name := func(p *v1alpha1.PeerNode) string {
		if p.Spec.Fleet == nil {
			return ""
		}
		return p.Spec.Fleet.Name
	}
	return name(a) == name(b)
}

func serves(p *v1alpha1.PeerNode) bool {
	return conditions.Find(p.Status.Conditions, v1alpha1.ConditionReady).Status == metav1.ConditionTrue
}

// held reports whether a backup has a peer stopped, or will in a moment.
func (o Observed) held(p *v1alpha1.PeerNode) bool {
	for _, b := range o.Backups {
		if Holds(b) && b.Spec.PeerNodeRef.Name == p.Name {
			return true
		}
	}
	return false
}
