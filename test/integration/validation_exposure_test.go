// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"maps"
)

const (
	noService   = "are those of a Service that type ClusterIP does not make; set another type or remove them"
	noBalancer  = "is of use to type LoadBalancer alone; set that type or remove it"
	noKey       = "must have keys such as example.com/key, of at most 63 characters after the slash"
	notTheirs   = "must not have keys of peernode.dev, which are the operator's, or of argoproj.io, fluxcd.io, helm.sh and kubectl.kubernetes.io, by which tools would take the object for theirs"
	noHost      = "must be a name in DNS, in lower case, or an address of IPv4 or IPv6, without a port"
	unreachable = "must be an address that others can reach"
	notShared   = "nodePorts, and ports of externalAddresses, must be left out of the template, because two peers of a fleet cannot share them"
)

// exposure is a change of both exposures.
func exposure(fields string) string { return `spec: {` + bothExposed(fields) + `}` }

// exposed is a change of them in the template of a fleet.
func exposed(fields string) string { return `spec: {template: {spec: {` + bothExposed(fields) + `}}}` }

func bothExposed(fields string) string {
	return `tls: {secretName: ours}, network: {peer: {exposure: {` + fields + `}}, api: {enabled: true, exposure: {` + fields + `}}}`
}

// on are a field of both exposures.
func on(field, says string) refusals { return onBoth("spec.network.", field, says) }

func onBoth(network, field, says string) refusals {
	return refusals{network + "peer.exposure" + field: says, network + "api.exposure" + field: says}
}

// both are what is said of one field and of another.
func both(one, other refusals) refusals {
	maps.Copy(one, other)
	return one
}

var wrongExposures = map[string]wrong{
	"An exposure has one of three types.":   {p2pAgent, exposure(`type: ExternalName`), on(".type", noSuch)},
	"A class is that of a load balancer.":   {p2pAgent, exposure(`type: NodePort, loadBalancerClass: a`), on(".loadBalancerClass", noBalancer)},
	"A class without a type is of no use.":  {p2pAgent, exposure(`loadBalancerClass: a`), on(".loadBalancerClass", noBalancer)},
	"A class has a name.":                   {p2pAgent, exposure(`type: LoadBalancer, loadBalancerClass: ""`), on(".loadBalancerClass", tooShort)},
	"A class has a name that can be.":       {p2pAgent, exposure(`type: LoadBalancer, loadBalancerClass: a/b/c`), on(".loadBalancerClass", noMatch)},
	"A class has at most 253 letters.":      {p2pAgent, exposure(`type: LoadBalancer, loadBalancerClass: ` + long(254)), on(".loadBalancerClass", tooLong)},
	"Annotations are on a Service.":         {p2pAgent, exposure(`annotations: {a: b}`), on(".annotations", noService)},
	"Annotations are on a Service of it.":   {p2pAgent, exposure(`type: ClusterIP, annotations: {a: b}`), on(".annotations", noService)},
	"33 annotations are too many.":          {p2pAgent, exposure(`type: NodePort, annotations: ` + attributes(33)), on(".annotations", tooMany)},
	"An annotation has at most 4096.":       {p2pAgent, exposure(`type: NodePort, annotations: {a: ` + long(4097) + `}`), on(".annotations.a", tooLong)},
	"An annotation has a key.":              {p2pAgent, exposure(`type: NodePort, annotations: {"": b}`), on(".annotations", noKey)},
	"An annotation's key has no spaces.":    {p2pAgent, exposure(`type: NodePort, annotations: {"a b": c}`), on(".annotations", noKey)},
	"An annotation's key has 63 letters.":   {p2pAgent, exposure(`type: NodePort, annotations: {` + long(64) + `: b}`), on(".annotations", noKey)},
	"An annotation is not the operator's.":  {p2pAgent, exposure(`type: NodePort, annotations: {peernode.dev/intent: b}`), on(".annotations", notTheirs)},
	"Nor of a part of it.":                  {p2pAgent, exposure(`type: NodePort, annotations: {a.peernode.dev/b: c}`), on(".annotations", notTheirs)},
	"An annotation does not track.":         {p2pAgent, exposure(`type: NodePort, annotations: {argocd.argoproj.io/tracking-id: a}`), on(".annotations", notTheirs)},
	"Nor what was applied last.":            {p2pAgent, exposure(`type: NodePort, annotations: {kubectl.kubernetes.io/last-applied-configuration: a}`), on(".annotations", notTheirs)},
	"Ports of nodes need a Service.":        {p2pAgent, exposure(`nodePorts: [{name: p2p, port: 30800}]`), on(".nodePorts", noService)},
	"A port of nodes has a name.":           {p2pAgent, exposure(`type: NodePort, nodePorts: [{port: 30800}]`), on(".nodePorts[0].name", missing)},
	"A port of nodes has a letter.":         {p2pAgent, exposure(`type: NodePort, nodePorts: [{name: "", port: 30800}]`), on(".nodePorts[0].name", tooShort)},
	"A port of nodes is in small letters.":  {p2pAgent, exposure(`type: NodePort, nodePorts: [{name: P2P, port: 30800}]`), on(".nodePorts[0].name", noMatch)},
	"A port of nodes has 15 letters.":       {p2pAgent, exposure(`type: NodePort, nodePorts: [{name: ` + long(16) + `, port: 30800}]`), on(".nodePorts[0].name", tooLong)},
	"A port of nodes has a number.":         {p2pAgent, exposure(`type: NodePort, nodePorts: [{name: p2p}]`), on(".nodePorts[0].port", missing)},
	"A port of nodes is not 0.":             {p2pAgent, exposure(`type: NodePort, nodePorts: [{name: p2p, port: 0}]`), on(".nodePorts[0].port", tooSmall)},
	"A port of nodes is below 65536.":       {p2pAgent, exposure(`type: NodePort, nodePorts: [{name: p2p, port: 65536}]`), on(".nodePorts[0].port", tooLarge)},
	"A port of nodes is named once.":        {p2pAgent, exposure(`type: NodePort, nodePorts: [{name: p2p, port: 1}, {name: p2p, port: 2}]`), on(".nodePorts[1]", twice)},
	"17 ports of nodes are too many.":       {p2pAgent, exposure(`type: NodePort, nodePorts: ` + manyPorts(17)), on(".nodePorts", tooMany)},
	"An address has a host.":                {p2pAgent, exposure(`externalAddresses: [{ports: []}]`), on(".externalAddresses[0].host", missing)},
	"A host is not empty.":                  {p2pAgent, exposure(`externalAddresses: [{host: ""}]`), on(".externalAddresses[0].host", tooShort)},
	"A host has at most 253 letters.":       {p2pAgent, exposure(`externalAddresses: [{host: ` + long(254) + `}]`), on(".externalAddresses[0].host", tooLong)},
	"A host is without a port.":             {p2pAgent, exposure(`externalAddresses: [{host: "peer.example.com:8000"}]`), on(".externalAddresses[0].host", noHost)},
	"A host is no multiaddress.":            {p2pAgent, exposure(`externalAddresses: [{host: /ip4/203.0.113.7}]`), on(".externalAddresses[0].host", noHost)},
	"A host is one that others can reach.":  {p2pAgent, exposure(`externalAddresses: [{host: 127.0.0.1}, {host: "::"}]`), both(on(".externalAddresses[0].host", unreachable), on(".externalAddresses[1].host", unreachable))},
	"A host is named once.":                 {p2pAgent, exposure(`externalAddresses: [{host: a}, {host: a}]`), on(".externalAddresses[1]", twice)},
	"9 hosts are too many.":                 {p2pAgent, exposure(`externalAddresses: ` + many(9, func(i int) string { return fmt.Sprintf("{host: h%d}", i) })), on(".externalAddresses", tooMany)},
	"A port of a host has a name.":          {p2pAgent, exposure(`externalAddresses: [{host: a, ports: [{port: 1}]}]`), on(".externalAddresses[0].ports[0].name", missing)},
	"A port of a host has a letter.":        {p2pAgent, exposure(`externalAddresses: [{host: a, ports: [{name: "", port: 1}]}]`), on(".externalAddresses[0].ports[0].name", tooShort)},
	"A port of a host is in small letters.": {p2pAgent, exposure(`externalAddresses: [{host: a, ports: [{name: P2P, port: 1}]}]`), on(".externalAddresses[0].ports[0].name", noMatch)},
	"A port of a host has 15 letters.":      {p2pAgent, exposure(`externalAddresses: [{host: a, ports: [{name: ` + long(16) + `, port: 1}]}]`), on(".externalAddresses[0].ports[0].name", tooLong)},
	"A port of a host has a number.":        {p2pAgent, exposure(`externalAddresses: [{host: a, ports: [{name: p2p}]}]`), on(".externalAddresses[0].ports[0].port", missing)},
	"A port of a host is not 0.":            {p2pAgent, exposure(`externalAddresses: [{host: a, ports: [{name: p2p, port: 0}]}]`), on(".externalAddresses[0].ports[0].port", tooSmall)},
	"A port of a host is below 65536.":      {p2pAgent, exposure(`externalAddresses: [{host: a, ports: [{name: p2p, port: 65536}]}]`), on(".externalAddresses[0].ports[0].port", tooLarge)},
	"A port of a host is named once.":       {p2pAgent, exposure(`externalAddresses: [{host: a, ports: [{name: p2p, port: 1}, {name: p2p, port: 2}]}]`), on(".externalAddresses[0].ports[1]", twice)},
	"17 ports of a host are too many.":      {p2pAgent, exposure(`externalAddresses: [{host: a, ports: ` + manyPorts(17) + `}]`), on(".externalAddresses[0].ports", tooMany)},
	"An API that is closed is not exposed.": {
		p2pAgent, network(`api: {exposure: {type: NodePort}}`), refusals{"spec.network.api.exposure": closedAPI},
	},
	"The peers of a fleet do not share ports of the nodes.": {
		peerFleet, exposed(`type: NodePort, nodePorts: [{name: p2p, port: 30800}]`), onBoth("spec.template.spec.network.", "", notShared),
	},
	"The peers of a fleet do not share ports of a host.": {
		peerFleet, exposed(`type: NodePort, externalAddresses: [{host: a}, {host: b, ports: [{name: p2p, port: 443}]}]`), onBoth("spec.template.spec.network.", "", notShared),
	},
	"Addresses are not announced in /tmp.": {
		p2pAgent, contract(`announcePath: /tmp`), refusals{"spec.software.p2pAgent.contract": "none of configPath, keysPath, peersPath, announcePath and dataPath can be /tmp"},
	},
	"Addresses are not announced where the list of peers is.": {
		p2pAgent, contract(`announcePath: /etc/p2p-agent/peers/announce`), refusals{"spec.software.p2pAgent.contract": sameFolder},
	},
	"The folder of announced addresses is absolute.": {
		p2pAgent, contract(`announcePath: announce`), refusals{"spec.software.p2pAgent.contract.announcePath": "must be an absolute path"},
	},
	"The folder of announced addresses has at most 256 letters.": {
		p2pAgent, contract(`announcePath: /` + long(256)), refusals{"spec.software.p2pAgent.contract.announcePath": tooLong},
	},
}

var validExposures = map[string]wrong{
	"An exposure of no type.":         {base: p2pAgent, change: exposure(``)},
	"An exposure to the cluster.":     {base: p2pAgent, change: exposure(`type: ClusterIP, externalAddresses: [{host: peer.example.com}]`)},
	"A load balancer of a class.":     {base: p2pAgent, change: exposure(`type: LoadBalancer, loadBalancerClass: service.k8s.aws/nlb`)},
	"Annotations of a cloud.":         {base: p2pAgent, change: exposure(`type: LoadBalancer, annotations: {service.beta.kubernetes.io/aws-load-balancer-type: external, load-balancer.hetzner.cloud/location: nbg1, plain: "", ` + long(63) + `: ` + long(4096) + `}`)},
	"32 annotations.":                 {base: p2pAgent, change: exposure(`type: NodePort, annotations: ` + attributes(32))},
	"Ports of nodes at their bounds.": {base: p2pAgent, change: exposure(`type: NodePort, nodePorts: [{name: ` + long(15) + `, port: 1}, {name: p2p, port: 65535}]`)},
	"16 ports of nodes.":              {base: p2pAgent, change: exposure(`type: LoadBalancer, nodePorts: ` + manyPorts(16))},
	"Hosts of every sort.":            {base: p2pAgent, change: exposure(`externalAddresses: [{host: a}, {host: peer-1.example.com}, {host: 203.0.113.7}, {host: "2001:db8::7"}, {host: 10.0.0.7, ports: ` + manyPorts(16) + `}]`)},
	"A fleet behind one address.":     {base: peerFleet, change: exposed(`type: NodePort, externalAddresses: [{host: 203.0.113.7}]`)},
	"A fleet with load balancers.":    {base: peerFleet, change: exposed(`type: LoadBalancer, loadBalancerClass: a, annotations: {b: c}`)},
	"Addresses announced elsewhere.":  {base: p2pAgent, change: contract(`announcePath: /announce`)},
}

// manyPorts are n ports with names of their own.
func manyPorts(n int) string {
	return many(n, func(i int) string { return fmt.Sprintf("{name: p%d, port: %d}", i, 30000+i) })
}
