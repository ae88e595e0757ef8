// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// maxList is that of a list: far more than a cluster has in keys.
const maxList = 256 << 20

// list is what kubectl prints of several objects.
type list struct {
	metav1.TypeMeta `json:",inline"`

	Items []corev1.Secret `json:"items"`
}

// ReadAll reads a list of Secrets as kubectl get prints it, or a single one, in YAML or JSON. No error repeats anything
// of what was read but kinds.
func ReadAll(r io.Reader) ([]corev1.Secret, error) {
	text, err := readAtMost(r, maxList, "a list of keys can be")
	if err != nil {
		return nil, fmt.Errorf("read Secrets: %w", err)
	}
	var read list
	if err := yaml.Unmarshal(text, &read); err != nil {
		return nil, errors.New("there is no list of Secrets")
	}
	if read.Kind != "List" && read.Kind != "SecretList" {
		secret, err := parse(text)
		if err != nil {
			return nil, err
		}
		return []corev1.Secret{*secret}, nil
	}
	for _, item := range read.Items {
		if item.Kind != "Secret" && (item.Kind != "" || read.Kind == "List") {
			return nil, fmt.Errorf("there is a %q among the Secrets", item.Kind)
		}
	}
	return read.Items, nil
}

// New is a Secret as it has to be to be created anew: without what the API server gave the one of before.
func New(s corev1.Secret) corev1.Secret {
	s.TypeMeta = metav1.TypeMeta{APIVersion: corev1.SchemeGroupVersion.String(), Kind: "Secret"}
	s.UID, s.ResourceVersion, s.Generation, s.CreationTimestamp, s.ManagedFields = "", "", 0, metav1.Time{}, nil
	return s
}

// ListText is a list of Secrets in JSON.
func ListText(secrets []corev1.Secret) ([]byte, error) {
	if secrets == nil {
		secrets = []corev1.Secret{}
	}
	text, err := json.MarshalIndent(list{metav1.TypeMeta{APIVersion: "v1", Kind: "List"}, secrets}, "", "  ")
	if err != nil {
		return nil, errors.New("the Secrets cannot be written as JSON")
	}
	return append(text, '\n'), nil
}
