// SPDX-License-Identifier: Apache-2.0

package custom_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/defaults"
	"github.com/peernode/operator/pkg/peer"
	"github.com/peernode/operator/pkg/peer/custom"
)

func software() v1alpha1.CustomSoftware {
	return v1alpha1.CustomSoftware{
		Command: []string{"/bin/serf"}, Args: []string{"agent"},
		Env: []v1alpha1.CustomEnvVar{{Name: "B", Value: "2"}, {Name: "A", Value: ""}},
		Ports: []v1alpha1.CustomPort{
			{Name: "gossip", Port: 7946, Purpose: v1alpha1.PurposePeer},
			{Name: "gossip-udp", Port: 7947, Protocol: corev1.ProtocolUDP, Purpose: v1alpha1.PurposePeer},
		},
		Files:     []v1alpha1.CustomFile{{Path: "/etc/a", Content: "one"}, {Path: "/etc/b", Content: "two"}},
		DataPath:  "/data",
		RunAsUser: 1000, TerminationGracePeriodSeconds: 90,
	}
}

func workload(c v1alpha1.CustomSoftware) (peer.Workload, error) {
	p := &v1alpha1.PeerNode{Spec: v1alpha1.PeerNodeSpec{Software: v1alpha1.PeerSoftware{Custom: &c}}}
	return custom.Kind{}.Workload(peer.Input{PeerNode: defaults.PeerNode(p, defaults.Options{})})
}

func TestTheSpecIsTheWorkload(t *testing.T) {
	got, err := workload(software())
	if err != nil {
		t.Fatal(err)
	}
	want := peer.Workload{
		Command: []string{"/bin/serf"}, Args: []string{"agent"},
		Env: []peer.Env{{Name: "B", Value: "2"}, {Name: "A", Value: ""}},
		Ports: []peer.Port{
			{Name: "gossip", Number: 7946, Protocol: corev1.ProtocolTCP, Purpose: v1alpha1.PurposePeer},
			{Name: "gossip-udp", Number: 7947, Protocol: corev1.ProtocolUDP, Purpose: v1alpha1.PurposePeer},
		},
		Files:    []peer.File{{Key: "file-0", Path: "/etc/a", Content: "one"}, {Key: "file-1", Path: "/etc/b", Content: "two"}},
		DataPath: "/data", User: 1000, GraceSeconds: 90,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("workload (-want +got):\n%s", diff)
	}
	if key := (custom.Kind{}).Key(); key != nil {
		t.Errorf("custom software got the key %v, it makes its own", key)
	}
}

func TestProbesAskAsTheSpecSays(t *testing.T) {
	c := software()
	c.Probes = v1alpha1.CustomProbes{
		Startup:   &v1alpha1.CustomProbe{Exec: &v1alpha1.ExecProbe{Command: []string{"/bin/true"}}},
		Readiness: &v1alpha1.CustomProbe{HTTPGet: &v1alpha1.HTTPGetProbe{Path: "/ready", Port: intstr.FromString("gossip")}},
		Liveness:  &v1alpha1.CustomProbe{TCPSocket: &v1alpha1.TCPSocketProbe{Port: intstr.FromInt32(7946)}},
	}
	got, err := workload(c)
	if err != nil {
		t.Fatal(err)
	}
	for name, probe := range map[string]struct{ got, want *corev1.Probe }{
		// The comments of the API promise ten minutes to start and a minute of failure before a restart.
		"startup": {got.Startup, &corev1.Probe{
			ProbeHandler:  corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"/bin/true"}}},
			PeriodSeconds: 5, FailureThreshold: 120, TimeoutSeconds: 3,
		}},
		"readiness": {got.Readiness, &corev1.Probe{
			ProbeHandler:  corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/ready", Port: intstr.FromString("gossip")}},
			PeriodSeconds: 5, FailureThreshold: 3, TimeoutSeconds: 3,
		}},
		"liveness": {got.Liveness, &corev1.Probe{
			ProbeHandler:  corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(7946)}},
			PeriodSeconds: 10, FailureThreshold: 6, TimeoutSeconds: 3,
		}},
	} {
		if diff := cmp.Diff(probe.want, probe.got); diff != "" {
			t.Errorf("%s probe (-want +got):\n%s", name, diff)
		}
	}
}

func TestAProbeOfAnUnknownPortIsRefusedByItsName(t *testing.T) {
	tcp := func(port intstr.IntOrString) *v1alpha1.CustomProbe {
		return &v1alpha1.CustomProbe{TCPSocket: &v1alpha1.TCPSocketProbe{Port: port}}
	}
	http := func(port intstr.IntOrString) *v1alpha1.CustomProbe {
		return &v1alpha1.CustomProbe{HTTPGet: &v1alpha1.HTTPGetProbe{Path: "/", Port: port}}
	}
	for name, c := range map[string]struct {
		probes v1alpha1.CustomProbes
		says   string
	}{
		"A name that no port has.":          {v1alpha1.CustomProbes{Startup: tcp(intstr.FromString("rpc"))}, "probes.startup: port rpc is not one of the TCP ports"},
		"A number that no port has.":        {v1alpha1.CustomProbes{Readiness: http(intstr.FromInt32(80))}, "probes.readiness: port 80 is not one of the TCP ports"},
		"A port that a probe cannot reach.": {v1alpha1.CustomProbes{Liveness: tcp(intstr.FromString("gossip-udp"))}, "probes.liveness: port gossip-udp is not one of the TCP ports"},
		"No port at all.":                   {v1alpha1.CustomProbes{Liveness: tcp(intstr.IntOrString{})}, "probes.liveness: port 0 is not one of the TCP ports"},
	} {
		s := software()
		s.Probes = c.probes
		if _, err := workload(s); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s got %v, want an error that says %q", name, err, c.says)
		}
	}
}
