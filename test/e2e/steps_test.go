// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/test/builders"
	"github.com/peernode/operator/test/testenv"
)

// namespace makes a namespace that enforces the strictest pod security, and deletes it after the test.
func namespace(t *testing.T) string {
	t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: "e2e-",
		Labels:       map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}
	must(t, admin.Create(t.Context(), ns))
	t.Cleanup(func() { _, _ = run("kubectl", "delete", "namespace", ns.Name, "--wait=false") })
	return ns.Name
}

// agent makes a p2p-agent that runs the loaded image.
func agent(t *testing.T, ns, name string, modify ...func(*v1alpha1.PeerNode)) *v1alpha1.PeerNode {
	t.Helper()
	p := builders.PeerNode(ns, name, append([]func(*v1alpha1.PeerNode){builders.WithImage(imageAgent)}, modify...)...)
	must(t, admin.Create(t.Context(), p))
	return p
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func eventually(t *testing.T, check func() error) {
	t.Helper()
	must(t, testenv.Eventually(t.Context(), check))
}

// awaitReason waits until a condition has a reason, and leaves the PeerNode in p as it then is.
func awaitReason(t *testing.T, p *v1alpha1.PeerNode, conditionType, reason string) {
	t.Helper()
	eventually(t, func() error {
		if err := admin.Get(t.Context(), client.ObjectKeyFromObject(p), p); err != nil {
			return err
		}
		c := conditions.Find(p.Status.Conditions, conditionType)
		if c.Reason != reason || c.ObservedGeneration != p.Generation {
			return fmt.Errorf("%s: %s is %s (%s), want %s", p.Name, conditionType, c.Reason, c.Message, reason)
		}
		return nil
	})
}

// awaitReady waits until the peer serves and nothing is left to do.
func awaitReady(t *testing.T, p *v1alpha1.PeerNode) {
	t.Helper()
	awaitReason(t, p, v1alpha1.ConditionReady, v1alpha1.ReasonServing)
	awaitReason(t, p, v1alpha1.ConditionReconciling, v1alpha1.ReasonSettled)
}

// edit changes the spec as a person would, over conflicts.
func edit(t *testing.T, p *v1alpha1.PeerNode, change func(*v1alpha1.PeerNode)) {
	t.Helper()
	eventually(t, func() error {
		if err := admin.Get(t.Context(), client.ObjectKeyFromObject(p), p); err != nil {
			return err
		}
		change(p)
		return admin.Update(t.Context(), p)
	})
}

func podOf(t *testing.T, p *v1alpha1.PeerNode) *corev1.Pod {
	t.Helper()
	pod := &corev1.Pod{}
	must(t, admin.Get(t.Context(), client.ObjectKey{Namespace: p.Namespace, Name: p.Name + "-0"}, pod))
	return pod
}

// gone waits until an object does not exist.
func gone(t *testing.T, o client.Object) {
	t.Helper()
	eventually(t, func() error {
		err := admin.Get(t.Context(), client.ObjectKeyFromObject(o), o)
		if apierrors.IsNotFound(err) {
			return nil
		}
		return errors.Join(err, fmt.Errorf("%T %s still exists", o, o.GetName()))
	})
}

// self is what an agent says of itself.
type self struct {
	PeerID   string `json:"peerID"`
	Sequence uint64 `json:"sequence"`
	Starts   int    `json:"starts"`
}

// ask asks an agent's API by way of the API server.
func ask(p *v1alpha1.PeerNode, path string, answer any) error {
	out, err := run("kubectl", "get", "--raw", fmt.Sprintf("/api/v1/namespaces/%s/pods/%s-0:8080/proxy%s", p.Namespace, p.Name, path))
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(out), answer)
}

// asked asks until the agent answers with a sequence of at least one.
func asked(t *testing.T, p *v1alpha1.PeerNode) self {
	t.Helper()
	var s self
	eventually(t, func() error {
		if err := ask(p, "/api/v1/identity", &s); err != nil {
			return err
		}
		if s.Sequence == 0 {
			return errors.New("the agent has not counted anything yet")
		}
		return nil
	})
	return s
}

// connections are the IDs of the peers that an agent is connected to.
func connections(p *v1alpha1.PeerNode) (map[string]bool, error) {
	var answer struct {
		Peers []struct {
			PeerID string `json:"peerID"`
		} `json:"peers"`
	}
	if err := ask(p, "/api/v1/peers", &answer); err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for _, peer := range answer.Peers {
		out[peer.PeerID] = true
	}
	return out, nil
}
