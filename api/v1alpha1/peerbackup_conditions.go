// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Condition types of a PeerBackup beside Ready, Reconciling and Stalled. Ready is True once the backup was written and
// read back.
const (
	// ConditionUploaded is True once the record of the backup lies in the bucket, which is the last thing that is written.
	ConditionUploaded = "Uploaded"

	// ConditionVerified is True once everything that was written was read back from the bucket, opened and compared with
	// what was read from the disk.
	ConditionVerified = "Verified"

	// ConditionProven is there where spec.prove asks for it, and True once the backup was restored to a scratch volume and its
	// software, started there without identity and network, found the data good.
	ConditionProven = "Proven"
)

// Reasons of a PeerBackup.
const (
	// ReasonBackedUp: the backup is in the bucket and was read back.
	ReasonBackedUp = "BackedUp"
	// ReasonWaitingForPeerNode: there is no PeerNode of that name, or it is on its way out.
	ReasonWaitingForPeerNode = "WaitingForPeerNode"
	// ReasonWaitingForHealthyPeer: the peer does not serve, or something else is being done to it.
	ReasonWaitingForHealthyPeer = "WaitingForHealthyPeer"
	// ReasonWaitingForTurn: another backup holds the peer, or as many peers are unavailable as may be.
	ReasonWaitingForTurn = "WaitingForTurn"
	// ReasonKeysUnknown: the software keeps private keys under its data path, and spec.exclude does not say where.
	ReasonKeysUnknown = "KeysUnknown"
	// ReasonStoppingPeer: the peer is being stopped for the copy.
	ReasonStoppingPeer = "StoppingPeer"
	// ReasonCopying: the Job copies the data, and reads back what it wrote.
	ReasonCopying = "Copying"
	// ReasonProving: the peer runs again, and its software checks what was restored on trial.
	ReasonProving = "Proving"
	// ReasonNotProvable: spec.prove asks for what the software cannot do; software.custom needs a dataCheck.
	ReasonNotProvable = "NotProvable"
	// ReasonProofFailed: the backup was written and read back, and its software does not find the restored data good.
	ReasonProofFailed = "ProofFailed"
	// ReasonBackupFailed: the Job could not do it; the message says why. The peer runs again. Create another PeerBackup.
	ReasonBackupFailed = "BackupFailed"
	// ReasonDeadlineExceeded: it took longer than spec.deadline. The peer runs again.
	ReasonDeadlineExceeded = "DeadlineExceeded"
	// ReasonWithdrawn: it was asked for by a schedule, and its Job is gone; the peer was not stopped for it.
	ReasonWithdrawn = "Withdrawn"
)

// Reasons of Jobs of a schedule, beside that of the PeerBackup that was made for one.
const (
	// ReasonBackupDeleted: the PeerBackup that was made for the Job was deleted before its end.
	ReasonBackupDeleted = "BackupDeleted"
	// ReasonBackupNameTaken: a PeerBackup of the name that the Job's would have is there already.
	ReasonBackupNameTaken = "BackupNameTaken"
	// ReasonNoSchedule: the Job is not one of a PeerNode that has spec.backup.
	ReasonNoSchedule = "NoSchedule"
)
