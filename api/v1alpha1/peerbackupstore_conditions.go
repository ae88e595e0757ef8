// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Condition types of a PeerBackupStore, beside Ready, Reconciling and Stalled.
const (
	// ConditionLeastPrivilege is True while the credentials may no more than a writer of backups needs: neither write over
	// what is there, where that would be lost, nor delete it. A store is used whatever it says.
	ConditionLeastPrivilege = "LeastPrivilege"

	// ConditionRetentionHealthy is True while old backups are removed as spec.retention asks, and absent where it asks for
	// nothing. A store is used whatever it says.
	ConditionRetentionHealthy = "RetentionHealthy"
)

// Reasons of a PeerBackupStore's conditions, beside those that it shares with PeerNodes.
const (
	// ReasonChecked: the last check found the store as the spec wants it.
	ReasonChecked = "Checked"
	// ReasonWaitingForCheck: the store, or what changed in its spec, has not been checked yet.
	ReasonWaitingForCheck = "WaitingForCheck"
	// ReasonCheckFailed: the last check could not be carried through; the message is its own. It is made again.
	ReasonCheckFailed = "CheckFailed"
	// ReasonWritesNotOnce: the store writes over what is there, although it was asked to leave it.
	ReasonWritesNotOnce = "WritesNotOnce"
	// ReasonRightsMissing: the credentials may not do what backups of data need.
	ReasonRightsMissing = "RightsMissing"
	// ReasonEncryptionMissing: the store does not encrypt as spec.serverSideEncryption asks, or nobody can see that it does.
	ReasonEncryptionMissing = "EncryptionMissing"
	// ReasonObjectLockMissing: the bucket has no default retention, and spec.objectLock asks for one.
	ReasonObjectLockMissing = "ObjectLockMissing"
	// ReasonObjectLockWeaker: the bucket's default retention is weaker than spec.objectLock asks for.
	ReasonObjectLockWeaker = "ObjectLockWeaker"
	// ReasonObjectLockUnknown: spec.objectLock asks for a default retention, and the credentials may not ask for it.
	ReasonObjectLockUnknown = "ObjectLockUnknown"
	// ReasonOnlyWhatIsNeeded: the credentials can take nothing back that was written.
	ReasonOnlyWhatIsNeeded = "OnlyWhatIsNeeded"
	// ReasonMayDelete: the credentials may delete what is there.
	ReasonMayDelete = "MayDelete"
	// ReasonMayOverwrite: the credentials may write over what is there, which is lost then.
	ReasonMayOverwrite = "MayOverwrite"
	// ReasonRightsUnknown: the store's answers do not tell what the credentials may do.
	ReasonRightsUnknown = "RightsUnknown"
	// ReasonPruned: the last run removed what was to go.
	ReasonPruned = "Pruned"
	// ReasonWaitingForPrune: old backups, or what changed in the spec, have not been looked at yet.
	ReasonWaitingForPrune = "WaitingForPrune"
	// ReasonNoKeyKnown: no PeerBackup of this store and nothing in spec.retention.trust names a key by which records are known.
	ReasonNoKeyKnown = "NoKeyKnown"
	// ReasonPruneFailed: the last run could not be carried through; the message is its own. It is made again.
	ReasonPruneFailed = "PruneFailed"
	// ReasonPruneRefused: of some peers nothing was removed, because what lies there is not what it should be.
	ReasonPruneRefused = "PruneRefused"
)
