// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Condition types of a PeerFleet, beside Ready, Reconciling and Stalled.
const (
	// ConditionRolloutOpen is True while no gate holds back a change; otherwise its reason tells which one does.
	ConditionRolloutOpen = "RolloutOpen"

	// ConditionMembersKnown is True when every peer of the fleet has shown its identity and is on the list that
	// the others read. Shown only for software that keeps such a list.
	ConditionMembersKnown = "MembersKnown"
)

// Reasons of a PeerFleet's conditions, beside those that it shares with PeerNodes.
const (
	// ReasonAllServing: every peer that is not parked serves.
	ReasonAllServing = "AllServing"
	// ReasonPeersNotReady: peers do not serve; the message names the first of them and its reason.
	ReasonPeersNotReady = "PeersNotReady"
	// ReasonWaitingForPeers: peers are being made, changed or started, or have not been ready for long enough.
	ReasonWaitingForPeers = "WaitingForPeers"
	// ReasonScalingDown: peers whose ordinal is no longer wanted are going away.
	ReasonScalingDown = "ScalingDown"
	// ReasonPeerStalled: a peer needs a person; the message is that of the peer.
	ReasonPeerStalled = "PeerStalled"
	// ReasonPaused: spec.paused holds back every change.
	ReasonPaused = "Paused"
	// ReasonNothingHeld: no gate holds anything back.
	ReasonNothingHeld = "NothingHeld"
	// ReasonRolledBack: the template was taken back, because updated peers did not serve in time.
	ReasonRolledBack = "RolledBack"
	// ReasonOutsideWindow: gate WindowOpen: the maintenance window is closed.
	ReasonOutsideWindow = "OutsideWindow"
	// ReasonInvalidWindow: spec.rollout.window names a time zone that does not exist.
	ReasonInvalidWindow = "InvalidWindow"
	// ReasonCanaryNotReady: gate CanaryReady: the peer that is updated first is not available yet.
	ReasonCanaryNotReady = "CanaryNotReady"
	// ReasonUpdatedPeersNotReady: gate UpdatedPeersReady: as many updated peers as may be down are not available yet.
	ReasonUpdatedPeersNotReady = "UpdatedPeersNotReady"
	// ReasonPeerBusy: gate PeerIdle: something is going on at the peer that a restart would disturb.
	ReasonPeerBusy = "PeerBusy"
	// ReasonBudgetExhausted: gate BudgetKept: as many peers as may be down are unavailable.
	ReasonBudgetExhausted = "BudgetExhausted"
	// ReasonMembersUnknown: peers have not shown their identity yet.
	ReasonMembersUnknown = "MembersUnknown"
)

// Reasons of events of a PeerFleet that are not also reasons of a condition.
const (
	// ReasonRolloutStarted: the template changed.
	ReasonRolloutStarted = "RolloutStarted"
	// ReasonRolloutFinished: every peer has the newest template and serves.
	ReasonRolloutFinished = "RolloutFinished"
	// ReasonPeerRemoved: a peer whose ordinal is no longer wanted was deleted.
	ReasonPeerRemoved = "PeerRemoved"
)
