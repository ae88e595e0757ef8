// SPDX-License-Identifier: Apache-2.0

package integration

import "fmt"

const (
	oneSource   = "exactly one of the fields in [secret csi] must be set"
	fixedDirect = "direct and its recipient are fixed at creation"
)

// direct is a p2p-agent's way to its key without the unsealer.
func direct(fields string) string { return `spec: {identity: {direct: {` + fields + `}}}` }

// opened is a complete way, from a Secret or with a CSI driver, with fields changed.
func openedBySecret(fields string) string {
	return direct(`recipient: age1qq, secret: {` + fields + `}`)
}
func openedByCSI(fields string) string { return direct(`recipient: age1qq, csi: {` + fields + `}`) }

func attributes(n int) string {
	list := many(n, func(i int) string { return fmt.Sprintf("a%d: v", i) })
	return "{" + list[1:len(list)-1] + "}"
}

var wrongDirects = map[string]wrong{
	"What opens a key comes from somewhere.": {p2pAgent, direct(`recipient: age1qq`), refusals{"spec.identity.direct": oneSource}},
	"What opens a key comes from one place.": {
		p2pAgent, direct(`recipient: age1qq, secret: {name: opener}, csi: {driver: csi.example.com, file: identity.age}`), refusals{"spec.identity.direct": oneSource},
	},
	"A key that is opened directly is sealed to somebody.": {p2pAgent, direct(`secret: {name: opener}`), refusals{"spec.identity.direct.recipient": missing}},
	"That somebody is no private key.": {
		p2pAgent, direct(`recipient: AGE-SECRET-KEY-1QQQQ, secret: {name: opener}`), refusals{"spec.identity.direct.recipient": noMatch},
	},
	"That somebody has no 2049 characters.": {
		p2pAgent, direct(`recipient: age1` + long(2045) + `, secret: {name: opener}`), refusals{"spec.identity.direct.recipient": tooLong},
	},
	"Custom software has no key to open.": {
		custom, openedBySecret(`name: opener`), refusals{"spec.identity": "must not be set for software.custom"},
	},

	"The Secret of an opener has a name.":           {p2pAgent, openedBySecret(`key: opener`), refusals{"spec.identity.direct.secret.name": missing}},
	"The name of that Secret has small letters.":    {p2pAgent, openedBySecret(`name: Opener`), refusals{"spec.identity.direct.secret.name": noMatch}},
	"The name of that Secret has 253 letters.":      {p2pAgent, openedBySecret(`name: ` + long(254)), refusals{"spec.identity.direct.secret.name": tooLong}},
	"A key of that Secret is no path.":              {p2pAgent, openedBySecret(`name: opener, key: ../identity.age`), refusals{"spec.identity.direct.secret.key": noMatch}},
	"A key of that Secret is no variable.":          {p2pAgent, openedBySecret(`name: opener, key: $(NAMESPACE)`), refusals{"spec.identity.direct.secret.key": noMatch}},
	"A key of that Secret has at most 253 letters.": {p2pAgent, openedBySecret(`name: opener, key: ` + long(254)), refusals{"spec.identity.direct.secret.key": tooLong}},

	"A CSI volume has a driver.":                  {p2pAgent, openedByCSI(`file: identity.age`), refusals{"spec.identity.direct.csi.driver": missing}},
	"A CSI volume has a file.":                    {p2pAgent, openedByCSI(`driver: csi.example.com`), refusals{"spec.identity.direct.csi.file": missing}},
	"The name of a driver is that of a domain.":   {p2pAgent, openedByCSI(`driver: csi_example, file: identity.age`), refusals{"spec.identity.direct.csi.driver": noMatch}},
	"The name of a driver has 63 letters.":        {p2pAgent, openedByCSI(`driver: ` + long(64) + `, file: identity.age`), refusals{"spec.identity.direct.csi.driver": tooLong}},
	"A file does not leave its volume.":           {p2pAgent, openedByCSI(`driver: csi.example.com, file: keys/../../identity.age`), refusals{"spec.identity.direct.csi.file": noMatch}},
	"A file has a place in the volume, not in /.": {p2pAgent, openedByCSI(`driver: csi.example.com, file: /identity.age`), refusals{"spec.identity.direct.csi.file": noMatch}},
	"A file has at most 253 letters.":             {p2pAgent, openedByCSI(`driver: csi.example.com, file: ` + long(254)), refusals{"spec.identity.direct.csi.file": tooLong}},
	"The Secret for a driver has small letters.": {
		p2pAgent, openedByCSI(`driver: csi.example.com, file: identity.age, nodePublishSecretName: Store`), refusals{"spec.identity.direct.csi.nodePublishSecretName": noMatch},
	},
	"The Secret for a driver has at most 253 letters.": {
		p2pAgent, openedByCSI(`driver: csi.example.com, file: identity.age, nodePublishSecretName: ` + long(254)), refusals{"spec.identity.direct.csi.nodePublishSecretName": tooLong},
	},
	"17 attributes are too many.": {
		p2pAgent, openedByCSI(`driver: csi.example.com, file: identity.age, volumeAttributes: ` + attributes(17)), refusals{"spec.identity.direct.csi.volumeAttributes": tooMany},
	},
	"An attribute has a name.": {
		p2pAgent, openedByCSI(`driver: csi.example.com, file: identity.age, volumeAttributes: {"": v}`), refusals{"spec.identity.direct.csi.volumeAttributes": "must have names of 1 to 253 characters"},
	},
	"The name of an attribute has at most 253 letters.": {
		p2pAgent, openedByCSI(`driver: csi.example.com, file: identity.age, volumeAttributes: {` + long(254) + `: v}`), refusals{"spec.identity.direct.csi.volumeAttributes": "must have names of 1 to 253 characters"},
	},
	"An attribute has at most 4096 letters.": {
		p2pAgent, openedByCSI(`driver: csi.example.com, file: identity.age, volumeAttributes: {class: ` + long(4097) + `}`), refusals{"spec.identity.direct.csi.volumeAttributes.class": tooLong},
	},
	"A template is as strict about what opens a key.": {
		peerFleet, `spec: {template: {spec: {identity: {direct: {recipient: age2}}}}}`,
		refusals{"spec.template.spec.identity.direct.recipient": noMatch},
	},
}

var validDirects = map[string]wrong{
	"A key that a Secret opens.":                     {base: p2pAgent, change: openedBySecret(`name: opener.of-alpha`)},
	"A key that one of many in a Secret opens.":      {base: p2pAgent, change: openedBySecret(`name: opener, key: _alpha-1.age`)},
	"A key that a CSI driver opens.":                 {base: p2pAgent, change: openedByCSI(`driver: secrets-store.csi.k8s.io, file: keys/of_peers/alpha.age, nodePublishSecretName: store, volumeAttributes: ` + attributes(16))},
	"A key that opens directly, and people who can.": {base: p2pAgent, change: `spec: {identity: {direct: {recipient: age1pq1qq, secret: {name: opener}}, recoveryRecipients: [age1qq]}}`},
	"Keys of a fleet that open directly.":            {base: peerFleet, change: `spec: {template: {spec: {identity: {direct: {recipient: age1qq, secret: {name: opener}}}}}}`},
}

var wrongDirectChanges = map[string]wrongChange{
	"A key is not given to the unsealer later.":      {p2pAgent, openedBySecret(`name: opener`), `spec: {identity: {direct: null}}`, refusals{"spec.identity": fixedDirect}},
	"A key is not taken from the unsealer later.":    {p2pAgent, ``, openedBySecret(`name: opener`), refusals{"spec.identity": fixedDirect}},
	"A key does not lose all that is said of it.":    {p2pAgent, openedBySecret(`name: opener`), `spec: {identity: null}`, refusals{"spec.identity": fixedDirect}},
	"A key is not opened by somebody else later.":    {p2pAgent, openedBySecret(`name: opener`), direct(`recipient: age1zz`), refusals{"spec.identity": fixedDirect}},
	"Keys of a fleet are not opened directly later.": {peerFleet, ``, `spec: {template: {spec: {identity: {direct: {recipient: age1qq, secret: {name: opener}}}}}}`, refusals{"spec.template.spec.identity": fixedDirect}},
}

var validDirectChanges = map[string]validChange{
	"What opens a key moves out of etcd.": {
		p2pAgent, openedBySecret(`name: opener`), direct(`secret: null, csi: {driver: csi.example.com, file: identity.age}`),
	},
	"Other things of an identity change.": {p2pAgent, openedBySecret(`name: opener`), `spec: {identity: {recoveryRecipients: [age1qq]}}`},
}
