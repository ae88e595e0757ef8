// SPDX-License-Identifier: Apache-2.0

// Package storecheck names the one object by which a store of backups is tried, carries word of what was found there from
// the pod that looked to the operator, and judges it.
//
// The object always has the same name, and each check writes it only where nothing has that name yet:
//
//	<prefix/>checks/<name>
//
// So one small object is left of all checks. That it is not there the first time, and refused from then on, shows both that
// the credentials may write and that the store keeps what it has.
//
// The pod has no token of the API server. It leaves one line as its termination message, whose words are those of the
// status of a PeerBackupStore:
//
//	peernode.dev/store-check v1 writes-once:Yes multipart-once:Yes reads-back:Yes lists:Yes versioning:Enabled encryption:None object-lock:Governance/720h may-overwrite:Unknown may-delete:No
package storecheck
