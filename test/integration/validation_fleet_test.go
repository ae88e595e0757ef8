// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

// peerFleet is the smallest PeerFleet, which the cases change.
const peerFleet = `
apiVersion: peernode.dev/v1alpha1
kind: PeerFleet
metadata: {name: relay}
spec:
  replicas: 3
  template: {spec: {software: {p2pAgent: {}}, image: "registry.example.com/p2p-agent:v1", storage: {size: 1Gi}}}`

const (
	badFleetName   = "metadata.name must be at most 47 characters of lower case letters, digits and '-'"
	badUnavailable = "must be a number of at least 1, or a percentage from 1% to 100%"
)

// override is a list with one override.
func override(fields string) string { return `spec: {overrides: [{` + fields + `}]}` }

// window is a change of a maintenance window that has a start and a length, which the fields may replace.
func window(fields string) string {
	start, length := `start: "02:00", `, `duration: 4h, `
	if strings.HasPrefix(fields, "start") {
		start = ""
	}
	if strings.HasPrefix(fields, "duration") {
		length = ""
	}
	return `spec: {rollout: {window: {` + start + length + fields + `}}}`
}

var wrongFleets = map[string]wrong{
	"A name of 48 letters leaves no room for the ordinals.": {
		peerFleet, `metadata: {name: ` + long(48) + `}`, refusals{root: badFleetName},
	},
	"A name that begins with a digit is no name for a peer.": {
		peerFleet, `metadata: {name: 1relay}`, refusals{root: badFleetName},
	},
	"A fleet without a spec is nothing.": {peerFleet, `spec: null`, refusals{"spec": missing}},
	"A fleet without number and template cannot be made.": {
		peerFleet, `spec: {replicas: null, template: null}`, refusals{"spec.replicas": missing, "spec.template": missing},
	},
	"A template without a spec says nothing.": {peerFleet, `spec: {template: {spec: null}}`, refusals{"spec.template.spec": missing}},
	"Less than no peer cannot be.":            {peerFleet, `spec: {replicas: -1}`, refusals{"spec.replicas": tooSmall}},
	"2001 peers are too many for one list.":   {peerFleet, `spec: {replicas: 2001}`, refusals{"spec.replicas": tooLarge}},
	"A template is as strict as a PeerNode.": {
		peerFleet, `spec: {template: {spec: {software: {p2pAgent: null}, storage: {size: 1Ki}}}}`,
		refusals{"spec.template.spec.software": "exactly one of the fields in [p2pAgent custom] must be set", "spec.template.spec.storage.size": "must be at least 1Mi"},
	},
	"A template does not say of which fleet its peers are.": {
		peerFleet, `spec: {template: {spec: {fleet: {name: other}}}}`, refusals{"spec.template.spec.fleet": "is filled in by the fleet itself"},
	},
	"A template does not name the key of one peer.": {
		peerFleet, `spec: {template: {spec: {identity: {expectedPublicKey: ` + someKey + `}}}}`,
		refusals{"spec.template.spec.identity": "expectedPublicKey must be left out of the template"},
	},
	"Recovery recipients of a template are public keys of age.": {
		peerFleet, `spec: {template: {spec: {identity: {recoveryRecipients: [age2]}}}}`, refusals{"spec.template.spec.identity.recoveryRecipients[0]": noMatch},
	},
	"A recovery recipient of a template that has 2049 characters is none.": {
		peerFleet, `spec: {template: {spec: {identity: {recoveryRecipients: [age1` + long(2045) + `]}}}}`,
		refusals{"spec.template.spec.identity.recoveryRecipients[0]": tooLong},
	},
	"Nobody recovers the keys of a fleet twice.": {
		peerFleet, `spec: {template: {spec: {identity: {recoveryRecipients: [age1qq, age1qq]}}}}`, refusals{"spec.template.spec.identity.recoveryRecipients[1]": twice},
	},
	"More than 4 recovery recipients of a template do not fit.": {
		peerFleet, `spec: {template: {spec: {identity: {recoveryRecipients: ` + many(5, recipient) + `}}}}`,
		refusals{"spec.template.spec.identity.recoveryRecipients": tooMany},
	},
	"A misspelt field is not dropped in silence.": {
		peerFleet, `spec: {template: {spec: {softwares: {}}}}`, refusals{"": `unknown field "spec.template.spec.softwares"`},
	},
	"An override is of an ordinal.":             {peerFleet, override(`suspend: true`), refusals{"spec.overrides[0].ordinal": missing}},
	"An ordinal below 0 does not exist.":        {peerFleet, override(`ordinal: -1`), refusals{"spec.overrides[0].ordinal": tooSmall}},
	"An ordinal above 1999 does not exist.":     {peerFleet, override(`ordinal: 2000`), refusals{"spec.overrides[0].ordinal": tooLarge}},
	"An empty image is not the template's own.": {peerFleet, override(`ordinal: 0, image: ""`), refusals{"spec.overrides[0].image": tooShort}},
	"An image of 513 characters is too long.": {
		peerFleet, override(`ordinal: 0, image: "` + long(510) + `:v1"`), refusals{"spec.overrides[0].image": tooLong},
	},
	"Storage without a size overrides nothing.": {peerFleet, override(`ordinal: 0, storage: {}`), refusals{"spec.overrides[0].storage.size": missing}},
	"A size with an exponent is refused.":       {peerFleet, override(`ordinal: 0, storage: {size: "1e9"}`), refusals{"spec.overrides[0].storage.size": noMatch}},
	"A size of ten digits is a slip of the pen.": {
		peerFleet, override(`ordinal: 0, storage: {size: 1234567890Mi}`), refusals{"spec.overrides[0].storage.size": tooLong},
	},
	"A volume of more than 64Ti is a slip of the pen.": {
		peerFleet, override(`ordinal: 0, storage: {size: 65Ti}`), refusals{"spec.overrides[0].storage.size": "must be at most 64Ti"},
	},
	"An ordinal is overridden once.": {
		peerFleet, `spec: {overrides: [{ordinal: 1}, {ordinal: 1}]}`, refusals{"spec.overrides[1]": twice},
	},
	"65 overrides are no exceptions any more.": {
		peerFleet, `spec: {overrides: ` + many(65, func(i int) string { return fmt.Sprintf("{ordinal: %d}", i) }) + `}`, refusals{"spec.overrides": tooMany},
	},
	"A rollout that may take nothing down would never move.": {
		peerFleet, `spec: {rollout: {maxUnavailable: 0}}`, refusals{"spec.rollout.maxUnavailable": badUnavailable},
	},
	"None of a hundred is nothing.":       {peerFleet, `spec: {rollout: {maxUnavailable: 0%}}`, refusals{"spec.rollout.maxUnavailable": badUnavailable}},
	"More than all is not a share.":       {peerFleet, `spec: {rollout: {maxUnavailable: 101%}}`, refusals{"spec.rollout.maxUnavailable": badUnavailable}},
	"A word is neither number nor share.": {peerFleet, `spec: {rollout: {maxUnavailable: all}}`, refusals{"spec.rollout.maxUnavailable": badUnavailable}},
	"Less than no time cannot be.":        {peerFleet, `spec: {rollout: {minReadySeconds: -1}}`, refusals{"spec.rollout.minReadySeconds": tooSmall}},
	"An hour has to be enough.":           {peerFleet, `spec: {rollout: {minReadySeconds: 3601}}`, refusals{"spec.rollout.minReadySeconds": tooLarge}},
	"A canary below 0 does not exist.":    {peerFleet, `spec: {rollout: {canary: -1}}`, refusals{"spec.rollout.canary": tooSmall}},
	"A canary above 1999 does not exist.": {peerFleet, `spec: {rollout: {canary: 2000}}`, refusals{"spec.rollout.canary": tooLarge}},
	"A window has a start and a length.": {
		peerFleet, `spec: {rollout: {window: {}}}`, refusals{"spec.rollout.window.start": missing, "spec.rollout.window.duration": missing},
	},
	"A window starts at a time of the day.": {
		peerFleet, window(`start: "24:00"`), refusals{"spec.rollout.window.start": noMatch},
	},
	"A window starts at a minute.": {peerFleet, window(`start: "02:00:00"`), refusals{"spec.rollout.window.start": tooLong}},
	"A window is no longer than a day.": {
		peerFleet, window(`duration: 25h`), refusals{"spec.rollout.window.duration": "must be a duration such as 4h or 90m, between 1m and 24h"},
	},
	"A length of nine characters is a slip of the pen.": {
		peerFleet, window(`duration: 1h1h1h1h1`), refusals{"spec.rollout.window.duration": tooLong},
	},
	"A window opens on days of the week.": {
		peerFleet, window(`days: [Sonntag]`), refusals{"spec.rollout.window.days[0]": noSuch},
	},
	"A day is named once.": {peerFleet, window(`days: [Sunday, Sunday]`), refusals{"spec.rollout.window.days[1]": twice}},
	"A week has seven days.": {
		peerFleet, window(`days: ` + many(8, func(int) string { return "Sunday" })), refusals{"spec.rollout.window.days": tooMany},
	},
	"A day has a short name.": {peerFleet, window(`days: [` + long(10) + `]`), refusals{"spec.rollout.window.days[0]": tooLong}},
	"A time zone has a name.": {peerFleet, window(`timeZone: "../UTC"`), refusals{"spec.rollout.window.timeZone": noMatch}},
	"A time zone has a short name.": {
		peerFleet, window(`timeZone: ` + long(65)), refusals{"spec.rollout.window.timeZone": tooLong},
	},
	"A peer gets ten seconds to serve.": {
		peerFleet, `spec: {rollout: {rollback: {after: 9s}}}`, refusals{"spec.rollout.rollback.after": "must be a duration such as 10m or 90s, between 10s and 24h"},
	},
	"A length of nine characters is a slip of the pen here too.": {
		peerFleet, `spec: {rollout: {rollback: {after: 1h1h1h1h1}}}`, refusals{"spec.rollout.rollback.after": tooLong},
	},
	"A topology is a label of nodes.": {peerFleet, `spec: {spread: {topologyKey: "a b"}}`, refusals{"spec.spread.topologyKey": noMatch}},
	"A topology of 318 letters is too long.": {
		peerFleet, `spec: {spread: {topologyKey: ` + long(318) + `}}`, refusals{"spec.spread.topologyKey": tooLong},
	},
	"A spread is soft or hard.": {peerFleet, `spec: {spread: {whenUnsatisfiable: Perhaps}}`, refusals{"spec.spread.whenUnsatisfiable": noSuch}},
	"Volumes of peers that leave do not outlive their keys.": {
		peerFleet, `spec: {template: {spec: {deletionPolicy: {data: Delete, keys: Delete}}}}`,
		refusals{"spec.scaleDown": "data must be Delete where template.spec.deletionPolicy.keys is Delete"},
	},
	"The peers of a fleet know each other anyway.": {
		peerFleet, `spec: {template: {spec: {network: {fleets: [{name: relay}]}}}}`,
		refusals{"spec.template.spec.network.fleets": "must not list the PeerFleet itself"},
	},
	"Data of peers that leave is retained or deleted.": {
		peerFleet, `spec: {scaleDown: {data: Recycle}}`, refusals{"spec.scaleDown.data": noSuch},
	},
}

// wrongMembers are PeerNodes with a wrong fleet of theirs.
var wrongMembers = map[string]wrong{
	"A fleet has a name.":                      {p2pAgent, `spec: {fleet: {}}`, refusals{"spec.fleet.name": missing}},
	"An empty name is no fleet.":               {p2pAgent, `spec: {fleet: {name: ""}}`, refusals{"spec.fleet.name": tooShort}},
	"A fleet with a capital letter cannot be.": {p2pAgent, `spec: {fleet: {name: Relay}}`, refusals{"spec.fleet.name": noMatch}},
	"A fleet of 48 letters cannot be.":         {p2pAgent, `spec: {fleet: {name: ` + long(48) + `}}`, refusals{"spec.fleet.name": tooLong}},
	"The spread of a peer is one of a fleet.": {
		p2pAgent, `spec: {fleet: {name: relay, spread: {topologyKey: "a b", whenUnsatisfiable: Perhaps}}}`,
		refusals{"spec.fleet.spread.topologyKey": noMatch, "spec.fleet.spread.whenUnsatisfiable": noSuch},
	},
	"The topology of a peer has a length.": {
		p2pAgent, `spec: {fleet: {name: relay, spread: {topologyKey: ` + long(318) + `}}}`, refusals{"spec.fleet.spread.topologyKey": tooLong},
	},
}

func TestValidPeerFleetsAreAccepted(t *testing.T) {
	ns := namespace(t)
	for name, change := range map[string]string{
		"The smallest.":               ``,
		"Nobody.":                     `spec: {replicas: 0}`,
		"A name of 47 letters.":       `metadata: {name: ` + long(47) + `}`,
		"2000 peers.":                 `spec: {replicas: 2000}`,
		"Everything at once.":         `spec: {paused: true, rollout: {maxUnavailable: 100%, minReadySeconds: 3600, canary: 0, window: {start: "23:59", duration: 24h, days: [Monday, Sunday], timeZone: America/Port-au-Prince}}, spread: {topologyKey: topology.kubernetes.io/zone, whenUnsatisfiable: DoNotSchedule}, scaleDown: {data: Delete}}`,
		"A number that may be down.":  `spec: {rollout: {maxUnavailable: 3}}`,
		"No time to be ready.":        `spec: {rollout: {minReadySeconds: 0}}`,
		"Overrides at their bounds.":  `spec: {overrides: [{ordinal: 0, suspend: false, image: "a:v1", storage: {size: 64Ti}}, {ordinal: 1999, storage: {size: 1Mi}}]}`,
		"Custom software as a fleet.": `spec: {template: {spec: {software: {p2pAgent: null, custom: {ports: [{name: gossip, port: 7946, purpose: Peer}], dataPath: /data}}}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			if err := env.Admin.Create(t.Context(), wrong{base: peerFleet, change: change}.object(t, ns), client.DryRunAll, strict); err != nil {
				t.Error(err)
			}
		})
	}
}
