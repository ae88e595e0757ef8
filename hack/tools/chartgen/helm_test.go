// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
)

// chart is the folder of the chart.
const chart = repository + "/charts/peernode-operator"

// namespace is the operator's.
const namespace = "peernode-system"

// helm finds the pinned Helm, which test/cluster builds.
func helm(t *testing.T) string {
	t.Helper()
	path := os.Getenv("HELM")
	if path == "" {
		path = filepath.Join(repository, ".cache/bin/helm")
	}
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no Helm at %s: build it with test/cluster, or point HELM to one", path)
	}
	return path
}

// template renders the chart with values given as YAML.
func template(t *testing.T, values string) ([]byte, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "values.yaml")
	if err := os.WriteFile(file, []byte(values), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), helm(t), "template", "peernode-operator", chart,
		"--namespace", namespace, "--values", file)
	// Neither the user's plugins nor a cluster have a say.
	cmd.Env = append(os.Environ(), "HELM_PLUGINS="+t.TempDir(), "KUBECONFIG="+os.DevNull)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return stderr.Bytes(), err
	}
	return out, nil
}

// render renders the chart and returns the objects by kind and name,
// with the namespace where it is not the operator's.
func render(t *testing.T, values string) map[string]*unstructured.Unstructured {
	t.Helper()
	out, err := template(t, values)
	if err != nil {
		t.Fatalf("helm template: %v\n%s", err, out)
	}
	return parse(t, out)
}

// parse returns the objects of a stream of manifests by kind and name,
// with the namespace where it is not the operator's.
func parse(t *testing.T, manifests []byte) map[string]*unstructured.Unstructured {
	t.Helper()
	objects := map[string]*unstructured.Unstructured{}
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(manifests), 4096)
	for {
		o := &unstructured.Unstructured{}
		err := decoder.Decode(&o.Object)
		if errors.Is(err, io.EOF) {
			return objects
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(o.Object) == 0 {
			continue
		}
		key := o.GetKind() + " " + o.GetName()
		if ns := o.GetNamespace(); ns != "" && ns != namespace {
			key = o.GetKind() + " " + ns + "/" + o.GetName()
		}
		if _, twice := objects[key]; twice {
			t.Fatalf("%s appears twice", key)
		}
		objects[key] = o
	}
}
