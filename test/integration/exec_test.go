// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/peernode/operator/test/testenv"
)

// somebody may do everything by RBAC, and is in these groups beside.
func somebody(t *testing.T, groups ...string) *kubernetes.Clientset {
	t.Helper()
	return somebodyIn(t, env, groups...)
}

func somebodyIn(t *testing.T, env *testenv.Env, groups ...string) *kubernetes.Clientset {
	t.Helper()
	config := rest.CopyConfig(env.AdminConfig)
	config.Impersonate = rest.ImpersonationConfig{UserName: "somebody", Groups: append(groups, "system:masters", "system:authenticated")}
	c, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// commandsAreRefused applies the policy as it is shipped, and waits until the API server goes by it.
func (s *story) commandsAreRefused() {
	s.Helper()
	for _, o := range documents(s.T, "config/admission/exec_policy.yaml") {
		s.must(env.Admin.Create(s.Context(), o))
		s.Cleanup(func() { _ = env.Admin.Delete(context.WithoutCancel(s.Context()), o) })
	}
	s.eventually(func() error {
		if !refusedByPolicy(s.connect(somebody(s.T), "exec", "alpha-0")) {
			return errors.New("commands in the pod of alpha are not refused yet")
		}
		return nil
	})
}

// connect asks for a command in a pod, or for its input and output. No simulated node carries it out.
func (s *story) connect(who *kubernetes.Clientset, how, pod string) error {
	request := who.CoreV1().RESTClient().Post().Namespace(s.ns).Resource("pods").Name(pod).SubResource(how).Param("container", "peer").Param("stdout", "true")
	if how == "exec" {
		request = request.Param("command", "id")
	}
	return request.Do(s.Context()).Error()
}

// debug puts another container into a pod.
func (s *story) debug(who *kubernetes.Clientset, name string) error {
	pods := who.CoreV1().Pods(s.ns)
	pod, err := pods.Get(s.Context(), name, metav1.GetOptions{})
	s.must(err)
	pod.Spec.EphemeralContainers = append(pod.Spec.EphemeralContainers, corev1.EphemeralContainer{
		EphemeralContainerCommon: corev1.EphemeralContainerCommon{Name: fmt.Sprintf("debug-%d", len(pod.Spec.EphemeralContainers)), Image: "registry.example.com/shell:v1", TerminationMessagePolicy: corev1.TerminationMessageReadFile},
	})
	_, err = pods.UpdateEphemeralContainers(s.Context(), name, pod, metav1.UpdateOptions{})
	return err
}

func refusedByPolicy(err error) bool {
	return apierrors.IsForbidden(err) && strings.Contains(err.Error(), "whoever runs a command in it can read its key")
}

func TestNobodyRunsCommandsInThePodsOfPeers(t *testing.T) {
	s := tell(t)
	s.serving("alpha")
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "alphabet-0"}, Spec: corev1.PodSpec{
		Containers: []corev1.Container{{Name: "peer", Image: "registry.example.com/other:v1"}},
	}}
	s.must(env.Admin.Create(s.Context(), pod))
	elsewhere := &story{T: t, ns: namespace(t), log: s.log}
	other := pod.DeepCopy()
	other.ResourceVersion, other.UID, other.Namespace, other.Name = "", "", elsewhere.ns, "alpha-0"
	s.must(env.Admin.Create(s.Context(), other))
	s.commandsAreRefused()

	anybody, rescuer := somebody(t), somebody(t, "peernode-break-glass")
	for what, c := range map[string]struct {
		refused bool
		ask     func() error
	}{
		"a command in the pod of a peer":                               {true, func() error { return s.connect(anybody, "exec", "alpha-0") }},
		"the input of a peer":                                          {true, func() error { return s.connect(anybody, "attach", "alpha-0") }},
		"another container in the pod of a peer":                       {true, func() error { return s.debug(anybody, "alpha-0") }},
		"a command in the pod that makes the peer's key":               {true, func() error { return s.connect(anybody, "exec", "alpha-identity-1-x7k2p") }},
		"a command in the pod that copies the peer's key":              {true, func() error { return s.connect(anybody, "exec", "alpha-copy-1a2b3-x7k2p") }},
		"a command in the pod that holds a recovery key":               {true, func() error { return s.connect(anybody, "exec", "alpha-restore-x7k2p") }},
		"a command in a pod beside it":                                 {false, func() error { return s.connect(anybody, "exec", "alphabet-0") }},
		"another container in a pod beside it":                         {false, func() error { return s.debug(anybody, "alphabet-0") }},
		"a command in a pod of that name in a namespace without peers": {false, func() error { return elsewhere.connect(anybody, "exec", "alpha-0") }},
		"a command in the pod of a peer in an emergency":               {false, func() error { return s.connect(rescuer, "exec", "alpha-0") }},
		"another container in the pod in an emergency":                 {false, func() error { return s.debug(rescuer, "alpha-0") }},
	} {
		if err := c.ask(); refusedByPolicy(err) != c.refused {
			t.Errorf("%s is refused: %v (%v), want %v", what, refusedByPolicy(err), err, c.refused)
		}
	}
	s.eventually(func() error {
		raw, err := os.ReadFile(env.AuditLogPath())
		if err != nil {
			return err
		}
		if !bytes.Contains(raw, []byte(`"peernode-operator-exec/break-glass":"somebody: exec in `+s.ns+`/alpha-0"`)) {
			return errors.New("the audit log does not tell of the emergency")
		}
		return nil
	})
}
