// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"strings"
)

// nightly is how a peer is backed up by the calendar, and more of it.
func nightly(fields string) string {
	return `spec: {backup: {storeRef: {name: s3}, schedule: "30 2 * * *", ` + fields + `}}`
}

// scheduled is a schedule with a store, or a line, of its own.
func scheduled(store, line string) string {
	return `spec: {backup: {storeRef: ` + store + `, schedule: ` + line + `}}`
}

const keysInData = "must say in exclude where software.custom keeps its own identity"

var wrongSchedules = map[string]wrong{
	"A schedule has a store.":                              {p2pAgent, scheduled(`null`, `"30 2 * * *"`), refusals{"spec.backup.storeRef": missing}},
	"That store of a schedule has a name.":                 {p2pAgent, scheduled(`{}`, `"30 2 * * *"`), refusals{"spec.backup.storeRef.name": missing}},
	"The name of its store is not empty.":                  {p2pAgent, scheduled(`{name: ""}`, `"30 2 * * *"`), refusals{"spec.backup.storeRef.name": tooShort}},
	"The name of its store has small letters.":             {p2pAgent, scheduled(`{name: S3}`, `"30 2 * * *"`), refusals{"spec.backup.storeRef.name": noMatch}},
	"The name of its store has 63 letters.":                {p2pAgent, scheduled(`{name: `+long(64)+`}`, `"30 2 * * *"`), refusals{"spec.backup.storeRef.name": tooLong}},
	"A schedule has a line of cron.":                       {p2pAgent, `spec: {backup: {storeRef: {name: s3}}}`, refusals{"spec.backup.schedule": missing}},
	"That line is not nothing.":                            {p2pAgent, scheduled(`{name: s3}`, `""`), refusals{"spec.backup.schedule": tooShort}},
	"That line has 64 characters.":                         {p2pAgent, scheduled(`{name: s3}`, `"0 3 1 * `+strings.Repeat("1", 57)+`"`), refusals{"spec.backup.schedule": tooLong}},
	"That line has five fields.":                           {p2pAgent, scheduled(`{name: s3}`, `"0 30 2 * * *"`), refusals{"spec.backup.schedule": noMatch}},
	"That line is no shorthand.":                           {p2pAgent, scheduled(`{name: s3}`, `"@every 24h"`), refusals{"spec.backup.schedule": noMatch}},
	"That line has no zone of its own.":                    {p2pAgent, scheduled(`{name: s3}`, `"TZ=UTC 2 * * *"`), refusals{"spec.backup.schedule": noMatch}},
	"A zone of a schedule has 64 characters.":              {p2pAgent, nightly(`timeZone: ` + strings.Repeat("z", 65)), refusals{"spec.backup.timeZone": tooLong}},
	"A zone of a schedule is a name.":                      {p2pAgent, nightly(`timeZone: "../etc/passwd"`), refusals{"spec.backup.timeZone": noMatch}},
	"A jitter is a time.":                                  {p2pAgent, nightly(`jitter: some`), refusals{"spec.backup.jitter": noMatch}},
	"A jitter is not nothing.":                             {p2pAgent, nightly(`jitter: ""`), refusals{"spec.backup.jitter": tooShort}},
	"A jitter has 16 characters.":                          {p2pAgent, nightly(`jitter: 000001h0001m0001s`), refusals{"spec.backup.jitter": tooLong}},
	"A jitter is at most a day.":                           {p2pAgent, nightly(`jitter: 25h`), refusals{"spec.backup.jitter": "must be at most 24h"}},
	"How late a run may begin is a time.":                  {p2pAgent, nightly(`startWithin: reason`), refusals{"spec.backup.startWithin": noMatch}},
	"How late a run may begin is not nothing.":             {p2pAgent, nightly(`startWithin: ""`), refusals{"spec.backup.startWithin": tooShort}},
	"How late a run may begin has 16 characters.":          {p2pAgent, nightly(`startWithin: 000001h0001m0001s`), refusals{"spec.backup.startWithin": tooLong}},
	"A run has a minute to begin.":                         {p2pAgent, nightly(`startWithin: 9s`), refusals{"spec.backup.startWithin": "must be between 1m and 168h"}},
	"A schedule copies no peer that runs yet.":             {p2pAgent, nightly(`method: Live`), refusals{"spec.backup.method": noSuch}},
	"A scheduled backup is full or incremental.":           {p2pAgent, nightly(`type: Differential`), refusals{"spec.backup.type": noSuch}},
	"What a schedule leaves out is named.":                 {p2pAgent, nightly(`exclude: []`), refusals{"spec.backup.exclude": tooFew}},
	"What a schedule leaves out is named once.":            {p2pAgent, nightly(`exclude: [tmp, tmp]`), refusals{"spec.backup.exclude[1]": twice}},
	"A schedule leaves 33 names out.":                      {p2pAgent, nightly(`exclude: ` + many(33, func(i int) string { return fmt.Sprintf("tmp-%d", i) })), refusals{"spec.backup.exclude": tooMany}},
	"What a schedule leaves out is in the volume.":         {p2pAgent, nightly(`exclude: [/etc]`), refusals{"spec.backup.exclude[0]": noMatch}},
	"A name that a schedule leaves out has 256 letters.":   {p2pAgent, nightly(`exclude: [` + long(257) + `]`), refusals{"spec.backup.exclude[0]": tooLong}},
	"A schedule does not slow down for ever.":              {p2pAgent, nightly(`uploadLimit: 900Ki`), refusals{"spec.backup.uploadLimit": "must be at least 1Mi"}},
	"A limit of a schedule is a number of bytes.":          {p2pAgent, nightly(`uploadLimit: fast`), refusals{"spec.backup.uploadLimit": noMatch}},
	"A deadline of a schedule is a time.":                  {p2pAgent, nightly(`deadline: soon`), refusals{"spec.backup.deadline": noMatch}},
	"A deadline of a schedule is not empty.":               {p2pAgent, nightly(`deadline: ""`), refusals{"spec.backup.deadline": tooShort}},
	"A deadline of a schedule has 16 characters.":          {p2pAgent, nightly(`deadline: 000001h0001m0001s`), refusals{"spec.backup.deadline": tooLong}},
	"A deadline of a schedule leaves some time.":           {p2pAgent, nightly(`deadline: 1m`), refusals{"spec.backup.deadline": "must be between 5m and 168h"}},
	"A time between proofs is a time.":                     {p2pAgent, nightly(`proveEvery: month`), refusals{"spec.backup.proveEvery": noMatch}},
	"A time between proofs is not empty.":                  {p2pAgent, nightly(`proveEvery: ""`), refusals{"spec.backup.proveEvery": tooShort}},
	"A time between proofs has 16 characters.":             {p2pAgent, nightly(`proveEvery: 000001h0001m0001s`), refusals{"spec.backup.proveEvery": tooLong}},
	"A proof is a full backup, which is for some days.":    {p2pAgent, nightly(`proveEvery: 1h`), refusals{"spec.backup.proveEvery": "must be at least 24h"}},
	"Proofs of custom software need its word.":             {custom, nightly(`exclude: [identity.key], proveEvery: 720h`), refusals{"spec.backup": "proveEvery needs software.custom.dataCheck"}},
	"Keys of custom software are kept out of its backups.": {custom, nightly(``), refusals{"spec.backup": keysInData}},
	"Keys of a fleet's are kept out of its backups.": {peerFleet, `spec: {template: {spec: {image: "registry.example.com/serf:v1", software: {p2pAgent: null, custom: {ports: [{name: gossip, port: 7946, purpose: Peer}], dataPath: /data}},
		backup: {storeRef: {name: s3}, schedule: "30 2 * * *"}}}}`, refusals{"spec.template.spec.backup": keysInData}},
}

var validSchedules = map[string]wrong{
	"The smallest schedule.":                 {base: p2pAgent, change: nightly(``)},
	"A schedule with all that it can have.":  {base: p2pAgent, change: `spec: {backup: {storeRef: {name: s3}, schedule: "*/15 0-6 ? JAN-JUN,12 MON-FRI", timeZone: America/Argentina/Buenos_Aires, jitter: 24h, startWithin: 168h, suspend: true, method: Stopped, type: Full, exclude: [tmp/*], uploadLimit: 1Mi, deadline: 168h}}`},
	"A schedule without a jitter.":           {base: p2pAgent, change: nightly(`jitter: 0s, startWithin: 1m, deadline: 5m`)},
	"A schedule of custom software.":         {base: custom, change: nightly(`exclude: [identity.key]`)},
	"A schedule of a fleet.":                 {base: peerFleet, change: `spec: {template: {spec: {backup: {storeRef: {name: s3}, schedule: "30 2 * * *"}}}}`},
	"A schedule of a peer with a long name.": {base: p2pAgent, change: `{metadata: {name: ` + long(52) + `}, ` + nightly(``) + `}`},
}
