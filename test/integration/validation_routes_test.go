// SPDX-License-Identifier: Apache-2.0

package integration

import "fmt"

const oneName = "must be left out of the template, because the peers of a fleet cannot all have one name"

// led leads to an API, by an Ingress or by Gateways.
func led(by string) string {
	return `spec: {tls: {secretName: ours}, network: {api: {enabled: true, ` + by + `}}}`
}

// ingress is one with fields, and with a host unless they name others.
func ingress(fields string) string { return led(`ingress: {hosts: [a], ` + fields + `}`) }

// gateway is a reference to one.
func gateway(ref string) string { return led(`gateway: {hosts: [a], parentRefs: [` + ref + `]}`) }

// hosts are those of both.
func hosts(list string) string {
	return led(`ingress: {hosts: ` + list + `}, gateway: {parentRefs: [{name: a}], hosts: ` + list + `}`)
}

// ofHosts are a field of both.
func ofHosts(field, says string) refusals {
	return refusals{"spec.network.api.ingress.hosts" + field: says, "spec.network.api.gateway.hosts" + field: says}
}

// ofIngress and ofGateway are a field of either.
func ofIngress(field, says string) refusals {
	return refusals{"spec.network.api.ingress." + field: says}
}

// annotated are annotations of an Ingress and of its backend, and ofAnnotations a field of both.
func annotated(annotations string) string {
	return ingress(`annotations: ` + annotations + `, serviceAnnotations: ` + annotations)
}

func ofAnnotations(field, says string) refusals {
	return both(ofIngress("annotations"+field, says), ofIngress("serviceAnnotations"+field, says))
}

func ofGateway(field, says string) refusals {
	return refusals{"spec.network.api.gateway.parentRefs" + field: says}
}

var wrongRoutes = map[string]wrong{
	"Nothing leads to an API that is closed.": {
		p2pAgent, network(`api: {ingress: {hosts: [a]}, gateway: {hosts: [a], parentRefs: [{name: a}]}}`),
		refusals{"spec.network.api.ingress": closedAPI, "spec.network.api.gateway": closedAPI},
	},
	"An Ingress and a Gateway have hosts.": {
		p2pAgent, led(`ingress: {}, gateway: {parentRefs: [{name: a}]}`), ofHosts("", missing),
	},
	"There is a host.":                         {p2pAgent, hosts(`[]`), ofHosts("", tooFew)},
	"17 hosts are too many.":                   {p2pAgent, hosts(many(17, host)), ofHosts("", tooMany)},
	"A host is there once for all.":            {p2pAgent, hosts(`[a, a]`), ofHosts("[1]", twice)},
	"A host of a route is not empty.":          {p2pAgent, hosts(`[""]`), ofHosts("[0]", tooShort)},
	"A host of a route has 253 letters.":       {p2pAgent, hosts(`[` + long(254) + `]`), ofHosts("[0]", tooLong)},
	"A host of a route is in small letters.":   {p2pAgent, hosts(`[Peer]`), ofHosts("[0]", noMatch)},
	"A host of a route is not everybody.":      {p2pAgent, hosts(`["*"]`), ofHosts("[0]", noMatch)},
	"A host of a route has no port.":           {p2pAgent, hosts(`["peer.example.com:443"]`), ofHosts("[0]", noMatch)},
	"A class of Ingresses has a name.":         {p2pAgent, ingress(`className: Internal`), ofIngress("className", noMatch)},
	"A class of Ingresses has 253 letters.":    {p2pAgent, ingress(`className: ` + long(254)), ofIngress("className", tooLong)},
	"A Secret of an Ingress is not empty.":     {p2pAgent, ingress(`secretName: ""`), ofIngress("secretName", tooShort)},
	"A Secret of an Ingress has a name.":       {p2pAgent, ingress(`secretName: Ours`), ofIngress("secretName", noMatch)},
	"A Secret of an Ingress has 253 letters.":  {p2pAgent, ingress(`secretName: ` + long(254)), ofIngress("secretName", tooLong)},
	"33 annotations of an Ingress.":            {p2pAgent, annotated(attributes(33)), ofAnnotations("", tooMany)},
	"An annotation of an Ingress has 4096.":    {p2pAgent, annotated(`{a: ` + long(4097) + `}`), ofAnnotations(".a", tooLong)},
	"An annotation of an Ingress has a key.":   {p2pAgent, annotated(`{"a b": c}`), ofAnnotations("", noKey)},
	"An annotation of an Ingress is not ours.": {p2pAgent, annotated(`{peernode.dev/intent: b}`), ofAnnotations("", notTheirs)},
	"A route has a Gateway.":                   {p2pAgent, gateway(``), ofGateway("", tooFew)},
	"A route says which.":                      {p2pAgent, led(`gateway: {hosts: [a]}`), ofGateway("", missing)},
	"Nine Gateways are too many.":              {p2pAgent, led(`gateway: {hosts: [a], parentRefs: ` + many(9, func(i int) string { return fmt.Sprintf("{name: g%d}", i) }) + `}`), ofGateway("", tooMany)},
	"A Gateway is there once.":                 {p2pAgent, gateway(`{name: a}, {name: a}`), ofGateway("[1]", twice)},
	"A Gateway has a name.":                    {p2pAgent, gateway(`{namespace: a}`), ofGateway("[0].name", missing)},
	"The name of a Gateway is not empty.":      {p2pAgent, gateway(`{name: ""}`), ofGateway("[0].name", tooShort)},
	"The name of a Gateway has 253 letters.":   {p2pAgent, gateway(`{name: ` + long(254) + `}`), ofGateway("[0].name", tooLong)},
	"The name of a Gateway is one.":            {p2pAgent, gateway(`{name: Public}`), ofGateway("[0].name", noMatch)},
	"A Gateway is in a namespace.":             {p2pAgent, gateway(`{name: a, namespace: a.b}`), ofGateway("[0].namespace", noMatch)},
	"A namespace of a Gateway has 63 letters.": {p2pAgent, gateway(`{name: a, namespace: ` + long(64) + `}`), ofGateway("[0].namespace", tooLong)},
	"A listener has a name.":                   {p2pAgent, gateway(`{name: a, sectionName: TLS}`), ofGateway("[0].sectionName", noMatch)},
	"A listener has 253 letters.":              {p2pAgent, gateway(`{name: a, sectionName: ` + long(254) + `}`), ofGateway("[0].sectionName", tooLong)},
	"A client behind a Gateway does not choose its address.": {
		p2pAgent, `spec: {tls: {secretName: ours}, edge: {trustedProxies: [10.0.0.0/8]}, network: {api: {enabled: true, gateway: {hosts: [a], parentRefs: [{name: a}]}}}}`,
		refusals{"spec.edge.trustedProxies": "must not be set beside network.api.gateway"},
	},
	"The peers of a fleet do not share a name.": {
		peerFleet, `spec: {template: {spec: {tls: {secretName: ours}, network: {api: {enabled: true, ingress: {hosts: [a]}, gateway: {hosts: [a], parentRefs: [{name: a}]}}}}}}`,
		refusals{"spec.template.spec.network.api.ingress": oneName, "spec.template.spec.network.api.gateway": oneName},
	},
}

var validRoutes = map[string]wrong{
	"An Ingress of the cluster's class.": {base: p2pAgent, change: ingress(``)},
	"An Ingress with everything.":        {base: p2pAgent, change: ingress(`className: nginx, secretName: ours, annotations: {nginx.org/ssl-services: public-api}, serviceAnnotations: {projectcontour.io/upstream-protocol.tls: "443"}`)},
	"Hosts of every sort, for routes.":   {base: p2pAgent, change: hosts(`[a, peer.example.com, "*.example.org"]`)},
	"Gateways of every sort.":            {base: p2pAgent, change: gateway(`{name: a}, {name: a, namespace: b}, {name: a, namespace: b, sectionName: tls}, {name: public.example, sectionName: tls.v1}`)},
}
