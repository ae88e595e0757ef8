// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

// simulatedNodeYAML is a node that no kubelet stands behind; kwok keeps it Ready and lets its pods seem to run.
const simulatedNodeYAML = `apiVersion: v1
kind: Node
metadata:
  name: %[1]s
  labels: {kubernetes.io/hostname: %[1]s, kubernetes.io/os: linux, type: simulated}
`

// stageOfJobs ends the pods of Jobs well, and without a word.
const stageOfJobs = "pod-complete.yaml"

// simulator is kwok: it plays the kubelets of the simulated nodes, with upstream's fast stages. It knows them by a label,
// not by an annotation, because it lets go of a node that loses a label: so a test can have one that is lost. Pods of
// Jobs run and never end of themselves: how they end, and with which last words, is for a test to say.
func simulator(bin, stages, kubeconfig string) (program, error) {
	files, err := globSome(filepath.Join(stages, "*.yaml"))
	if err != nil {
		return program{}, fmt.Errorf("find kwok's stages: %w", err)
	}
	args := []string{"--kubeconfig=" + kubeconfig, "--manage-all-nodes=false", "--manage-nodes-with-label-selector=type=simulated",
		"--node-lease-duration-seconds=40", "--cidr=10.0.0.0/8", "--server-address="}
	for _, file := range files {
		if filepath.Base(file) == stageOfJobs {
			continue
		}
		args = append(args, "--config="+file)
	}
	return program{name: "kwok", path: filepath.Join(bin, "kwok"), args: args, grace: 2 * time.Second}, nil
}

// deletionPolicy keeps kwok from deleting a pod that nobody asked to go. kwok deletes by name, without saying which pod of
// that name it means; where it is a moment late, that is the successor, whose end it then takes for another pod to delete, and
// so on without end.
const (
	deletionPolicy = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: simulated-kubelets}
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules:
      - {apiGroups: [""], apiVersions: [v1], operations: [DELETE], resources: [pods]}
  matchConditions:
    - {name: kwok, expression: "request.userInfo.username == 'kwok'"}
  validations:
    - expression: has(oldObject.metadata.deletionTimestamp)
      message: nobody has asked this pod to go
`
	deletionPolicyBinding = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: simulated-kubelets}
spec:
  policyName: simulated-kubelets
  validationActions: [Deny]
`
)

// restrainSimulator makes the API server hold kwok to what kubelets do.
func restrainSimulator(ctx context.Context, client *apiClient) error {
	const group = "/apis/admissionregistration.k8s.io/v1/"
	for path, manifest := range map[string]string{
		"validatingadmissionpolicies/simulated-kubelets":       deletionPolicy,
		"validatingadmissionpolicybindings/simulated-kubelets": deletionPolicyBinding,
	} {
		if err := client.apply(ctx, group+path, manifest); err != nil {
			return fmt.Errorf("restrain kwok: %w", err)
		}
	}
	return nil
}

// addSimulatedNodes creates the nodes and waits until the last one is Ready.
func addSimulatedNodes(ctx context.Context, client *apiClient, count int) error {
	for i := range count {
		name := simulatedNodeName(i)
		if err := client.apply(ctx, "/api/v1/nodes/"+name, fmt.Sprintf(simulatedNodeYAML, name)); err != nil {
			return fmt.Errorf("create simulated node %s: %w", name, err)
		}
	}
	for i := range count {
		if err := waitNodeReady(ctx, client, simulatedNodeName(i)); err != nil {
			return err
		}
	}
	return nil
}

func simulatedNodeName(i int) string { return fmt.Sprintf("simulated-%03d", i+1) }

// waitNodeReady waits until a node reports Ready and takes pods.
func waitNodeReady(ctx context.Context, client *apiClient, name string) error {
	for {
		var node struct {
			Spec   struct{ Taints []struct{ Key string } }
			Status struct {
				Conditions []struct{ Type, Status string }
			}
		}
		err := client.get(ctx, "/api/v1/nodes/"+name, &node)
		for _, c := range node.Status.Conditions {
			if err == nil && c.Type == "Ready" && c.Status == "True" && len(node.Spec.Taints) == 0 {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("node %s is not ready: %w", name, ctx.Err()), err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
