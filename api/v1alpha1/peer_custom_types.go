// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// CustomSoftware is any peer program, described by what the operator has to know of it.
//
// +kubebuilder:validation:XValidation:rule="!has(self.files) || self.files.all(f, self.files.all(other, !other.path.startsWith(f.path + '/')))",fieldPath=".files",message="a file must not lie below another file"
// +kubebuilder:validation:XValidation:rule="!has(self.files) || self.files.all(f, !(f.path + '/').startsWith(self.dataPath + '/') && !(self.dataPath + '/').startsWith(f.path + '/'))",fieldPath=".files",message="a file must not lie in or above dataPath, where the volume is mounted"
type CustomSoftware struct {
	// command is the program, in place of the image's entrypoint.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=4096
	Command []string `json:"command,omitempty"`

	// args are the program's arguments. Everybody who may read pods can read them: no secrets here.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=128
	// +kubebuilder:validation:items:MaxLength=4096
	Args []string `json:"args,omitempty"`

	// env are environment variables. Everybody who may read pods can read them: no secrets here.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=128
	Env []CustomEnvVar `json:"env,omitempty"`

	// ports are the ports that the program listens on.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:XValidation:rule="self.exists(p, p.purpose == 'Peer')",message="at least one port must have the purpose Peer"
	// +kubebuilder:validation:XValidation:rule="self.all(p, self.exists_one(q, q.port == p.port && (has(q.protocol) ? q.protocol : 'TCP') == (has(p.protocol) ? p.protocol : 'TCP')))",message="each port number may appear once per protocol"
	Ports []CustomPort `json:"ports"`

	// files are configuration files put into the container, read-only. A change replaces the pod.
	// +optional
	// +listType=map
	// +listMapKey=path
	// +kubebuilder:validation:MaxItems=32
	Files []CustomFile `json:"files,omitempty"`

	// dataPath is where the volume is mounted: the only place, beside /tmp, that the program can write to.
	// +required
	// +kubebuilder:validation:XValidation:rule="!(self in ['/tmp', '/etc', '/proc', '/sys', '/dev', '/usr', '/bin'])",message="must not be a folder of the system"
	DataPath AbsolutePath `json:"dataPath"`

	// dataCheck are the program's arguments with which it says whether what lies under dataPath is good: it ends with 0 if so,
	// and may say in /dev/termination-log what the data hold; otherwise its last output says what is wrong. It runs on a copy
	// of the data that was restored from a backup, without a network, the files above or env. PeerBackups with spec.prove
	// need it.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=4096
	DataCheck []string `json:"dataCheck,omitempty"`

	// probes tell whether the program has started, serves, and lives. Without readiness, a program counts as
	// serving while it runs.
	// +optional
	Probes CustomProbes `json:"probes,omitzero"`

	// runAsUser is the numeric user and group of the program. Default 65532.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	RunAsUser int64 `json:"runAsUser,omitempty"`

	// terminationGracePeriodSeconds is how long the program has to stop after SIGTERM. Default 30.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3600
	TerminationGracePeriodSeconds int64 `json:"terminationGracePeriodSeconds,omitempty"`
}

// CustomEnvVar is an environment variable with a plain value.
type CustomEnvVar struct {
	// name of the variable.
	// +required
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:Pattern=`^[A-Za-z_][A-Za-z0-9_]*$`
	Name string `json:"name"`

	// value of the variable, taken literally but for $(NAME) of earlier variables.
	// +required
	// +kubebuilder:validation:MaxLength=32768
	Value string `json:"value"`
}

// PortPurpose says what a port is for, and so who may reach it.
//
// +kubebuilder:validation:Enum=Peer;API;Metrics;Internal
type PortPurpose string

// The purposes of ports.
const (
	// PurposePeer is the peer-to-peer protocol: declared peers and network.peer.allowFrom.
	PurposePeer PortPurpose = "Peer"
	// PurposeAPI is the API for users: network.api.
	PurposeAPI PortPurpose = "API"
	// PurposeMetrics is the Prometheus endpoint: network.metrics.allowFrom.
	PurposeMetrics PortPurpose = "Metrics"
	// PurposeInternal is for the pod itself and the kubelet's probes: nobody else.
	PurposeInternal PortPurpose = "Internal"
)

// CustomPort is a port that a custom program listens on.
type CustomPort struct {
	// name of the port, as in a Service.
	// +required
	// +kubebuilder:validation:MaxLength=15
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`
	// +kubebuilder:validation:XValidation:rule="self.matches('[a-z]') && !self.contains('--')",message="must contain a letter and no '--'"
	Name string `json:"name"`

	// port is its number.
	// +required
	Port PortNumber `json:"port"`

	// protocol is TCP (default) or UDP.
	// +optional
	// +kubebuilder:validation:Enum=TCP;UDP
	Protocol corev1.Protocol `json:"protocol,omitempty"`

	// purpose says who may reach the port: Peer (network.peer and declared peers), API (network.api), Metrics
	// (network.metrics) or Internal (nobody but the kubelet's probes).
	// +required
	Purpose PortPurpose `json:"purpose"`
}

// CustomFile is a configuration file of a custom program.
type CustomFile struct {
	// path of the file in the container.
	// +required
	Path AbsolutePath `json:"path"`

	// content of the file. It is kept in a ConfigMap: no secrets here.
	// +required
	// +kubebuilder:validation:MaxLength=262144
	Content string `json:"content"`
}

// CustomProbes tell whether a custom program has started, serves, and lives.
type CustomProbes struct {
	// startup holds back the other probes until it succeeds once; it may fail for 10 minutes.
	// +optional
	Startup *CustomProbe `json:"startup,omitempty"`

	// readiness decides whether the peer is Ready and reachable by its Services.
	// +optional
	Readiness *CustomProbe `json:"readiness,omitempty"`

	// liveness restarts the program when it fails for a minute. Leave it out for a program that can stall
	// without being broken.
	// +optional
	Liveness *CustomProbe `json:"liveness,omitempty"`
}

// CustomProbe is one way to ask a program how it is.
//
// +kubebuilder:validation:ExactlyOneOf=httpGet;tcpSocket;exec
type CustomProbe struct {
	// httpGet succeeds when a plain HTTP request is answered with a status from 200 to 399.
	// +optional
	HTTPGet *HTTPGetProbe `json:"httpGet,omitempty"`

	// tcpSocket succeeds when a connection opens.
	// +optional
	TCPSocket *TCPSocketProbe `json:"tcpSocket,omitempty"`

	// exec succeeds when a command in the container exits with 0.
	// +optional
	Exec *ExecProbe `json:"exec,omitempty"`
}

// HTTPGetProbe is a plain HTTP request to the pod.
type HTTPGetProbe struct {
	// path of the request.
	// +required
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:Pattern=`^/`
	Path string `json:"path"`

	// port is the number or the name of one of the ports.
	// +required
	Port intstr.IntOrString `json:"port"`
}

// TCPSocketProbe opens a connection to the pod.
type TCPSocketProbe struct {
	// port is the number or the name of one of the ports.
	// +required
	Port intstr.IntOrString `json:"port"`
}

// ExecProbe runs a command in the container.
type ExecProbe struct {
	// command and its arguments; no shell is involved.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=4096
	Command []string `json:"command"`
}
