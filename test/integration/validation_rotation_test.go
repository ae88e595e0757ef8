// SPDX-License-Identifier: Apache-2.0

package integration

import "strings"

// rotation is how a p2p-agent changes its key.
func rotation(fields string) string { return `spec: {identity: {rotation: {` + fields + `}}}` }

const longerThanOverlap = "must be longer than overlap"

var wrongRotations = map[string]wrong{
	"Keys are not changed every minute.":              {p2pAgent, rotation(`every: 59m, overlap: 1m`), refusals{"spec.identity.rotation.every": "must be at least 1h"}},
	"Keys are changed within ten years.":              {p2pAgent, rotation(`every: 87601h`), refusals{"spec.identity.rotation.every": "at most 87600h"}},
	"A time between two keys is one.":                 {p2pAgent, rotation(`every: monthly`), refusals{"spec.identity.rotation.every": noMatch}},
	"A time between two keys has a unit.":             {p2pAgent, rotation(`every: "99"`), refusals{"spec.identity.rotation.every": noMatch}},
	"A time between two keys is not nothing.":         {p2pAgent, rotation(`every: ""`), refusals{"spec.identity.rotation.every": tooShort}},
	"A time between two keys has 16 characters.":      {p2pAgent, rotation(`every: 000001h0001m0001s`), refusals{"spec.identity.rotation.every": tooLong}},
	"Two keys at a time, and no third.":               {p2pAgent, rotation(`every: 24h, overlap: 24h`), refusals{"spec.identity.rotation.every": longerThanOverlap}},
	"The overlap that is not written counts.":         {p2pAgent, rotation(`every: 168h`), refusals{"spec.identity.rotation.every": longerThanOverlap}},
	"A key is due at one time.":                       {p2pAgent, rotation(`every: 720h, schedule: "0 3 1 * *"`), refusals{"spec.identity.rotation.schedule": "must not be set beside every"}},
	"Keys are not changed every minute by cron.":      {p2pAgent, rotation(`schedule: "* 3 1 * *"`), refusals{"spec.identity.rotation.schedule": noMatch}},
	"A line of cron has five fields.":                 {p2pAgent, rotation(`schedule: "0 3 1 * * *"`), refusals{"spec.identity.rotation.schedule": noMatch}},
	"A line of cron is no shorthand.":                 {p2pAgent, rotation(`schedule: "@every 90h"`), refusals{"spec.identity.rotation.schedule": noMatch}},
	"A line of cron is not nothing.":                  {p2pAgent, rotation(`schedule: ""`), refusals{"spec.identity.rotation.schedule": tooShort}},
	"A line of cron has 64 characters.":               {p2pAgent, rotation(`schedule: "0 3 1 * ` + strings.Repeat("1", 57) + `"`), refusals{"spec.identity.rotation.schedule": tooLong}},
	"A time zone is that of a schedule.":              {p2pAgent, rotation(`every: 720h, timeZone: Europe/Zurich`), refusals{"spec.identity.rotation.timeZone": "is that of schedule"}},
	"A time zone has 64 characters.":                  {p2pAgent, rotation(`schedule: "0 3 1 * *", timeZone: ` + strings.Repeat("z", 65)), refusals{"spec.identity.rotation.timeZone": tooLong}},
	"An overlap is one.":                              {p2pAgent, rotation(`overlap: never`), refusals{"spec.identity.rotation.overlap": noMatch}},
	"An overlap is not nothing.":                      {p2pAgent, rotation(`overlap: ""`), refusals{"spec.identity.rotation.overlap": tooShort}},
	"An overlap has 16 characters.":                   {p2pAgent, rotation(`overlap: 000001h0001m0001s`), refusals{"spec.identity.rotation.overlap": tooLong}},
	"An overlap ends.":                                {p2pAgent, rotation(`overlap: 8761h`), refusals{"spec.identity.rotation.overlap": "must be at most 8760h"}},
	"Approval is Auto or Manual.":                     {p2pAgent, rotation(`approval: Maybe`), refusals{"spec.identity.rotation.approval": noSuch}},
	"Less than no key cannot be kept.":                {p2pAgent, rotation(`keepPrevious: -1`), refusals{"spec.identity.rotation.keepPrevious": tooSmall}},
	"No more than 100 keys are kept by number.":       {p2pAgent, rotation(`keepPrevious: 101`), refusals{"spec.identity.rotation.keepPrevious": tooLarge}},
	"One who has to keep its key does not change it.": {p2pAgent, `spec: {identity: {rotation: {overlap: 1h}, expectedPublicKey: ` + someKey + `}}`, refusals{"spec.identity.rotation": "must not be set beside expectedPublicKey"}},
}
