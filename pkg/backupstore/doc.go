// SPDX-License-Identifier: Apache-2.0

// Package backupstore decides when a PeerBackupStore is checked, and what is told of it. What a check finds is judged by
// package storecheck.
//
// A check is a Job whose name follows from what is on record: the spec, and when the last check ended. So whoever decides
// twice orders one Job, and once its end is on record the next has another name.
//
// The Jobs that remove old backups are made in the same way. They have other credentials, and what becomes of them says
// nothing about whether the store can be used.
package backupstore
