// SPDX-License-Identifier: Apache-2.0

package integration

import "fmt"

const (
	peerBackup = `
apiVersion: peernode.dev/v1alpha1
kind: PeerBackup
metadata: {name: daily}
spec: {peerNodeRef: {name: alpha}, storeRef: {name: s3}}`

	badBackupName = "metadata.name must be at most 52 characters"
	neverChanges  = "is what was asked for and never changes"
)

var wrongBackups = map[string]wrong{
	"A backup has a name that leaves room for that of its Job.": {peerBackup, `metadata: {name: ` + long(53) + `}`, refusals{root: badBackupName}},
	"A backup has a name without dots.":                         {peerBackup, `metadata: {name: daily.1}`, refusals{root: badBackupName}},
	"A backup has a spec.":                                      {peerBackup, `spec: null`, refusals{"spec": missing}},
	"A backup is of a peer.":                                    {peerBackup, `spec: {peerNodeRef: null}`, refusals{"spec.peerNodeRef": missing}},
	"That peer has a name.":                                     {peerBackup, `spec: {peerNodeRef: {name: null}}`, refusals{"spec.peerNodeRef.name": missing}},
	"That name is not empty.":                                   {peerBackup, `spec: {peerNodeRef: {name: ""}}`, refusals{"spec.peerNodeRef.name": tooShort}},
	"That name has small letters.":                              {peerBackup, `spec: {peerNodeRef: {name: Alpha}}`, refusals{"spec.peerNodeRef.name": noMatch}},
	"That name has 52 letters.":                                 {peerBackup, `spec: {peerNodeRef: {name: ` + long(53) + `}}`, refusals{"spec.peerNodeRef.name": tooLong}},
	"A backup goes into a store.":                               {peerBackup, `spec: {storeRef: null}`, refusals{"spec.storeRef": missing}},
	"That store has a name.":                                    {peerBackup, `spec: {storeRef: {name: null}}`, refusals{"spec.storeRef.name": missing}},
	"The name of a store is not empty.":                         {peerBackup, `spec: {storeRef: {name: ""}}`, refusals{"spec.storeRef.name": tooShort}},
	"The name of a store has small letters.":                    {peerBackup, `spec: {storeRef: {name: S3}}`, refusals{"spec.storeRef.name": noMatch}},
	"The name of a store has 63 letters.":                       {peerBackup, `spec: {storeRef: {name: ` + long(64) + `}}`, refusals{"spec.storeRef.name": tooLong}},
	"Nobody copies a peer that runs yet.":                       {peerBackup, `spec: {method: Live}`, refusals{"spec.method": noSuch}},
	"A backup is full or incremental.":                          {peerBackup, `spec: {type: Differential}`, refusals{"spec.type": noSuch}},
	"What is left out is named.":                                {peerBackup, `spec: {exclude: []}`, refusals{"spec.exclude": tooFew}},
	"What is left out is named once.":                           {peerBackup, `spec: {exclude: [tmp, tmp]}`, refusals{"spec.exclude[1]": twice}},
	"33 names that are left out.":                               {peerBackup, `spec: {exclude: ` + many(33, func(i int) string { return fmt.Sprintf("tmp-%d", i) }) + `}`, refusals{"spec.exclude": tooMany}},
	"What is left out is in the volume.":                        {peerBackup, `spec: {exclude: [/etc]}`, refusals{"spec.exclude[0]": noMatch}},
	"A name that is left out has 256 letters.":                  {peerBackup, `spec: {exclude: [` + long(257) + `]}`, refusals{"spec.exclude[0]": tooLong}},
	"A backup is not slowed down for ever.":                     {peerBackup, `spec: {uploadLimit: 900Ki}`, refusals{"spec.uploadLimit": "must be at least 1Mi"}},
	"A limit is a number of bytes.":                             {peerBackup, `spec: {uploadLimit: fast}`, refusals{"spec.uploadLimit": noMatch}},
	"A deadline is a time.":                                     {peerBackup, `spec: {deadline: soon}`, refusals{"spec.deadline": noMatch}},
	"A deadline is not empty.":                                  {peerBackup, `spec: {deadline: ""}`, refusals{"spec.deadline": tooShort}},
	"A deadline has 16 characters.":                             {peerBackup, `spec: {deadline: 000001h0001m0001s}`, refusals{"spec.deadline": tooLong}},
	"A deadline leaves some time.":                              {peerBackup, `spec: {deadline: 1m}`, refusals{"spec.deadline": "must be between 5m and 168h"}},
}

var wrongBackupChanges = map[string]wrongChange{
	"A backup is not one of another peer.": {peerBackup, ``, `spec: {peerNodeRef: {name: beta}}`, refusals{"spec": neverChanges}},
	"A backup gets no other deadline.":     {peerBackup, `spec: {deadline: 1h}`, `spec: {deadline: 2h}`, refusals{"spec": neverChanges}},
}

var validBackups = map[string]wrong{
	"The smallest backup.":                 {base: peerBackup},
	"A backup with all that it can have.":  {base: peerBackup, change: `spec: {method: Stopped, type: Full, exclude: [tmp/*, '*.sock'], uploadLimit: 20Mi, deadline: 12h}`},
	"A backup that is named after a date.": {base: peerBackup, change: `metadata: {name: 2026-11-27}`},
}

var validBackupChanges = map[string]validChange{
	"A backup gets a label.": {peerBackup, ``, `metadata: {labels: {kept: forever}}`},
}
