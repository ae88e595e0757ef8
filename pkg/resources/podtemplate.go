// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	psapi "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/quantity"
)

// patched lays spec.podTemplate over the pod that the operator builds. It is the one place where a raw pod
// template is turned into an apply configuration. Unknown fields are refused, as the API server would do.
func patched(template *applycorev1.PodTemplateSpecApplyConfiguration, p *v1alpha1.PeerNode) (*applycorev1.PodTemplateSpecApplyConfiguration, error) {
	patch := p.Spec.PodTemplate
	if patch == nil || len(patch.Raw) == 0 || string(bytes.TrimSpace(patch.Raw)) == "{}" {
		return template, nil
	}
	if err := plainQuantities(patch.Raw); err != nil {
		return nil, err
	}
	original, err := json.Marshal(template)
	if err != nil {
		return nil, fmt.Errorf("encode pod template: %w", err)
	}
	merged, err := strategicpatch.StrategicMergePatch(original, patch.Raw, corev1.PodTemplateSpec{})
	if err != nil {
		return nil, fmt.Errorf("spec.podTemplate is not a strategic merge patch of a pod template: %w", err)
	}
	var typed corev1.PodTemplateSpec
	if err := yaml.UnmarshalStrict(merged, &typed); err != nil {
		return nil, fmt.Errorf("spec.podTemplate has a field that a pod template does not know: %w", err)
	}
	if err := safeguarded(template, typed, p.Direct()); err != nil {
		return nil, err
	}
	// By way of the typed template, so that a zero value in the patch, such as hostNetwork: false, is left out as the
	// server leaves it out: an intent with it would never be found in the live object.
	if merged, err = json.Marshal(typed); err != nil {
		return nil, fmt.Errorf("encode patched pod template: %w", err)
	}
	out := &applycorev1.PodTemplateSpecApplyConfiguration{}
	if err := json.Unmarshal(merged, out); err != nil {
		return nil, fmt.Errorf("decode patched pod template: %w", err)
	}
	return out, nil
}

// plainQuantities refuses amounts with an exponent before anything makes a number of them: the operator, and the API
// server after it, would be busy with 1e99999999 for hours.
func plainQuantities(patch []byte) error {
	var raw struct {
		Spec any `json:"spec"`
	}
	if err := json.Unmarshal(patch, &raw); err != nil {
		return fmt.Errorf("spec.podTemplate is not a strategic merge patch of a pod template: %w", err)
	}
	found := quantity.WithExponent(raw.Spec, "spec")
	if len(found) == 0 {
		return nil
	}
	slices.Sort(found)
	return fmt.Errorf("spec.podTemplate.%s must be written without an exponent, such as 500m or 2Gi", found[0])
}

// safeguarded refuses patches that would take the peer out of the operator's hands, give it a way into the API
// server, hand out what opens its key, or lift Pod Security restricted, whether or not the namespace enforces it.
func safeguarded(ours *applycorev1.PodTemplateSpecApplyConfiguration, t corev1.PodTemplateSpec, direct *v1alpha1.DirectOpening) error {
	var errs []error
	if t.Spec.AutomountServiceAccountToken == nil || *t.Spec.AutomountServiceAccountToken {
		errs = append(errs, errors.New("spec.podTemplate.spec.automountServiceAccountToken must stay false"))
	}
	errs = append(errs, confidential(direct, t.Spec)...)
	for _, label := range []string{v1alpha1.LabelPeerNode, v1alpha1.LabelFleet, v1alpha1.LabelManagedBy} {
		if t.Labels[label] != ours.Labels[label] {
			errs = append(errs, fmt.Errorf("spec.podTemplate.metadata.labels must not change %s", label))
		}
	}
	for _, c := range ours.Spec.Containers {
		if !slices.ContainsFunc(t.Spec.Containers, func(kept corev1.Container) bool { return kept.Name == *c.Name }) {
			errs = append(errs, fmt.Errorf("spec.podTemplate.spec.containers must keep the container %q", *c.Name))
		}
	}
	return errors.Join(append(errs, restricted(t))...)
}

// restricted asks the library with which API servers enforce pod security.
func restricted(t corev1.PodTemplateSpec) error {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		return fmt.Errorf("load the pod security standards: %w", err)
	}
	level := psapi.LevelVersion{Level: psapi.LevelRestricted, Version: psapi.LatestVersion()}
	result := policy.AggregateCheckResults(evaluator.EvaluatePod(level, &t.ObjectMeta, &t.Spec))
	if result.Allowed {
		return nil
	}
	return fmt.Errorf("spec.podTemplate lifts Pod Security restricted: %s", result.ForbiddenDetail())
}
