// SPDX-License-Identifier: Apache-2.0

package integration

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
	"An overlap is one.":                              {p2pAgent, rotation(`overlap: never`), refusals{"spec.identity.rotation.overlap": noMatch}},
	"An overlap is not nothing.":                      {p2pAgent, rotation(`overlap: ""`), refusals{"spec.identity.rotation.overlap": tooShort}},
	"An overlap has 16 characters.":                   {p2pAgent, rotation(`overlap: 000001h0001m0001s`), refusals{"spec.identity.rotation.overlap": tooLong}},
	"An overlap ends.":                                {p2pAgent, rotation(`overlap: 8761h`), refusals{"spec.identity.rotation.overlap": "must be at most 8760h"}},
	"Approval is Auto or Manual.":                     {p2pAgent, rotation(`approval: Maybe`), refusals{"spec.identity.rotation.approval": noSuch}},
	"One who has to keep its key does not change it.": {p2pAgent, `spec: {identity: {rotation: {overlap: 1h}, expectedPublicKey: ` + someKey + `}}`, refusals{"spec.identity.rotation": "must not be set beside expectedPublicKey"}},
}
