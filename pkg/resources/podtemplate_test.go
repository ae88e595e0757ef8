// SPDX-License-Identifier: Apache-2.0

package resources_test

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/peernode/operator/pkg/resources"
)

// patched builds the StatefulSet of the smallest p2p-agent under a patch of its pod.
func patched(t *testing.T, patch string) (*appsv1.StatefulSet, error) {
	t.Helper()
	return patchedOf(t, "p2p-agent-minimal", patch)
}

// patchedOf builds the StatefulSet of a scenario under a patch of its pod.
func patchedOf(t *testing.T, scenario, patch string) (*appsv1.StatefulSet, error) {
	t.Helper()
	raw, err := yaml.YAMLToJSON([]byte(patch))
	if err != nil {
		t.Fatal(err)
	}
	in := scenarios[scenario].input(t, scenario)
	in.PeerNode.Spec.PodTemplate = &runtime.RawExtension{Raw: raw}
	built, err := resources.StatefulSet(in)
	if err != nil {
		return nil, err
	}
	set := &appsv1.StatefulSet{}
	convert(t, built, set)
	return set, nil
}

func TestPatchesThatLiftASafeguardAreRefused(t *testing.T) {
	for name, c := range map[string]struct{ patch, says string }{
		"The pod asks for its token.": {
			`spec: {automountServiceAccountToken: true}`, "spec.podTemplate.spec.automountServiceAccountToken must stay false",
		},
		"The pod leaves the token to its service account.": {
			`spec: {automountServiceAccountToken: null}`, "spec.podTemplate.spec.automountServiceAccountToken must stay false",
		},
		"A volume projects a token.": {
			`spec: {volumes: [{name: token, projected: {sources: [{serviceAccountToken: {path: token}}]}}]}`,
			"spec.podTemplate.spec.volumes[token] must not project a service account token",
		},
		"The token for the unsealer is given to the peer.": {
			`spec: {containers: [{name: peer, volumeMounts: [{name: unsealer, mountPath: /token}]}]}`,
			"must not mount the volume unsealer, which holds the token for the unsealer, into container peer",
		},
		"The token for the unsealer is made one for the API server.": {
			`spec: {volumes: [{name: unsealer, projected: {sources: [{serviceAccountToken: {path: token}}]}}]}`,
			"spec.podTemplate.spec.volumes[unsealer] must not project a service account token",
		},
		"A volume projects a token beside harmless things.": {
			`spec: {volumes: [{name: mix, projected: {sources: [{configMap: {name: c}}, {serviceAccountToken: {path: token}}]}}]}`,
			"spec.podTemplate.spec.volumes[mix] must not project a service account token",
		},
		"The pod joins the network of its node.": {
			`spec: {hostNetwork: true}`, "lifts Pod Security restricted: host namespaces (hostNetwork=true)",
		},
		"The peer's container is privileged.": {
			`spec: {containers: [{name: peer, securityContext: {privileged: true, allowPrivilegeEscalation: null}}]}`, "privileged (container \"peer\" must not set",
		},
		"The peer may be root.": {
			`spec: {hostUsers: true, securityContext: {runAsNonRoot: false}}`, "runAsNonRoot != true",
		},
		"A sidecar may gain privileges.": {
			`spec: {containers: [{name: side, image: "side:v1"}]}`, "allowPrivilegeEscalation != false (container \"side\"",
		},
		"A folder of the node is mounted.": {
			`spec: {volumes: [{name: node, hostPath: {path: /etc}}]}`, "restricted volume types (volume \"node\" uses restricted volume type \"hostPath\")",
		},
		"The label of the selector is changed.": {
			`metadata: {labels: {peernode.dev/peernode: beta}}`, "spec.podTemplate.metadata.labels must not change peernode.dev/peernode",
		},
		"The label of the selector is removed.": {
			`metadata: {labels: {peernode.dev/peernode: null}}`, "spec.podTemplate.metadata.labels must not change peernode.dev/peernode",
		},
		"The label by which the operator sees the pod is changed.": {
			`metadata: {labels: {app.kubernetes.io/managed-by: me}}`, "spec.podTemplate.metadata.labels must not change app.kubernetes.io/managed-by",
		},
		"All labels are replaced.": {
			`metadata: {labels: {$patch: replace, mine: "1"}}`, "spec.podTemplate.metadata.labels must not change peernode.dev/peernode",
		},
		"The peer itself is removed.": {
			`spec: {containers: [{name: peer, $patch: delete}, {name: other, image: "other:v1"}]}`, `spec.podTemplate.spec.containers must keep the container "peer"`,
		},
		"An amount that takes hours to compare.": {
			`spec: {containers: [{name: peer, resources: {limits: {cpu: "1e99999999"}}}]}`, `spec.podTemplate.spec.containers[0].resources.limits.cpu must be written without an exponent`,
		},
		"A field is misspelt.": {
			`spec: {nodeSelectors: {disk: fast}}`, `spec.podTemplate has a field that a pod template does not know`,
		},
		"A field has the wrong type.": {
			`spec: {nodeSelector: fast}`, "spec.podTemplate",
		},
		"A container in a list that merges by name has none.": {
			`spec: {containers: [{image: "other:v1"}]}`, "spec.podTemplate is not a strategic merge patch of a pod template",
		},
		"The patch is a list.": {
			`[]`, "spec.podTemplate is not a strategic merge patch of a pod template",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := patched(t, c.patch)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want a refusal that says %q", err, c.says)
			}
		})
	}
}

func TestThePatchOfAPodKeepsItsEdge(t *testing.T) {
	_, err := patchedOf(t, "edge", `spec: {containers: [{name: edge, $patch: delete}]}`)
	if want := `spec.podTemplate.spec.containers must keep the container "edge"`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want a refusal that says %q", err, want)
	}
}

func TestPatchesThatHandOutWhatOpensAKeyDirectlyAreRefused(t *testing.T) {
	const holds = "must not hold the private key that opens the peer's"
	for name, c := range map[string]struct{ scenario, patch, says string }{
		"The volume is given to the peer.": {
			"direct-secret", `spec: {containers: [{name: peer, volumeMounts: [{name: opener, mountPath: /opener}]}]}`,
			"must not mount the volume opener, which holds the private key that opens the peer's, into container peer",
		},
		"The volume is given to the identity check.": {
			"direct-csi", `spec: {initContainers: [{name: identity, volumeMounts: [{name: opener, mountPath: /opener}]}]}`, "into container identity",
		},
		"Another volume holds the Secret.": {
			"direct-secret", `spec: {volumes: [{name: mine, secret: {secretName: opener-of-alpha}}]}`, "spec.podTemplate.spec.volumes[mine] " + holds,
		},
		"Another volume holds the Secret beside harmless things.": {
			"direct-secret", `spec: {volumes: [{name: mine, projected: {sources: [{configMap: {name: c}}, {secret: {name: opener-of-alpha}}]}}]}`, "spec.podTemplate.spec.volumes[mine] " + holds,
		},
		"Another volume is the same of the driver.": {
			"direct-csi", `spec: {volumes: [{name: mine, csi: {driver: secrets-store.csi.k8s.io, volumeAttributes: {secretProviderClass: opener-of-alpha}}}]}`, "spec.podTemplate.spec.volumes[mine] " + holds,
		},
		"A variable has the Secret.": {
			"direct-secret", `spec: {containers: [{name: peer, env: [{name: A, valueFrom: {secretKeyRef: {name: opener-of-alpha, key: identity.age}}}]}]}`,
			"must not bring Secret opener-of-alpha, which opens the peer's key, into the environment of container peer",
		},
		"All variables are those of the Secret.": {
			"direct-secret", `spec: {containers: [{name: peer, envFrom: [{secretRef: {name: opener-of-alpha}}]}]}`, "into the environment of container peer",
		},
		"A token for the unsealer is of no use.": {
			"direct-secret", `spec: {volumes: [{name: unsealer, projected: {sources: [{serviceAccountToken: {path: token, audience: unsealer.peernode.dev}}]}}]}`,
			"spec.podTemplate.spec.volumes[unsealer] must not project a service account token",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := patchedOf(t, c.scenario, c.patch)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want a refusal that says %q", err, c.says)
			}
		})
	}
}

func TestPatchesBesideWhatOpensAKeyDirectlyAreLaidOver(t *testing.T) {
	for name, c := range map[string]struct{ scenario, patch string }{
		"Another Secret.":                                 {"direct-secret", `spec: {volumes: [{name: mine, secret: {secretName: other}}], containers: [{name: peer, env: [{name: A, valueFrom: {secretKeyRef: {name: other, key: a}}}], envFrom: [{secretRef: {name: other}}]}]}`},
		"Another volume of the driver.":                   {"direct-csi", `spec: {volumes: [{name: mine, csi: {driver: secrets-store.csi.k8s.io, volumeAttributes: {secretProviderClass: other}}}]}`},
		"The same Secret without a key.":                  {"direct-csi", `spec: {volumes: [{name: mine, secret: {secretName: opener-of-alpha}}]}`},
		"A volume of the name, unsealed by the unsealer.": {"p2p-agent-minimal", `spec: {volumes: [{name: opener, emptyDir: {}}], containers: [{name: peer, volumeMounts: [{name: opener, mountPath: /o}]}]}`},
	} {
		if _, err := patchedOf(t, c.scenario, c.patch); err != nil {
			t.Errorf("%s refused: %v", name, err)
		}
	}
}

func TestAllThatAPatchLiftsIsSaidAtOnce(t *testing.T) {
	_, err := patched(t, `{metadata: {labels: {peernode.dev/peernode: beta}}, spec: {automountServiceAccountToken: true}}`)
	if err == nil || strings.Count(err.Error(), "spec.podTemplate.") != 2 {
		t.Errorf("got %v, want both refusals", err)
	}
}

func TestPatchesOfOtherThingsAreLaidOver(t *testing.T) {
	for name, c := range map[string]struct {
		patch string
		holds func(corev1.PodTemplateSpec) bool
	}{
		"An empty patch changes nothing.": {`{}`, func(p corev1.PodTemplateSpec) bool { return len(p.Spec.Containers) == 1 }},
		"A node selector is added.": {
			`spec: {nodeSelector: {disk: fast}}`, func(p corev1.PodTemplateSpec) bool { return p.Spec.NodeSelector["disk"] == "fast" },
		},
		"A label is added, ours stay.": {
			`metadata: {labels: {mine: "1"}}`, func(p corev1.PodTemplateSpec) bool {
				return p.Labels["mine"] == "1" && p.Labels["peernode.dev/peernode"] == "alpha"
			},
		},
		"A sidecar is added beside the peer.": {
			`spec: {containers: [{name: side, image: "side:v1", securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]}`, func(p corev1.PodTemplateSpec) bool { return len(p.Spec.Containers) == 2 },
		},
		"The peer's container is merged by its name.": {
			`spec: {containers: [{name: peer, env: [{name: A, value: "1"}]}]}`, func(p corev1.PodTemplateSpec) bool {
				return len(p.Spec.Containers) == 1 && p.Spec.Containers[0].Env[0].Name == "A" && len(p.Spec.Containers[0].Ports) == 5
			},
		},
		"A longer time to stop is kept.": {
			`spec: {terminationGracePeriodSeconds: 300}`, func(p corev1.PodTemplateSpec) bool { return *p.Spec.TerminationGracePeriodSeconds == 300 },
		},
		"No time to stop is a value, not an absence.": {
			`spec: {terminationGracePeriodSeconds: 0}`, func(p corev1.PodTemplateSpec) bool {
				return p.Spec.TerminationGracePeriodSeconds != nil && *p.Spec.TerminationGracePeriodSeconds == 0
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			set, err := patched(t, c.patch)
			if err != nil {
				t.Fatal(err)
			}
			if !c.holds(set.Spec.Template) {
				t.Errorf("the pod is %+v", set.Spec.Template)
			}
		})
	}
}
