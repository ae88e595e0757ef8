// SPDX-License-Identifier: Apache-2.0

package integration

import "fmt"

const (
	oneBackup    = "exactly one of the fields in [backupRef from] must be set"
	onlyAtFirst  = "is read at creation: it cannot come later, or be changed"
	notYetOut    = "can be taken out once status.bootstrap says what was restored"
	notOfCustom  = "restore.identity must be New for software.custom"
	noneBrought  = "import must not be set where bootstrap.restore.identity is New"
	notTwoWays   = "must not be set beside sequence"
	publicRecord = "peers/alpha+0a1b2c3d+AUh1"
)

// Peers that begin with a backup, which the cases change.
const (
	beginner = `
apiVersion: peernode.dev/v1alpha1
kind: PeerNode
metadata: {name: alpha}
spec:
  software: {p2pAgent: {}}
  image: "registry.example.com/p2p-agent:v1"
  storage: {size: 1Gi}
  bootstrap: {restore: {backupRef: {name: daily}, recoveryKey: {secretName: recovery}, identity: New}}`

	fromBucket = `
apiVersion: peernode.dev/v1alpha1
kind: PeerNode
metadata: {name: alpha}
spec:
  software: {p2pAgent: {}}
  image: "registry.example.com/p2p-agent:v1"
  storage: {size: 1Gi}
  bootstrap: {restore: {from: {storeRef: {name: s3}, trust: [` + publicRecord + `]}, recoveryKey: {secretName: recovery}, identity: New}}`
)

// begins changes the restore, from the source in the bucket.
func begins(fields string) string { return `spec: {bootstrap: {restore: {` + fields + `}}}` }
func from(fields string) string   { return begins(`from: {` + fields + `}`) }

var wrongRestores = map[string]wrong{
	"A peer that begins with something begins with a restore.": {p2pAgent, `spec: {bootstrap: {}}`, refusals{"spec.bootstrap.restore": missing}},
	"A peer begins with a backup.":                             {beginner, begins(`backupRef: null`), refusals{"spec.bootstrap.restore": oneBackup}},
	"A peer begins with one backup.":                           {fromBucket, begins(`backupRef: {name: daily}`), refusals{"spec.bootstrap.restore": oneBackup}},
	"A PeerBackup has a name.":                                 {beginner, begins(`backupRef: {name: null}`), refusals{"spec.bootstrap.restore.backupRef.name": missing}},
	"That name is not empty.":                                  {beginner, begins(`backupRef: {name: ""}`), refusals{"spec.bootstrap.restore.backupRef.name": tooShort}},
	"That name has small letters.":                             {beginner, begins(`backupRef: {name: Daily}`), refusals{"spec.bootstrap.restore.backupRef.name": noMatch}},
	"That name has 52 letters.":                                {beginner, begins(`backupRef: {name: ` + long(53) + `}`), refusals{"spec.bootstrap.restore.backupRef.name": tooLong}},
	"Somebody has to open the backup.":                         {beginner, begins(`recoveryKey: null`), refusals{"spec.bootstrap.restore.recoveryKey": missing}},
	"A recovery key is in a Secret.":                           {beginner, begins(`recoveryKey: {secretName: null}`), refusals{"spec.bootstrap.restore.recoveryKey.secretName": missing}},
	"That Secret has a name.":                                  {beginner, begins(`recoveryKey: {secretName: ""}`), refusals{"spec.bootstrap.restore.recoveryKey.secretName": tooShort}},
	"The Secret's name has small letters.":                     {beginner, begins(`recoveryKey: {secretName: Mine}`), refusals{"spec.bootstrap.restore.recoveryKey.secretName": noMatch}},
	"The Secret's name has 253 letters.":                       {beginner, begins(`recoveryKey: {secretName: ` + long(254) + `}`), refusals{"spec.bootstrap.restore.recoveryKey.secretName": tooLong}},
	"A key of a Secret is no path.":                            {beginner, begins(`recoveryKey: {secretName: mine, key: ../mine}`), refusals{"spec.bootstrap.restore.recoveryKey.key": noMatch}},
	"A key of a Secret is not empty.":                          {beginner, begins(`recoveryKey: {secretName: mine, key: ""}`), refusals{"spec.bootstrap.restore.recoveryKey.key": tooShort}},
	"A key of a Secret has 253 letters.":                       {beginner, begins(`recoveryKey: {secretName: mine, key: ` + long(254) + `}`), refusals{"spec.bootstrap.restore.recoveryKey.key": tooLong}},
	"Whose key a restored peer has is said.":                   {beginner, begins(`identity: null`), refusals{"spec.bootstrap.restore.identity": missing}},
	"A restored peer has no third key.":                        {beginner, begins(`identity: Both`), refusals{"spec.bootstrap.restore.identity": noSuch}},
	"Custom software has no key to adopt.":                     {custom, begins(`backupRef: {name: daily}, recoveryKey: {secretName: recovery}, identity: Adopt`), refusals{"spec.bootstrap": notOfCustom}},
	"A new key is not brought along.":                          {beginner, `spec: {identity: {import: {envelope: "{}"}}}`, refusals{"spec.identity": noneBrought}},

	"A bucket is that of a store.":          {fromBucket, from(`storeRef: null`), refusals{"spec.bootstrap.restore.from.storeRef": missing}},
	"That store has a name.":                {fromBucket, from(`storeRef: {name: null}`), refusals{"spec.bootstrap.restore.from.storeRef.name": missing}},
	"The name of a store is not empty.":     {fromBucket, from(`storeRef: {name: ""}`), refusals{"spec.bootstrap.restore.from.storeRef.name": tooShort}},
	"The store's name has small letters.":   {fromBucket, from(`storeRef: {name: S3}`), refusals{"spec.bootstrap.restore.from.storeRef.name": noMatch}},
	"The name of a store has 63 letters.":   {fromBucket, from(`storeRef: {name: ` + long(64) + `}`), refusals{"spec.bootstrap.restore.from.storeRef.name": tooLong}},
	"The namespace of before has a name.":   {fromBucket, from(`namespace: ""`), refusals{"spec.bootstrap.restore.from.namespace": tooShort}},
	"A namespace has small letters.":        {fromBucket, from(`namespace: Peers`), refusals{"spec.bootstrap.restore.from.namespace": noMatch}},
	"A namespace has 63 letters.":           {fromBucket, from(`namespace: ` + long(64)), refusals{"spec.bootstrap.restore.from.namespace": tooLong}},
	"The peer of before has a name.":        {fromBucket, from(`peerNode: ""`), refusals{"spec.bootstrap.restore.from.peerNode": tooShort}},
	"A peer has small letters.":             {fromBucket, from(`peerNode: Alpha`), refusals{"spec.bootstrap.restore.from.peerNode": noMatch}},
	"A peer has 52 letters.":                {fromBucket, from(`peerNode: ` + long(53)), refusals{"spec.bootstrap.restore.from.peerNode": tooLong}},
	"Backups count from 1.":                 {fromBucket, from(`sequence: 0`), refusals{"spec.bootstrap.restore.from.sequence": tooSmall}},
	"A backup has a number or a time.":      {fromBucket, from(`sequence: 1, at: "2026-11-27T12:00:00Z"`), refusals{"spec.bootstrap.restore.from.at": notTwoWays}},
	"Somebody has signed the record.":       {fromBucket, from(`trust: null`), refusals{"spec.bootstrap.restore.from.trust": missing}},
	"Somebody is not nobody.":               {fromBucket, from(`trust: []`), refusals{"spec.bootstrap.restore.from.trust": tooFew}},
	"Nine keys are trusted.":                {fromBucket, from(`trust: ` + many(9, func(i int) string { return fmt.Sprintf("peers/alpha+0a1b2c3%d+AUh1", i) })), refusals{"spec.bootstrap.restore.from.trust": tooMany}},
	"A key is trusted once.":                {fromBucket, from(`trust: [` + publicRecord + `, ` + publicRecord + `]`), refusals{"spec.bootstrap.restore.from.trust[1]": twice}},
	"A key that is trusted is one.":         {fromBucket, from(`trust: [age1qq]`), refusals{"spec.bootstrap.restore.from.trust[0]": noMatch}},
	"A key that is trusted is a short one.": {fromBucket, from(`trust: [` + publicRecord + long(400) + `]`), refusals{"spec.bootstrap.restore.from.trust[0]": tooLong}},

	"The peers of a fleet have data of their own.": {
		peerFleet, `spec: {template: {spec: {bootstrap: {restore: {backupRef: {name: daily}, recoveryKey: {secretName: recovery}, identity: New}}}}}`,
		refusals{"spec.template.spec.bootstrap": "must be left out of the template, because each peer of a fleet has data of its own"},
	},
}

var validRestores = map[string]wrong{
	"A peer that begins with a PeerBackup.":          {base: beginner, change: begins(`recoveryKey: {secretName: my.recovery, key: identity_1.txt}`)},
	"A peer that goes on with the key that it had.":  {base: beginner, change: begins(`identity: Adopt`)},
	"A peer that brings that key along.":             {base: beginner, change: `spec: {identity: {import: {envelope: "{}"}}, bootstrap: {restore: {identity: Adopt}}}`},
	"Custom software that begins with a PeerBackup.": {base: custom, change: begins(`backupRef: {name: daily}, recoveryKey: {secretName: recovery}, identity: New`)},
	"A peer that begins with the newest in a bucket.": {
		base: fromBucket, change: from(`namespace: elsewhere, peerNode: beta, trust: ` + many(8, func(i int) string { return fmt.Sprintf("elsewhere/beta+0a1b2c3%d+AUh1/+==", i) })),
	},
	"A peer that begins with a number.": {base: fromBucket, change: from(`sequence: 1`)},
	"A peer that begins with a time.":   {base: fromBucket, change: from(`at: "2026-11-27T12:00:00Z"`)},
}

var wrongRestoreChanges = map[string]wrongChange{
	"A peer does not begin with a backup later.":          {p2pAgent, ``, begins(`backupRef: {name: daily}, recoveryKey: {secretName: recovery}, identity: New`), refusals{"spec.bootstrap": onlyAtFirst}},
	"A peer does not begin with another backup.":          {beginner, ``, begins(`backupRef: {name: weekly}`), refusals{"spec.bootstrap": onlyAtFirst}},
	"A peer does not begin with nothing while it begins.": {beginner, ``, `spec: {bootstrap: null}`, refusals{"spec.bootstrap": notYetOut}},
}

var validRestoreChanges = map[string]validChange{
	"A peer that begins with a backup gets another image.": {beginner, ``, `spec: {image: "registry.example.com/p2p-agent:v2"}`},
}
